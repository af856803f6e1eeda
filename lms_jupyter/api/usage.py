"""What the memory diary says, as tables."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Literal

from lms_jupyter.api.tables import RichOutput, Table, count
from lms_jupyter.diary.sums import is_there
from lms_jupyter.errors import CommandError
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.diary import DiaryReader
from lms_jupyter.protocol.diary import DiaryLoad, DiaryRequest, DiarySum

UsageBy = Literal["notebook", "model", "day"]
WORDS = ("notebook", "model", "day")
DAYS = 30.0
DAY_S = 86_400.0
HOUR_S = 3600.0
MOST_LOOKED_AT = 1000
SHOWN = 200
"""Characters of a reason in a table."""
ENDINGS = {
    "eosFound": "complete",
    "stopStringFound": "complete",
    "toolCalls": "called tools",
    "userStopped": "stopped",
    "modelUnloaded": "model unloaded",
    "maxPredictedTokensReached": "token limit",
    "contextLengthReached": "context full",
    "failed": "failed",
}


async def usage(
    diary: DiaryReader, by: UsageBy | None = None, days: float = DAYS
) -> Table[DiaryLoad] | Table[DiarySum]:
    """Return what the diary knows of the last days: each load, or sums.

    Raises:
        CommandError: No diary is kept, or `by` is none of its words.
    """
    now = time.time()
    since = max(0.0, now - days * DAY_S)
    if by is None:
        found = await diary.loads(since)
        return Table(found, lambda rows: draw_loads(rows, now, days))
    if by not in WORDS:
        raise CommandError(
            f"usage: {by!r} is none of its words.", hint=f"There are: {', '.join(WORDS)}."
        )
    offset = datetime.fromtimestamp(now).astimezone().utcoffset()
    offset_s = offset.total_seconds() if offset else 0.0
    added = await diary.sums(by, since, offset_s)
    return Table(added, lambda rows: draw_sums(rows, by, days))


async def requests(
    manager: Manager, identifier: str | None = None, most: int = 50
) -> Table[DiaryRequest]:
    """Return the last requests, of one instance or of all; the newest comes last, as in a log.

    An instance that is gone is known by its identifier, too.
    """
    if identifier is None:
        found = await manager.diary.requests(None, most)
        return Table(reversed(found), draw_requests)
    named = [entry for entry in await lookup.instances(manager) if entry.identifier == identifier]
    if named:
        found = await manager.diary.requests(named[0].instance_reference, most)
    else:
        every = await manager.diary.requests(None, MOST_LOOKED_AT)
        found = tuple(entry for entry in every if entry.identifier == identifier)[:most]
    return Table(reversed(found), draw_requests)


def draw_loads(loads: Sequence[DiaryLoad], now: float, days: float) -> RichOutput:
    """Draw what was in memory, newest first."""
    energy = _energy(loads)
    rows = [
        (
            _moment(entry.loaded_at),
            entry.identifier or entry.model_key,
            _client(entry.client),
            _duration(entry.seconds) if entry.reference else "",
            *_figures(entry.requests, entry.prompt_tokens, entry.predicted_tokens),
            _speed(entry.tokens_per_second),
            *(cell(entry.energy_j) for cell in energy),
            "in memory" if is_there(entry, now) else _ending(entry),
        )
        for entry in loads
    ]
    heading = (
        *("LOADED", "IDENTIFIER", "BY", "FOR", "REQUESTS", "READ", "WRITTEN", "TOKENS/S"),
        *("ENERGY" for _ in energy),
        "THEN",
    )
    lead = f"{count(len(rows), 'load')} in the last {_days(days)}."
    return RichOutput(
        lead if rows else f"Nothing was loaded in the last {_days(days)}.", [(heading, rows)]
    )


def draw_sums(sums: Sequence[DiarySum], by: UsageBy, days: float) -> RichOutput:
    """Draw sums by notebook, model or day."""
    energy = _energy(sums)
    rows = [
        (
            _client(entry.name) if by == "notebook" else entry.name,
            str(entry.loads),
            _duration(entry.seconds),
            *_figures(entry.requests, entry.prompt_tokens, entry.predicted_tokens),
            _speed(entry.tokens_per_second),
            str(entry.refused or ""),
            str(entry.evicted or ""),
            *(cell(entry.energy_j) for cell in energy),
        )
        for entry in sums
    ]
    heading = (
        *(by.upper(), "LOADS", "IN MEMORY", "REQUESTS", "READ", "WRITTEN", "TOKENS/S"),
        *("REFUSED", "EVICTED"),
        *("ENERGY" for _ in energy),
    )
    lead = f"The last {_days(days)}, by {by}."
    return RichOutput(
        lead if rows else f"Nothing was loaded in the last {_days(days)}.", [(heading, rows)]
    )


def draw_requests(requests: Sequence[DiaryRequest]) -> RichOutput:
    """Draw requests, each in one row."""
    rows = [
        (
            _moment(entry.at, ":%S"),
            entry.identifier,
            _client(entry.client),
            *_figures(None, entry.prompt_tokens, entry.predicted_tokens)[1:],
            _speed(entry.tokens_per_second),
            f"{entry.seconds:.1f} s",
            ENDINGS.get(entry.ending, entry.ending),
        )
        for entry in requests
    ]
    heading = ("TIME", "IDENTIFIER", "FROM", "READ", "WRITTEN", "TOKENS/S", "TOOK", "ENDED")
    lead = f"The last {count(len(rows), 'request')}." if rows else "Nothing was asked yet."
    return RichOutput(lead, [(heading, rows)])


def _figures(requests: int | None, read: int, written: int) -> tuple[str, str, str]:
    return (str(requests or ""), f"{read:,}" if read else "", f"{written:,}" if written else "")


def _speed(tokens_per_second: float | None) -> str:
    return "" if tokens_per_second is None else f"{tokens_per_second:.1f}"


def _energy(
    rows: Sequence[DiaryLoad] | Sequence[DiarySum],
) -> list[Callable[[float | None], str]]:
    """Return how energy is written; nothing where no machine tells it."""
    has_energy = any(entry.energy_j is not None for entry in rows)
    return [lambda joule: "" if joule is None else f"{joule / HOUR_S:.2f} Wh"] if has_energy else []


def _moment(at: float, seconds: str = "") -> str:
    return datetime.fromtimestamp(at).astimezone().strftime(f"%m-%d %H:%M{seconds}")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _days(days: float) -> str:
    if days < 2:  # noqa: PLR2004 - a day is said in hours
        return f"{days * 24:g} hours"
    return f"{days:g} days"


def _client(name: str) -> str:
    """Return a notebook without its folder."""
    return PurePath(name).name if name.endswith(".ipynb") else name


def _ending(load: DiaryLoad) -> str:
    by = f" by {_client(load.ended_by)}" if load.ended_by else ""
    text = f"{load.why or 'gone'}{by}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
