"""Sums of the diary by notebook, by model or by day. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from lms_jupyter.diary.entries import By, Load, Pages, PastRequest, Refusal, Stay, Sum

DAY_S = 86_400.0
GONE_S = 180.0
"""What was not seen for so long, and whose end nobody wrote down, ended then."""
NOBODY = "(unknown)"

Noted = TypeVar("Noted", Stay, PastRequest, Refusal)


@dataclass(slots=True)
class _Count:
    loads: int = 0
    refused: int = 0
    evicted: int = 0
    seconds: float = 0.0
    requests: int = 0
    prompt_tokens: int = 0
    predicted_tokens: int = 0
    generating_s: float = 0.0
    generated: int = 0
    energy_j: float | None = None


def end_of(stay: Stay, now: float) -> float:
    """Return until when an instance was there: now, if it still is."""
    if stay.ended_at is not None:
        return stay.ended_at
    return now if now - stay.seen_at < GONE_S else stay.seen_at


def is_there(stay: Stay, now: float) -> bool:
    """Whether an instance is in memory still, as far as the diary knows."""
    return stay.ended_at is None and now - stay.seen_at < GONE_S


def sums(pages: Pages, by: By, *, since: float, now: float, utc_offset_s: float) -> list[Sum]:
    """Sum up; days begin at midnight of a clock that is so far ahead of UTC.

    What was in memory before `since` counts from then on. Most tokens come first, days by date.
    """
    counts: defaultdict[str, _Count] = defaultdict(_Count)
    for stay in pages.stays:
        begin, end = max(since, stay.loaded_at), end_of(stay, now)
        if stay.loaded_at >= since:
            counts[_name(stay, by, stay.loaded_at, utc_offset_s)].loads += 1
        if stay.why == "evicted":
            counts[_name(stay, by, end, utc_offset_s)].evicted += 1
        for start, stop in _parts(begin, end, by, utc_offset_s):
            counts[_name(stay, by, start, utc_offset_s)].seconds += stop - start
    for refusal in pages.refusals:
        counts[_name(refusal, by, refusal.at, utc_offset_s)].refused += 1
    for request in pages.requests:
        _count(request, counts[_name(request, by, request.at, utc_offset_s)])
    found = [_sum(name, count) for name, count in counts.items()]
    if by == "day":
        return sorted(found, key=lambda entry: entry.name, reverse=True)
    return sorted(found, key=lambda entry: (-entry.predicted_tokens, -entry.seconds, entry.name))


def loads(pages: Pages, *, now: float) -> list[Load]:
    """Return each instance with what it was asked, and each refused load, newest first."""
    counts: defaultdict[str, _Count] = defaultdict(_Count)
    for request in pages.requests:
        _count(request, counts[request.reference])
    found = []
    for stay in pages.stays:
        end = end_of(stay, now)
        of_it = _sum("", counts[stay.reference])
        fields = {name: getattr(stay, name) for name in Stay.__struct_fields__}
        if not is_there(stay, now):
            fields["ended_at"] = end
        found.append(
            Load(
                **fields,
                seconds=max(0.0, end - stay.loaded_at),
                requests=of_it.requests,
                prompt_tokens=of_it.prompt_tokens,
                predicted_tokens=of_it.predicted_tokens,
                tokens_per_second=of_it.tokens_per_second,
                energy_j=of_it.energy_j,
            )
        )
    found += [
        Load(
            host=entry.host,
            reference="",
            identifier="",
            model_key=entry.model_key,
            client=entry.client,
            loaded_at=entry.at,
            seen_at=entry.at,
            ended_at=entry.at,
            why=f"refused: {entry.why}",
        )
        for entry in pages.refusals
    ]
    return sorted(found, key=lambda entry: entry.loaded_at, reverse=True)


def _name(noted: Noted, by: By, at: float, utc_offset_s: float) -> str:
    if by == "model":
        return noted.model_key
    if by == "notebook":
        return noted.client or NOBODY
    return f"{datetime.fromtimestamp(at, _zone(utc_offset_s)):%Y-%m-%d}"


def _zone(utc_offset_s: float) -> timezone:
    return timezone(timedelta(seconds=utc_offset_s)) if utc_offset_s else UTC


def _parts(begin: float, end: float, by: By, utc_offset_s: float) -> Iterator[tuple[float, float]]:
    """Cut a time in memory at midnight, where days are summed."""
    while by == "day" and begin < end:
        midnight = (begin + utc_offset_s) // DAY_S * DAY_S + DAY_S - utc_offset_s
        yield begin, min(midnight, end)
        begin = midnight
    if begin < end:
        yield begin, end


def _count(request: PastRequest, count: _Count) -> None:
    count.requests += 1
    count.prompt_tokens += request.prompt_tokens
    count.predicted_tokens += request.predicted_tokens
    if request.tokens_per_second:
        count.generated += request.predicted_tokens
        count.generating_s += request.predicted_tokens / request.tokens_per_second
    if request.energy_j is not None:
        count.energy_j = (count.energy_j or 0.0) + request.energy_j


def _sum(name: str, count: _Count) -> Sum:
    speed = count.generated / count.generating_s if count.generating_s else None
    return Sum(
        name=name,
        loads=count.loads,
        refused=count.refused,
        evicted=count.evicted,
        seconds=count.seconds,
        requests=count.requests,
        prompt_tokens=count.prompt_tokens,
        predicted_tokens=count.predicted_tokens,
        tokens_per_second=speed,
        energy_j=count.energy_j,
    )
