"""On which device of a fleet a load goes that names none. Pure.

In this order, and within each step where most GPU memory is left, then most memory, then where
least is going on:

    there    the model is in memory already, and any instance of it will do
    fits     the file is there, and it fits beside what is in memory
    fetch    it fits, and the file can be copied there from another device
    evict    the file is there, and it fits once instances have left that nobody uses
    wait     what is in use would have to leave; somebody has to wait, and is told for what
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Literal, TypeAlias

Step: TypeAlias = Literal["there", "fits", "fetch", "evict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An instance in the memory of a device."""

    reference: str
    memory_bytes: int
    vram_bytes: int = 0
    is_busy: bool = False
    may_leave: bool = True
    """Whether it was loaded for a time only, and is not pinned."""
    used_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A device, as far as a load needs to know it."""

    device: str | None
    """`None`: the gateway's own."""
    name: str
    has_file: bool = False
    can_fetch: bool = False
    """Whether the file can be copied there; what it needs is what it needs elsewhere."""
    is_there: bool = False
    """Whether the model is in memory already."""
    needed_bytes: int = 0
    needed_vram_bytes: int = 0
    free_bytes: int = 0
    free_vram_bytes: int = 0
    requests: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where a load goes."""

    device: str | None
    step: Step
    leaving: tuple[str, ...] = ()
    """The references of the instances that have to leave first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing can be decided now."""

    reason: str
    """One sentence."""
    is_in_vain: bool = False
    """Whether no end of anything in memory would help."""


_used_at: Final = attrgetter("used_at")


def choose(places: Sequence[Place], *, new: bool = True) -> Decision | Wait:
    """Decide.

    Args:
        places: The devices that may be taken.
        new: Whether it has to be a new instance.
    """
    if not new:
        there = [place for place in places if place.is_there]
        if there:
            best = min(there, key=lambda place: place.requests)
            return Decision(device=best.device, step="there")
    able = [place for place in places if place.has_file]
    fetching = [place for place in places if place.can_fetch and not place.has_file]
    if not able and not fetching:
        return Wait(reason=_no_file(places), is_in_vain=True)
    fitting = [place for place in able if fits(place)]
    if fitting:
        return Decision(device=max(fitting, key=_left).device, step="fits")
    roomy = [place for place in fetching if fits(place)]
    if roomy:
        return Decision(device=max(roomy, key=_left).device, step="fetch")
    if eviction := _least_eviction(able):
        return eviction
    both = [*able, *fetching]
    is_in_vain = not any(_fits(place, *_sum(place.held)) for place in both)
    return Wait(reason=_no_room(both), is_in_vain=is_in_vain)


def _left(place: Place) -> tuple[int, int, int]:
    """Say how much would be left of a device; the more the better."""
    return (
        place.free_vram_bytes - place.needed_vram_bytes,
        place.free_bytes - place.needed_bytes,
        -place.requests,
    )


def fits(place: Place) -> bool:
    """Whether a load fits beside what is in memory there."""
    return _fits(place, 0, 0)


def _fits(place: Place, freed_bytes: int, freed_vram_bytes: int) -> bool:
    return (
        place.needed_bytes <= place.free_bytes + freed_bytes
        and place.needed_vram_bytes <= place.free_vram_bytes + freed_vram_bytes
    )


def _least_eviction(able: Iterable[Place]) -> Decision | None:
    """Return where the fewest instances have to leave, of equals where most memory is left."""
    least: Decision | None = None
    for place in sorted(able, key=_left, reverse=True):
        leaving = _leaving(place)
        if leaving is None or (least and len(leaving) >= len(least.leaving)):
            continue
        least = Decision(device=place.device, step="evict", leaving=tuple(leaving))
        if len(leaving) == 1:  # The devices that come after have less left, and none needs fewer.
            break
    return least


def _leaving(place: Place) -> list[str] | None:
    """Return which instances have to leave, the least recently used first; `None`: in vain."""
    missing = place.needed_bytes - place.free_bytes
    missing_vram = place.needed_vram_bytes - place.free_vram_bytes
    idle = [instance for instance in place.held if instance.may_leave and not instance.is_busy]
    idle.sort(key=_used_at)
    leaving = []
    for instance in idle:
        leaving.append(instance.reference)
        missing -= instance.memory_bytes
        missing_vram -= instance.vram_bytes
        if missing <= 0 and missing_vram <= 0:
            return leaving
    return None


def _sum(held: Iterable[Held]) -> tuple[int, int]:
    freed = [(instance.memory_bytes, instance.vram_bytes) for instance in held]
    return sum(main for main, _ in freed), sum(vram for _, vram in freed)


def _no_file(places: Sequence[Place]) -> str:
    names = ", ".join(place.name for place in places[:SAMPLE]) or "no device is connected"
    return f"No device has this model: {names}{'…' if len(places) > SAMPLE else ''}."


def _no_room(places: Sequence[Place]) -> str:
    shortages = "; ".join(
        f"{place.name} has {_gb(place.free_bytes)} of {_gb(place.needed_bytes)}"
        + (
            f" and {_gb(place.free_vram_bytes)} of {_gb(place.needed_vram_bytes)} on GPUs"
            if place.needed_vram_bytes
            else ""
        )
        for place in places[:SAMPLE]
    )
    return f"No device has room: {shortages}{'; …' if len(places) > SAMPLE else ''}."


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"


SAMPLE = 5
"""How many devices a reason names."""
