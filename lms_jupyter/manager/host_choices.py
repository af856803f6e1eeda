"""What a page may do about its host: switch to one that answers here, or wake LM Studio."""

import asyncio
from collections.abc import Iterable

from lms_jupyter.errors import LmsError
from lms_jupyter.protocol.models import HostChoice


async def discover_hosts(known: Iterable[str]) -> tuple[HostChoice, ...]:
    """Return the hosts that answer now, those known before first.

    Args:
        known: Addresses to ask besides the usual ones.
    """
    # These bring the SDK, which no kernel should wait for that nobody asks about models.
    from lms_jupyter.hosts import embedded  # noqa: PLC0415
    from lms_jupyter.hosts.discover import PORTS  # noqa: PLC0415
    from lms_jupyter.hosts.host_names import known_hosts  # noqa: PLC0415
    from lms_jupyter.hosts.rest import Greeting, greet  # noqa: PLC0415

    async def knock(address: str) -> Greeting | None:
        try:
            return await greet(address)
        except LmsError:
            return None

    named = {host.address: host.name for host in await asyncio.to_thread(known_hosts)}
    addresses = dict.fromkeys([*known, *named, *(f"127.0.0.1:{port}" for port in PORTS)])
    answers = await asyncio.gather(*map(knock, addresses))
    found = {
        greeting.address: greeting
        for greeting in (*answers, await embedded.running_engine())
        if greeting
    }
    return tuple(
        HostChoice(
            address=greeting.address,
            name=greeting.name,
            version=greeting.version,
            given_name=named.get(greeting.address),
        )
        for greeting in found.values()
    )


async def wake_studio() -> None:
    """Start the LM Studio that is installed on this machine, unless it runs.

    Raises:
        HostUnreachableError: There is none, or it does not answer in time.
    """
    from lms_jupyter.hosts import discover  # noqa: PLC0415 - brings the SDK

    await discover.wake_studio()
