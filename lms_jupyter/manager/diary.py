"""What was in memory, when and for whom: the host's own diary, or what is seen of an LM Studio.

An embedded engine writes its diary itself, whoever looks. LM Studio has none: there the kernels and
the Jupyter Server of this user write down what they see, all into one file.
"""

import asyncio
import time
from functools import partial

import msgspec
from msgspec.structs import replace

from lms_jupyter.diary import sums as reckoning
from lms_jupyter.diary.diary import Diary
from lms_jupyter.diary.entries import Pages, Query
from lms_jupyter.diary.store import MOST_ENTRIES, DiaryError
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import diary as hosts_diary
from lms_jupyter.hosts.base import Host
from lms_jupyter.hosts.diary_file import VARIABLE, diary_file
from lms_jupyter.protocol.diary import DiaryLoad, DiaryRequest, DiarySum, SumBy


def own_diary() -> Diary | None:
    """Return this user's diary, if one is to be kept."""
    file = diary_file()
    return None if file is None else Diary(file)


class DiaryReader:
    """Reads the diary of the host, or what is kept here of one that has none.

    Its methods raise `CommandError` if no diary is kept, or if it cannot be read.

    Args:
        host: Whose diary.
        own: What is kept here, if anything is.
    """

    def __init__(self, host: Host, own: Diary | None) -> None:
        self._host = host
        self._own = own

    async def loads(self, since: float) -> tuple[DiaryLoad, ...]:
        """Return what was in memory since then, and what was refused; newest first."""
        if hosts_diary.keeps_diary(self._host.info):
            return await hosts_diary.loads(self._host, since)
        pages = await self._pages(Query(since=since, most=max(MOST_ENTRIES.values())))
        found = await asyncio.to_thread(reckoning.loads, pages, now=time.time())
        return tuple(msgspec.convert(entry, DiaryLoad, from_attributes=True) for entry in found)

    async def requests(
        self, reference: str | None = None, most: int = 50
    ) -> tuple[DiaryRequest, ...]:
        """Return the last requests, of one instance or of all; newest first."""
        if hosts_diary.keeps_diary(self._host.info):
            return await hosts_diary.requests(self._host, reference, most)
        found = (await self._pages(Query(reference=reference, most=most))).requests
        return tuple(msgspec.convert(entry, DiaryRequest, from_attributes=True) for entry in found)

    async def sums(self, by: SumBy, since: float, utc_offset_s: float) -> tuple[DiarySum, ...]:
        """Return sums by notebook, model or day."""
        if hosts_diary.keeps_diary(self._host.info):
            return await hosts_diary.sums(self._host, by, since, utc_offset_s)
        pages = await self._pages(Query(since=since, most=max(MOST_ENTRIES.values())))
        sum_up = partial(reckoning.sums, since=since, now=time.time(), utc_offset_s=utc_offset_s)
        found = await asyncio.to_thread(sum_up, pages, by)
        return tuple(msgspec.convert(entry, DiarySum, from_attributes=True) for entry in found)

    async def _pages(self, query: Query) -> Pages:
        host = self._host.info
        if self._own is None:
            raise CommandError(
                f"No diary is kept of what {host.name} has in memory.",
                hint=f"{VARIABLE}=off turns it off; without it, this user's kernels keep one.",
            )
        try:
            return await self._own.read(replace(query, host=host.address))
        except DiaryError as error:
            hint = "Remove the file, and a new one is begun."
            raise CommandError(str(error), hint=hint) from error
