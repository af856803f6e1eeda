"""Ends the instances that kernels loaded and left behind.

A kernel writes down what it loads (`manager.leases`) and cannot see to it any more when it is gone.
The Jupyter Server outlives it: some time after the last holder has gone, the instance goes too,
unless somebody else has used it since.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from lms_jupyter.errors import LmsError
from lms_jupyter.hosts import keeping
from lms_jupyter.hosts.base import Host, Snapshot
from lms_jupyter.manager.leases import GRACE_S, Lease, LeaseBook, is_alive
from lms_jupyter.protocol.models import Instance
from lms_jupyter.server.kernels import Kernels
from lms_jupyter.server.manager_pool import ManagerPool

log = logging.getLogger(__name__)

EVERY_S = 10.0
"""Between two glances at the leases: files of this machine, no host is asked."""

Held = tuple[str, str]
"""The address of a host, and the reference of an instance there."""


class LeaseReaper:
    """Watches the holders of leases for as long as it runs."""

    def __init__(
        self,
        book: LeaseBook,
        kernels: Kernels,
        board: ManagerPool,
        *,
        grace_s: float = GRACE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book = book
        self._kernels = kernels
        self._board = board
        self._grace_s = grace_s
        self._clock = clock
        self._left_at: dict[Held, float] = {}
        """When an instance was first seen without a holder."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch, and let kernels know that somebody does."""
        self._book.watching(os.getpid())
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching; what is left to end waits for the next Jupyter Server."""
        self._book.unwatch(os.getpid())
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def check(self) -> None:
        """Look at every lease once, and end what is due."""
        held: dict[Held, list[Lease]] = defaultdict(list)
        for lease in self._book.all():
            held[lease.address, lease.instance_reference].append(lease)
        self._left_at = {key: at for key, at in self._left_at.items() if key in held}
        for key, leases in held.items():
            if any(self._is_held(lease) for lease in leases):
                self._left_at.pop(key, None)
                continue
            left_at = self._left_at.setdefault(key, self._clock())
            if self._clock() - left_at >= self._grace_s and may_go(leases):
                await self._end(key, leases, left_at)

    async def _watch(self) -> None:
        while True:
            try:
                await self.check()
            except OSError:
                log.exception("The leases of the kernels could not be read or written.")
            await asyncio.sleep(min(EVERY_S, max(0.1, self._grace_s / 2)))

    def _is_held(self, lease: Lease) -> bool:
        if not self._kernels.holds(lease.holder):
            return False
        pid = self._kernels.pid(lease.holder)
        if pid is not None and not is_alive(lease.holder.pid):
            # Restarted. Another Jupyter Server knows the kernel by its process alone.
            self._book.write(replace(lease, holder=replace(lease.holder, pid=pid)))
        return True

    async def _end(self, key: Held, leases: Sequence[Lease], left_at: float) -> None:
        """End an instance, unless it is in use or has got another user since."""
        address, reference = key
        try:
            found = await self._board.find(address)
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(found.host.close)
                await found.host.connect()
                snapshot = await found.host.poll()
                instance = by_reference(snapshot.instances, reference)
                if instance is not None and is_busy(instance):
                    return
                if instance is not None and is_abandoned(
                    instance, snapshot, left_at, self._clock()
                ):
                    await self._unload(found.host, instance)
                elif instance is not None and is_kept(instance, leases, found.host):
                    # Somebody else has used it since: from now on its TTL counts.
                    await keeping.keep(found.host, instance, None)
        except LmsError:
            # Nobody answers: perhaps it is gone for good. Not again before another grace.
            self._left_at[key] = self._clock()
            return
        for lease in leases:
            self._book.remove(lease)

    async def _unload(self, host: Host, instance: Instance) -> None:
        await host.unload(instance, "abandoned")
        for line in self._board.lines:
            if line.running is not None:
                line.running.wake.set()


def may_go(leases: Iterable[Lease]) -> bool:
    """Whether a kernel loaded or kept it, and none has said that it should stay."""
    leases = tuple(leases)
    held = any(lease.loaded or lease.while_open for lease in leases)
    return held and all(lease.expires for lease in leases)


def by_reference(instances: Iterable[Instance], reference: str) -> Instance | None:
    """Find an instance by the one name that no other ever gets."""
    for instance in instances:
        if instance.instance_reference == reference:
            return instance
    return None


def is_busy(instance: Instance) -> bool:
    """Whether somebody uses it right now."""
    return instance.status != "idle" or instance.queued > 0


def is_kept(instance: Instance, leases: Iterable[Lease], host: Host) -> bool:
    """Whether it was to stay for as long as its holders run, who have gone."""
    was_wanted = any(lease.while_open for lease in leases)
    is_so = instance.keep is not None and instance.keep.until is None
    return was_wanted and is_so and "keep" in host.info.features


def is_abandoned(instance: Instance, snapshot: Snapshot, left_at: float, now: float) -> bool:
    """Whether nobody has used it since its holders went, by the host's own clock."""
    if instance.pinned:
        return False
    left_at_there = left_at + (snapshot.now - now)
    return instance.idle_since is None or instance.idle_since <= left_at_there
