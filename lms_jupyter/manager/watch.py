"""Reads the host on a rhythm and turns what it sees into events."""

import asyncio
import contextlib
import random
import time
from contextlib import aclosing

from lms_jupyter.errors import LmsError
from lms_jupyter.hosts.base import Host
from lms_jupyter.manager.events import HostConnected, HostLost, Looked, ModelsListed
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.owners import learn_owners

LIVELY_S = 0.25
"""Between two looks while a load runs or somebody generates, and somebody sees it."""
HINTED_S = 10.0
"""The same where the host tells by itself when something changes: only to be sure."""
UNSEEN_S = 3600.0
"""While nobody looks. A command or an opening panel wakes the watch at once."""
CATALOG_S = 10.0
"""Between two readings of the disk while somebody looks."""
BACK_OFF_S = (0.2, 10.0)
"""The first and the longest pause before another attempt to reach a lost host."""


async def watch(manager: Manager, *, persistent: bool = True) -> None:
    """Keep the slices true until cancelled: find the host, follow it, find it again.

    Args:
        manager: Whose slices.
        persistent: Look for a lost host also while nobody looks.
    """
    failures = 0
    while True:
        host = None
        try:
            await connect(manager)
            failures = 0
            host = manager.connected_host
            await _follow(host, manager)
        except LmsError:
            if host is not None and not manager.has(host):
                # Another host has taken its place in the meantime.
                continue
            manager.adopt(None)
            failures += 1
            first_s, longest_s = BACK_OFF_S
            pause_s = min(longest_s, first_s * 2**failures) * random.uniform(0.5, 1.0)  # noqa: S311
            tries = persistent or manager.attendance.anyone
            retry_at = manager.host_now() + pause_s if tries else None
            manager.apply(HostLost(at=time.time(), retry_at=retry_at))
            await _pause(pause_s if tries else UNSEEN_S, manager)


async def connect(manager: Manager) -> None:
    """Find a host, connect to it and read it once, unless that is done already.

    Raises:
        LmsError: There is none, or it does not let us in.
    """
    async with manager.connecting:
        if manager.is_connected:
            return
        await _reach(manager.host, manager)


async def switch(address: str, manager: Manager) -> None:
    """Go over to another host; the one that we have stays if the other cannot be reached.

    Args:
        address: Where it is; empty: look for one, as at the beginning.
        manager: Whose host it will be.

    Raises:
        LmsError: There is no host at the address, or it does not let us in.
    """
    async with manager.connecting:
        former = manager.activity.host.address
        await _reach(address, manager, anew=True)
        manager.host = address
        manager.offered |= {each for each in (former, manager.activity.host.address) if each}


async def _reach(address: str, manager: Manager, *, anew: bool = False) -> None:
    """Find a host, connect to it, read it, and only then make it ours."""
    found = await manager.find(address)
    try:
        await found.host.connect()
        sight = await found.host.look()
        models = await found.host.models()
    except BaseException:
        await found.host.close()
        raise
    manager.adopt(found)
    if anew:
        manager.begin_anew(found.host.info)
    manager.apply(HostConnected(info=found.host.info, at=time.time()))
    manager.apply(ModelsListed(models=models))
    manager.apply(Looked(sight=sight))
    take_over(manager)
    learn_owners(manager)
    manager.wake.set()


def take_over(manager: Manager) -> None:
    """Make ours again what this kernel loaded before it was restarted."""
    if manager.leases is None or manager.identity is None:
        return
    address = manager.activity.host.address
    alive = {instance.instance_reference for instance in manager.activity.instances}
    manager.leases.forget(address, alive)
    for lease in manager.leases.take_over(address, manager.identity):
        if lease.loaded:
            manager.own[lease.instance_reference] = lease.asked


async def _follow(host: Host, manager: Manager) -> None:
    """Look again and again until the host is lost, or another one has taken its place."""
    hints = manager.spawn(_listen(host, manager))
    listed_at = time.monotonic()
    try:
        while True:
            await _until_next_look(manager, hinted=not hints.done())
            if not manager.has(host):
                return
            manager.apply(Looked(sight=await host.look()))
            learn_owners(manager)
            if manager.attendance.anyone and time.monotonic() - listed_at > CATALOG_S:
                manager.apply(ModelsListed(models=await host.models()))
                listed_at = time.monotonic()
    finally:
        hints.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hints
        await host.close()


async def _listen(host: Host, manager: Manager) -> None:
    """Take over every sight that the host tells by itself; wake the watch if it stops."""
    try:
        async with aclosing(host.hints()) as hints:  # type: ignore[type-var]
            async for sight in hints:
                if not manager.has(host):
                    return
                manager.apply(Looked(sight=sight))
                learn_owners(manager)
    except LmsError:
        # The next look finds out whether the host is gone.
        manager.wake.set()


async def _until_next_look(manager: Manager, *, hinted: bool) -> None:
    """Wait until the host is to be looked at.

    A host that tells by itself is asked rarely; what kernels write down nobody tells, so somebody
    who looks sees it at the rhythm of hosts that are asked.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _rhythm_s(manager, hinted=hinted)
    while (left_s := until - loop.time()) > 0:
        if await _pause(min(left_s, _glance_s(manager)), manager):
            return
        learn_owners(manager)


def _glance_s(manager: Manager) -> float:
    """Say how long to wait until the next glance at what kernels have written down."""
    looks = manager.leases is not None and manager.attendance.anyone
    return manager.calm_s if looks else UNSEEN_S


def _rhythm_s(manager: Manager, *, hinted: bool) -> float:
    """Say how long to wait until the next look."""
    if hinted:
        return HINTED_S if manager.attendance.anyone else UNSEEN_S
    if manager.loads:
        return LIVELY_S
    if not manager.attendance.anyone:
        return UNSEEN_S
    activity = manager.activity
    lively = activity.loads or any(i.status != "idle" for i in activity.instances)
    return LIVELY_S if lively else manager.calm_s


async def _pause(seconds: float, manager: Manager) -> bool:
    """Wait, but not if somebody wakes us; say whether somebody did."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await manager.wake.wait()
    woken = manager.wake.is_set()
    manager.wake.clear()
    return woken
