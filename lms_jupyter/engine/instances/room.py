"""How the requests of one instance share the tokens of its context.

llama.cpp ends all of them when the context is full. So each one has a seat here, and waits for it
until there is room: one that says how long its answer may become gets that much. One that does not
say it gets a fair share, and takes what lies beyond as long as nobody else needs it; when the
context is nearly full, the one that has taken most ends, with what it has said. Nobody who stays
within what was promised is ended by another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

MAX_MARGIN = 256
"""What is left free: llama.cpp is a little ahead of what we have read of its answers."""
MAX_PASSED = 32
"""How many may go first because there is room for them, before they have to wait as well."""


@dataclass(slots=True, eq=False)
class Seat:
    """One request's part of the context."""

    room: Room
    promised: int = 0
    times: int = 1
    """How many answers it has to hold."""
    used: int = 0
    is_over: bool = False
    """Whether it has to end, for want of room."""

    def grew(self, used: int) -> None:
        """Note how many tokens one of its answers has by now."""
        if used * self.times > self.used:
            self.used = used * self.times
            self.room.look()

    def begin_again(self) -> None:
        """Go on with a shorter text."""
        self.used, self.is_over = 0, False

    @property
    def keeps_promise(self) -> bool:
        """Whether it has taken no more than was promised to it, and may stay."""
        return self.used <= self.promised and not self.is_over

    @property
    def held(self) -> int:
        """How many tokens nobody else can have."""
        return max(self.used, self.promised)


@dataclass(slots=True, eq=False)
class _Waiting:
    seat: Seat
    passed: int = 0
    admitted: asyncio.Event = field(default_factory=asyncio.Event)


class Room:
    """The tokens of a context, and who has them."""

    def __init__(self, tokens: int, sessions: int) -> None:
        margin = min(MAX_MARGIN, tokens // 8)
        self._limit = max(1, tokens - margin)
        self.share = max(1, self._limit // max(1, sessions))
        """What each request can have at least, if all sessions are used."""
        self._seats: set[Seat] = set()
        self._queue: deque[_Waiting] = deque()

    @property
    def is_shared(self) -> bool:
        """Whether somebody has or wants a seat."""
        return bool(self._seats or self._queue)

    @property
    def has_several(self) -> bool:
        """Whether more than one has a seat."""
        return len(self._seats) > 1

    @asynccontextmanager
    async def seat(self, prompt: int, at_most: int | None, times: int = 1) -> AsyncIterator[Seat]:
        """Wait for room for a prompt of so many tokens and its answer, and have it in the block.

        Args:
            prompt: Its tokens, 0 if that is not known.
            at_most: How long the answer may become; `None` if it may fill the context.
            times: How many answers there are.
        """
        share = max(self.share, prompt + 1) * times
        whole = share if at_most is None else (prompt + at_most) * times
        promised = whole if whole <= self._limit else min(share, self._limit)
        seat = Seat(self, promised, times)
        waiting = _Waiting(seat)
        self._queue.append(waiting)
        self._admit()
        try:
            await waiting.admitted.wait()
            yield seat
        finally:
            if waiting in self._queue:
                self._queue.remove(waiting)
            self._seats.discard(seat)
            self._admit()

    def look(self) -> None:
        """End the one that has taken most beyond its share, if the context is nearly full."""
        if len(self._seats) < 2 or self._held <= self._limit:  # noqa: PLR2004 - shared by two
            return
        if any(seat.is_over for seat in self._seats):
            return
        greedy = [seat for seat in self._seats if seat.used > seat.promised]
        if greedy:
            max(greedy, key=lambda seat: seat.used).is_over = True

    @property
    def _held(self) -> int:
        return sum(seat.held for seat in self._seats)

    def _admit(self) -> None:
        """Let in those for whom there is room, in their order as far as that is fair."""
        for waiting in tuple(self._queue):
            if not self._seats or self._held + waiting.seat.held <= self._limit:
                self._queue.remove(waiting)
                self._seats.add(waiting.seat)
                waiting.admitted.set()
                continue
            if waiting.passed >= MAX_PASSED:
                return
            waiting.passed += 1


async def ahead(
    events: AsyncGenerator[T], seat: Seat | None, used: Callable[[T, int], int]
) -> AsyncGenerator[T]:
    """Yield events, read as they come, however slowly they are taken here.

    Args:
        events: What llama.cpp says; closed at the end, which stops it.
        seat: Whose tokens are counted. When it is over, the events end.
        used: Counts the tokens, given an event and the count before it.
    """
    queue: asyncio.Queue[T | BaseException | None] = asyncio.Queue()

    async def read() -> None:
        end: BaseException | None = None
        try:
            async with aclosing(events):
                async for event in events:
                    queue.put_nowait(event)
                    if seat is not None:
                        seat.grew(used(event, seat.used // seat.times))
                        if seat.is_over:
                            break
        except Exception as error:  # noqa: BLE001 - raised where the events are taken
            end = error
        queue.put_nowait(end)

    reader = asyncio.create_task(read())
    try:
        while (event := await queue.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        reader.cancel()
        await asyncio.wait([reader])
