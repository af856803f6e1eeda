"""How fast downloads may be: a limit that several of them share."""

from __future__ import annotations

import asyncio
import time
from typing import Final

PIECES_S: Final = 0.1
"""A limited download takes its bytes in pieces of this long, so that it flows evenly."""
SMALLEST: Final = 2**14


class Rate:
    """Bytes per second; `None` is as fast as they come."""

    def __init__(self, bytes_per_second: float | None = None) -> None:
        self.bytes_per_second = bytes_per_second
        self._free_at = 0.0

    def piece(self, most: int) -> int:
        """Return how many bytes to take at once."""
        if self.bytes_per_second is None:
            return most
        return min(most, max(SMALLEST, int(self.bytes_per_second * PIECES_S)))

    async def take(self, size: int) -> None:
        """Wait until bytes that have come are paid for."""
        if self.bytes_per_second is None:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + size / self.bytes_per_second
        await asyncio.sleep(self._free_at - now)
