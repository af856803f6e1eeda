"""The sessions of an instance: who waits for one gets it in turn, user by user.

Next comes, of those who wait, the user with the fewest requests under way, then who was served
longest ago, then who came first: a hundred requests of one do not keep another waiting.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Who has a session, and who waits for one."""

    def __init__(self, sessions: int) -> None:
        self._free = sessions
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._under_way: Counter[str] = Counter()
        self._served: dict[str, int] = {}
        self._number = itertools.count(1)

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncIterator[None]:
        """Wait for a session, and have it for as long as the block runs."""
        await self._take(user)
        try:
            yield
        finally:
            self._give_back(user)

    async def _take(self, user: str) -> None:
        if self._free:
            self._begin(user)
            return
        turn = asyncio.get_running_loop().create_future()
        place = (user, turn)
        self._waiting.append(place)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove(place)
            else:
                self._give_back(user)  # it came in the moment in which nobody wanted it any more
            raise

    def _begin(self, user: str) -> None:
        self._free -= 1
        self._under_way[user] += 1
        self._served[user] = next(self._number)

    def _give_back(self, user: str) -> None:
        self._free += 1
        self._under_way[user] -= 1
        if not self._under_way[user]:
            del self._under_way[user]
        waiting = [place for place in self._waiting if not place[1].done()]
        if not waiting:
            if not self._under_way:
                self._served.clear()
            return
        place = min(
            waiting, key=lambda waiter: (self._under_way[waiter[0]], self._served.get(waiter[0], 0))
        )
        self._waiting.remove(place)
        self._begin(place[0])
        place[1].set_result(None)
