"""What is told of the memory diary, over the namespace `system`: beyond LM Studio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final, get_args

from msgspec.structs import replace

from lms_jupyter.diary.entries import By, Pages, Query
from lms_jupyter.diary.store import MOST_ENTRIES, DiaryError
from lms_jupyter.diary.sums import loads, sums
from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.instances.books import HOST
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.diary import entry_packet, pages_packet
from lms_jupyter.engine.wire.fields import an_object, optional_number, optional_text

EVERYTHING: Final = max(MOST_ENTRIES.values())
BY: Final = (*get_args(By), "load")
DAY_S: Final = 86_400
MOST: Final = 1000
"""Entries of each kind in one answer."""


async def read_diary(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Return the entries, newest first."""
    query = _query(an_object(parameter or {}))
    return pages_packet(await _read(services, query))


async def sum_diary(services: Services, _caller: Caller, parameter: Any) -> list[dict[str, Any]]:
    """Return sums by notebook, model or day; by load, each instance with what it was asked."""
    asked = an_object(parameter or {})
    by: Any = asked.get("by")
    if by not in BY:
        raise BadRequestError(f"'by' has to be one of {', '.join(BY)}, not {by!r:.100}.")
    offset = asked.get("utcOffsetSeconds", 0)
    if isinstance(offset, bool) or not isinstance(offset, int | float) or abs(offset) >= DAY_S:
        raise BadRequestError(f"'utcOffsetSeconds' is less than a day, not {offset!r:.100}.")
    query = _query(asked)
    pages = await _read(services, replace(query, most=EVERYTHING))
    if by == "load":
        every = await asyncio.to_thread(loads, pages, now=time.time())
        return [entry_packet(entry) for entry in every[: query.most]]
    found = await asyncio.to_thread(
        sums, pages, by, since=query.since, now=time.time(), utc_offset_s=float(offset)
    )
    return [entry_packet(entry) for entry in found]


async def _read(services: Services, query: Query) -> Pages:
    try:
        return await services.registry.books.read(query)
    except DiaryError as error:
        raise UnsupportedError(str(error), hint="The engine's log says more.") from error


def _query(asked: Mapping[str, Any]) -> Query:
    most = asked.get("most", MOST)
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= MOST:
        raise BadRequestError(f"'most' has to be from 0 to {MOST}, not {most!r:.100}.")
    return Query(
        since=optional_number(asked, "since") or 0.0,
        host=HOST,
        reference=optional_text(asked, "instanceReference"),
        most=most,
    )
