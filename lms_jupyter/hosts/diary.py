"""Reads what a host tells of its memory diary."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Struct

from lms_jupyter.hosts.base import Host
from lms_jupyter.hosts.reading import noun, reads, rows, table
from lms_jupyter.protocol.diary import DiaryLoad, DiaryRequest, DiarySum, SumBy
from lms_jupyter.protocol.models import HostInfo

MOST = 1000
"""Entries that are asked for at once."""

Entry = TypeVar("Entry", bound=Struct)


def keeps_diary(host: HostInfo) -> bool:
    """Whether a host writes down by itself what it had in memory."""
    return "diary" in host.features


async def requests(host: Host, reference: str | None, most: int) -> tuple[DiaryRequest, ...]:
    """Return the last requests, of one instance or of all; newest first."""
    asked = {"most": min(most, MOST)} | ({"instanceReference": reference} if reference else {})
    return _requests(await host.extension("readDiary", asked))


async def loads(host: Host, since: float) -> tuple[DiaryLoad, ...]:
    """Return what was in memory since then, and what was refused; newest first."""
    asked = {"by": "load", "since": since, "most": MOST}
    return _entries(await host.extension("sumDiary", asked), DiaryLoad)


async def sums(host: Host, by: SumBy, since: float, utc_offset_s: float) -> tuple[DiarySum, ...]:
    """Return sums by notebook, model or day."""
    asked = {"by": by, "since": since, "utcOffsetSeconds": utc_offset_s}
    return _entries(await host.extension("sumDiary", asked), DiarySum)


@reads("its diary")
def _requests(raw: Any) -> tuple[DiaryRequest, ...]:
    return _entries(table(raw)["requests"], DiaryRequest)


@reads("its diary")
def _entries(raw: Any, kind: type[Entry]) -> tuple[Entry, ...]:
    return tuple(noun(_fields(table(row)), kind) for row in rows(raw))


def _fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members under the names of our fields."""
    return {re.sub("([A-Z])", lambda m: f"_{m[1].lower()}", name): raw[name] for name in raw}
