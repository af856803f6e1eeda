"""Reads the host on a rhythm and turns what it sees into events."""

import asyncio
import contextlib
import logging
import random
import time
from contextlib import aclosing

from lms_jupyter.errors import HostUnreachableError, LmsError, StudioAsleepError
from lms_jupyter.hosts.base import Host, pushes_changes
from lms_jupyter.manager.events import HostLost, ModelsListed
from lms_jupyter.manager.link import connect, reached, switch
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.owners import apply_snapshot, learn_owners

__all__ = ["connect", "switch", "watch"]

log = logging.getLogger(__name__)

LIVELY_S = 0.25
"""Between two looks while a load runs or somebody generates, and somebody sees it."""
HINTED_S = 10.0
"""The same where the host sends snapshots by itself: only to be sure."""
UNSEEN_S = 3600.0
"""While nobody looks. A command or an opening panel wakes the watch at once."""
CATALOG_S = 10.0
"""Between two readings of the disk while somebody looks."""
BACK_OFF_S = (0.2, 10.0)
"""The first and the longest pause before another attempt to reach a lost host."""
SEEN_BACK_OFF_S = 0.8
"""The longest while somebody looks: a host that is back is seen at once."""
HELD_S = 1.0
"""A link that held so long was well: after it, the host is looked for without a pause."""

PYTHON_ENDS = "cannot schedule new futures after interpreter shutdown"
"""What `asyncio.to_thread` raises while Python ends."""


async def watch(manager: Manager, *, persistent: bool = True) -> None:
    """Keep the slices true until cancelled: find the host, follow it, find it again.

    Args:
        manager: Whose slices.
        persistent: Look for a lost host also while nobody looks.
    """
    failures = 0
    while True:
        host, since = None, time.monotonic()
        try:
            host = await reached(manager)
            await _follow(host, manager)
            failures = 0
        except Exception as error:
            if PYTHON_ENDS in str(error):
                # This thread outlives those that files are read in; there is nobody left to tell.
                return
            if not isinstance(error, LmsError):
                log.exception("Watching the host failed; it is let go of and looked for anew.")
            if host is not None and not manager.has(host):
                # A verb has let go of it, or another host has taken its place.
                continue
            if host is not None:
                manager.set_host(None)
                manager.retire(host)
                if time.monotonic() - since > HELD_S:
                    # It may be back already, or only the connection was lost.
                    failures = 0
                    continue
            failures += 1
            pause_s = _pause_s(failures, seen=manager.viewers.anyone)
            tries = persistent or manager.viewers.anyone
            retry_at = manager.host_now() + pause_s if tries else None
            asleep = isinstance(error, StudioAsleepError)
            manager.apply(HostLost(at=time.time(), retry_at=retry_at, asleep=asleep))
            await _pause(pause_s if tries else UNSEEN_S, manager.wake)


def _pause_s(failures: int, *, seen: bool) -> float:
    """Say how long to wait until the next attempt to reach a lost host."""
    first_s, longest_s = BACK_OFF_S
    if seen:
        longest_s = SEEN_BACK_OFF_S
    # More doublings than this would be no number any more.
    doubled_s = first_s * 2.0 ** min(failures, 20)
    return min(longest_s, doubled_s) * random.uniform(0.5, 1.0)  # noqa: S311


async def _follow(host: Host, manager: Manager) -> None:
    """Look again and again until the host is lost, or another one has taken its place."""
    hints = manager.spawn(_listen(host, manager)) if pushes_changes(host.info) else None
    if hints is not None:
        hints.add_done_callback(lambda _: manager.wake.set())
    ending = manager.spawn(host.gone())
    ending.add_done_callback(lambda _: manager.wake.set())
    listed_at = time.monotonic()
    try:
        while manager.has(host):
            if ending.done() and manager.viewers.anyone:
                # While nobody looks, the next verb finds out.
                ending.result()
                raise HostUnreachableError(f"The connection to {host.info.address} is gone.")
            if hints is not None and hints.done():
                # Raises what ended it. Without hints, the host is asked on a rhythm.
                hints.result()
                hints = None
            await _until_next_look(manager, hinted=hints is not None)
            if not manager.has(host):
                return
            apply_snapshot(await host.poll(), manager)
            if manager.viewers.anyone and time.monotonic() - listed_at > CATALOG_S:
                manager.apply(ModelsListed(models=await host.models()))
                listed_at = time.monotonic()
    finally:
        tasks = [ending] if hints is None else [ending, hints]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not manager.has(host):
            manager.retire(host)


async def _listen(host: Host, manager: Manager) -> None:
    """Take over every snapshot that the host sends by itself."""
    async with aclosing(host.subscribe()) as snapshots:  # type: ignore[type-var]
        async for snapshot in snapshots:
            if not manager.has(host):
                return
            apply_snapshot(snapshot, manager)


async def _until_next_look(manager: Manager, *, hinted: bool) -> None:
    """Wait until the host is to be looked at.

    A host that sends snapshots by itself is polled rarely; nobody announces what kernels write
    down, so somebody who looks sees it at the rhythm of hosts that are polled.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _rhythm_s(manager, hinted=hinted)
    while (left_s := until - loop.time()) > 0:
        # Between two looks, what kernels have written down is glanced at.
        glances = manager.leases is not None and manager.viewers.anyone
        if await _pause(min(left_s, manager.calm_s if glances else UNSEEN_S), manager.wake):
            return
        learn_owners(manager)


def _rhythm_s(manager: Manager, *, hinted: bool) -> float:
    """Say how long to wait until the next look."""
    if hinted:
        return HINTED_S if manager.viewers.anyone else UNSEEN_S
    if manager.loads:
        return LIVELY_S
    if not manager.viewers.anyone:
        return UNSEEN_S
    activity = manager.activity
    lively = activity.loads or any(i.status not in ("idle", "unknown") for i in activity.instances)
    return LIVELY_S if lively else manager.calm_s


async def _pause(seconds: float, wake: asyncio.Event) -> bool:
    """Wait, but not if somebody wakes us; say whether somebody did."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
    woken = wake.is_set()
    wake.clear()
    return woken
