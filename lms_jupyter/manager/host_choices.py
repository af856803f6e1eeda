"""What a page learns about its host and may do about it: go to another, wake LM Studio."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable

from lms_jupyter.errors import LmsError
from lms_jupyter.manager.load_lock import LOOPBACK
from lms_jupyter.protocol.models import HostChoice
from lms_jupyter.protocol.replies import IdleGpuNote
from lms_jupyter.protocol.slices import Activity


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


async def idle_gpu(
    activity: Activity, look: Callable[[], Awaitable[IdleGpuNote | None]] | None
) -> IdleGpuNote | None:
    """Return what an engine on this machine loses that computes without its GPU.

    Args:
        activity: What the host says: an engine says which GPUs it has, LM Studio says nothing.
        look: Looks at this machine.
    """
    memory = activity.memory
    if look is None or memory is None or memory.gpus is None or memory.gpus:
        return None
    return await look() if LOOPBACK.fullmatch(activity.host.address) else None


async def look_for_idle_gpu() -> IdleGpuNote | None:
    """Look at this machine, in a thread: a driver that hangs keeps only the asker waiting."""
    return await asyncio.to_thread(_look_for_idle_gpu)


def _look_for_idle_gpu() -> IdleGpuNote | None:
    from lms_jupyter import idle_gpus  # noqa: PLC0415 - no kernel needs it before

    found = idle_gpus.idle_gpu(idle_gpus.machine_gpus(os.environ))
    return None if found is None else IdleGpuNote(says=found.says, advice=found.advice)
