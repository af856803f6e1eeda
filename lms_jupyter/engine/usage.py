"""Whether anybody still needs the engine; if not for long enough, it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Usage:
    """Counts clients and asks what else is going on; calls `end` after `linger_s` of nothing."""

    def __init__(
        self, linger_s: float | None, is_busy: Callable[[], bool], end: Callable[[], None]
    ) -> None:
        self._linger_s = linger_s
        self._is_busy = is_busy
        self._end = end
        self._clients = 0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def client(self) -> Iterator[None]:
        """Count a client for as long as the block runs."""
        self._clients += 1
        self.look()
        try:
            yield
        finally:
            self._clients -= 1
            self.look()

    def look(self) -> None:
        """Look again, because something has changed."""
        if self._linger_s is None:
            return
        if self._clients or self._is_busy():
            self.stop()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._linger_s, self._expire)

    def stop(self) -> None:
        """Forget the countdown."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if not self._clients and not self._is_busy():
            self._end()
