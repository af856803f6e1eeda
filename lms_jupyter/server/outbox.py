"""What waits to be sent to one client."""

import asyncio
from collections import deque

from lms_jupyter.server.limits import REPLIES_WAITING


class Outbox:
    """Replies in order, and of each slice the newest alone.

    A slice is whole, so one that was not sent yet is worth nothing once there is another. Whoever
    does not read gets a bounded pile of replies and then is not worth waiting for.
    """

    def __init__(self) -> None:
        self._slices: dict[str, str] = {}
        self._replies: deque[str] = deque()
        self._filled = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether so many replies wait that nobody seems to read them."""
        return len(self._replies) >= REPLIES_WAITING

    def put_slice(self, kind: str, text: str) -> None:
        """Replace the unsent slice of this kind."""
        self._slices[kind] = text
        self._filled.set()

    def put_reply(self, text: str) -> None:
        """Add a reply."""
        self._replies.append(text)
        self._filled.set()

    async def take(self) -> str:
        """Wait for something to send; replies come first."""
        while True:
            if self._replies:
                return self._replies.popleft()
            if self._slices:
                return self._slices.pop(next(iter(self._slices)))
            self._filled.clear()
            await self._filled.wait()
