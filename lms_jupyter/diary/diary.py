"""Writes the diary beside an event loop: noting waits for nothing, and nothing fails for it."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lms_jupyter.diary.entries import Entry, Pages, Query
from lms_jupyter.diary.store import DamagedError, DiaryError, Store

GATHER_S = 0.3
"""So long entries are gathered that are then written at once."""
MOST_WAITING = 2000
"""Entries that wait for a slow disk; older ones are given up."""

log = logging.getLogger(__name__)


class Diary:
    """The diary in a file, for one event loop."""

    def __init__(self, file: Path, warn: Callable[[str], None] = log.warning) -> None:
        """Take the file.

        Args:
            file: Where it is, or is to be.
            warn: Is given a sentence when it cannot be written, once for each reason.
        """
        self._store = Store(file)
        self._warn = warn
        self._waiting: deque[Entry] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None
        self._is_urgent = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._warned: set[str] = set()

    def note(self, entry: Entry) -> None:
        """Have an entry written soon."""
        self._waiting.append(entry)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def begin(self, host: str, before: float) -> None:
        """End what a host that has died since had in memory."""
        await self._tried(partial(self._store.close_stays, host, before))

    async def read(self, query: Query) -> Pages:
        """Return what is asked for, what was noted a moment ago included.

        Raises:
            DiaryError: It cannot be read.
        """
        await self._flush()
        return await asyncio.to_thread(self._store.read, query)

    async def close(self) -> None:
        """Write what waits."""
        self._is_urgent.set()
        if self._writing is not None:
            await self._writing
        await self._flush()

    async def _write_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._is_urgent.wait()
        await self._flush()

    async def _flush(self) -> None:
        async with self._flushing:
            while self._waiting:
                entries = list(self._waiting)
                self._waiting.clear()
                await self._tried(partial(self._store.write, entries))

    async def _tried(self, work: Callable[[], None]) -> None:
        try:
            try:
                await _aside(work)
            except DamagedError as error:
                self._warn(str(error))
                await _aside(work)
        except DiaryError as error:
            if str(error) not in self._warned:
                self._warned.add(str(error))
                self._warn(str(error))


async def _aside(work: Callable[[], None]) -> None:
    """Do what waits for the disk in a thread; while Python ends there is none, and nobody waits."""
    try:
        thread = asyncio.get_running_loop().run_in_executor(None, work)
    except RuntimeError:
        work()
    else:
        await thread
