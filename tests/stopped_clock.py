"""A clock of an event loop that moves only when a test moves it.

What still gets done under it waited for no moment to come, however slow the machine is. Messages
and threads go on as ever; time-outs, pauses and whatever else is due by the clock wait for `move`.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

GUARD_S = 60.0
"""By the real clock: after so long, what waits under a stopped clock waits for it to move."""


class StoppedClock:
    """The clock of one loop, while it is stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._now_s = loop.time()
        self.passed_s = 0.0

    def time(self) -> float:
        """Return what the loop takes for the time."""
        return self._now_s + self.passed_s

    def move(self, seconds: float) -> None:
        """Let time pass; what is due by then happens next. From any thread."""
        self.passed_s += seconds
        self._loop.call_soon_threadsafe(lambda: None)


@contextlib.contextmanager
def stopped(loop: asyncio.AbstractEventLoop) -> Iterator[StoppedClock]:
    """Stop the clock of a loop, running or not, until the end of the block.

    Raises:
        AssertionError: Something in the block waited for the clock to move.
    """
    clock = StoppedClock(loop)
    waited = threading.Event()

    def go_on() -> None:
        waited.set()
        clock.move(1e6)

    guard = threading.Timer(GUARD_S, go_on)
    guard.start()
    loop.time = clock.time  # type: ignore[method-assign]
    try:
        yield clock
    finally:
        guard.cancel()
        del loop.time  # type: ignore[method-assign]
        loop.call_soon_threadsafe(lambda: None)
        assert not waited.is_set(), "It waits for a moment to come."
