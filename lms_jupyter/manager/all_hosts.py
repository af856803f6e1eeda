"""What is in the memory of every host that this user knows, and not of ours alone."""

import asyncio
import os

from msgspec import Struct

from lms_jupyter.errors import LmsError
from lms_jupyter.manager import lookup
from lms_jupyter.manager.manager import Manager
from lms_jupyter.protocol.models import HostInfo, Instance

PATIENCE_S = 15.0
"""How long one host may take to be reached and looked at."""


class HostMemory(Struct, frozen=True, kw_only=True):
    """What one host has in memory, or why that is not known."""

    host: HostInfo
    now: float = 0.0
    """The host's clock."""
    instances: tuple[Instance, ...] = ()
    problem: str = ""


async def memories(manager: Manager) -> tuple[HostMemory, ...]:
    """Look at all hosts at once: ours, those that have a name, and what runs here of this user's.

    Nothing is started for it, and ours stays ours.

    Raises:
        CommandError: The list of names cannot be read.
    """
    # These bring the SDK, which no kernel should wait for that nobody asks about models.
    from lms_jupyter.hosts import discover  # noqa: PLC0415
    from lms_jupyter.hosts.host_names import address_of, named_hosts  # noqa: PLC0415

    names = {host.address: host.name for host in await asyncio.to_thread(named_hosts)}
    ours = manager.activity.host.address if manager.is_connected else ""
    named = manager.host or os.environ.get(discover.VARIABLE, "")
    first = [ours] if ours else [address_of(named)] if named else []
    here = await discover.running_here()
    addresses = dict.fromkeys([*first, *names, *here])

    async def memory(address: str) -> HostMemory:
        if address == ours:
            return await _ours(manager)
        unknown = HostInfo(name="LM Studio", address=address, given_name=names.get(address))
        return await _memory(address, unknown)

    return tuple(await asyncio.gather(*map(memory, addresses)))


async def _ours(manager: Manager) -> HostMemory:
    try:
        found = await lookup.instances(manager)
    except LmsError as error:
        return HostMemory(host=manager.activity.host, problem=error.title)
    return HostMemory(host=manager.activity.host, now=manager.host_now(), instances=found)


async def _memory(address: str, unknown: HostInfo) -> HostMemory:
    """Connect to a host for one look."""
    from lms_jupyter.hosts import discover  # noqa: PLC0415 - brings the SDK

    try:
        async with asyncio.timeout(PATIENCE_S):
            host = (await discover.find_host(address, start=False)).host
            try:
                await host.connect()
                snapshot = await host.poll()
            finally:
                await host.close()
    except TimeoutError as error:
        # One of ours is a TimeoutError too, and says more.
        problem = error.title if isinstance(error, LmsError) else "It takes too long to answer."
        return HostMemory(host=unknown, problem=problem)
    except LmsError as error:
        return HostMemory(host=unknown, problem=error.title)
    return HostMemory(host=host.info, now=snapshot.now, instances=snapshot.instances)
