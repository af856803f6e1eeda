"""What requests take of the energy that the machine counts: each its share of what was spent.

Requests that are worked on at the same time have equal shares. Nothing is counted while nobody
asks, so that watching costs nothing then; where the machine tells nothing, nothing is told.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from lms_jupyter.engine.gpus.driver_thread import PATIENCE_S, DriverThread
from lms_jupyter.engine.instances.instance import Instance, Work

MOST_SAMPLES: Final = 20_000
EVERY_S: Final = 20.0
"""How often it is looked at while requests go on: counters begin anew."""


class Counters(Protocol):
    """What counts."""

    def are_there(self) -> bool:
        """Whether there is anything that counts; waits for nothing."""

    def spent_j(self) -> float | None:
        """Return what was spent since the last call; may take its time."""


class Registry(Protocol):
    """Who has the instances."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Those that take requests."""

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change. Returns how to stop that."""


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    """By the monotonic clock."""
    each_j: float
    """What one request would have taken that was there from the beginning."""


class Energy:
    """Counts for as long as requests go on."""

    def __init__(
        self, counters: Counters, registry: Registry, patience_s: float = PATIENCE_S
    ) -> None:
        self._counters = counters
        self._spent = DriverThread(counters.spent_j, "energy", patience_s)
        self._registry = registry
        self._samples: deque[_Sample] = deque(maxlen=MOST_SAMPLES)
        self._seen = self._sharing = 0
        self._is_known = False
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._stop = registry.listen(self._look)

    async def share_j(self, seconds: float) -> float | None:
        """Return the share of a request that ends now; `None` where it is not known."""
        if not self._counters.are_there():
            return None
        until_s = time.monotonic()
        await self._sample(None)
        begin = self._each_at(until_s - seconds)
        if begin is None or not self._is_known:
            return None
        return self._samples[-1].each_j - begin

    async def close(self) -> None:
        """Count no more."""
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _look(self) -> None:
        """Count anew when requests begin or end."""
        if not self._counters.are_there():
            return
        working = sum(
            request.work is not Work.WAITING
            for instance in self._registry.instances
            for request in instance.requests
        )
        if working != self._seen:
            self._seen = working
            self._spawn(working)

    def _spawn(self, working: int | None) -> None:
        task = asyncio.create_task(self._sample(working))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sample(self, working: int | None) -> None:
        """Give what was spent since to those who share it, of whom there are now so many."""
        async with self._turn:
            spent = await self._spent.answer()
            each_j = self._samples[-1].each_j if self._samples else 0.0
            if self._sharing and spent is not None:
                each_j += spent / self._sharing
            self._is_known = spent is not None
            self._samples.append(_Sample(time.monotonic(), each_j))
            self._sharing = self._sharing if working is None else working
            if self._timer is not None:
                self._timer.cancel()
            loop = asyncio.get_running_loop()
            goes_on = self._sharing and self._is_known
            self._timer = loop.call_later(EVERY_S, self._spawn, None) if goes_on else None

    def _each_at(self, at_s: float) -> float | None:
        """Return what a request would have taken until then; `None` if that was too long ago."""
        samples = self._samples
        after = bisect_right(samples, at_s, key=lambda sample: sample.at_s)
        if after == 0:
            return None if len(samples) == samples.maxlen else samples[0].each_j
        before = samples[after - 1]
        if after == len(samples):
            return before.each_j
        part = (at_s - before.at_s) / (samples[after].at_s - before.at_s)
        return before.each_j + part * (samples[after].each_j - before.each_j)
