"""Where a load goes that names no device."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.engine.fleet import placement
from lms_jupyter.engine.fleet.placement import Decision, Held, Place, Wait, choose

GB = 10**9


def place(name: str, free: int, needed: int = 4 * GB, **more: object) -> Place:
    fields = {"has_file": True, "free_bytes": free, "needed_bytes": needed} | more
    return Place(device=name, name=name, **fields)  # type: ignore[arg-type]


def held(reference: str, size: int, **more: object) -> Held:
    return Held(reference=reference, memory_bytes=size, **more)  # type: ignore[arg-type]


def test_what_is_there_is_taken_where_least_waits() -> None:
    places = [
        place("full", 0, is_there=True, requests=3),
        place("less", 0, is_there=True, requests=1),
        place("empty", 9 * GB),
    ]

    assert choose(places, new=False) == Decision(device="less", step="there")
    assert choose(places, new=True) == Decision(device="empty", step="fits")


def test_memory_of_gpus_counts_before_memory_and_that_before_what_is_going_on() -> None:
    much = place("much", 99 * GB, free_vram_bytes=5 * GB)
    gpu = place("gpu", 8 * GB, free_vram_bytes=9 * GB, requests=7)
    quiet, loud = place("quiet", 8 * GB), place("loud", 8 * GB, requests=1)

    assert choose([much, gpu]) == Decision(device="gpu", step="fits")
    assert choose([quiet, place("more", 9 * GB, requests=9)]) == Decision(
        device="more", step="fits"
    )
    assert choose([loud, quiet]) == Decision(device="quiet", step="fits")


def test_a_device_without_the_file_is_not_taken() -> None:
    places = [place("near", 5 * GB), place("big", 99 * GB, has_file=False)]

    assert choose(places) == Decision(device="near", step="fits")
    assert choose(places[1:]) == Wait(reason="No device has this model: big.", is_in_vain=True)


def test_a_file_is_brought_before_anything_leaves_for_it_and_only_where_it_fits() -> None:
    idle = place("idle", 0, held=(held("a", 4 * GB),))
    small = place("small", GB, has_file=False, can_fetch=True)
    roomy = place("roomy", 9 * GB, has_file=False, can_fetch=True)

    assert choose([idle, small, roomy]) == Decision(device="roomy", step="fetch")
    assert choose([idle, roomy, place("has", 5 * GB)]) == Decision(device="has", step="fits")
    assert choose([idle, small]) == Decision(device="idle", step="evict", leaving=("a",))
    assert choose([small]) == Wait(
        reason="No device has room: small has 1.00 GB of 4.00 GB.", is_in_vain=True
    )


def test_the_fewest_leave_and_of_those_the_least_recently_used() -> None:
    two = place("two", 0, held=(held("a", 2 * GB), held("b", 2 * GB)))
    one = place("one", 0, held=(held("new", 4 * GB, used_at=9.0), held("old", 4 * GB, used_at=1.0)))

    assert choose([two, one]) == Decision(device="one", step="evict", leaving=("old",))


@pytest.mark.parametrize("kept", [{"is_busy": True}, {"may_leave": False}])
def test_what_is_used_or_kept_is_waited_for(kept: dict[str, bool]) -> None:
    full = place("full", GB, held=(held("a", 4 * GB, **kept),))

    assert choose([full]) == Wait(reason="No device has room: full has 1.00 GB of 4.00 GB.")


def test_what_never_fits_is_not_waited_for() -> None:
    small = place("small", GB, held=(held("a", GB),))
    answer = choose([small])

    assert isinstance(answer, Wait)
    assert answer.is_in_vain


HELD = st.builds(
    Held,
    reference=st.text("abcdef", min_size=1, max_size=6),
    memory_bytes=st.integers(0, 8),
    vram_bytes=st.integers(0, 8),
    is_busy=st.booleans(),
    may_leave=st.booleans(),
    used_at=st.floats(0, 9),
)
PLACES = st.lists(
    st.builds(
        Place,
        device=st.text("abc", min_size=1, max_size=8),
        name=st.just("device"),
        has_file=st.booleans(),
        can_fetch=st.booleans(),
        is_there=st.booleans(),
        needed_bytes=st.integers(0, 8),
        needed_vram_bytes=st.integers(0, 8),
        free_bytes=st.integers(0, 8),
        free_vram_bytes=st.integers(0, 8),
        requests=st.integers(0, 3),
        held=st.lists(HELD, max_size=3, unique_by=lambda one: one.reference).map(tuple),
    ),
    max_size=5,
    unique_by=lambda one: one.device,
)


@given(places=PLACES, new=st.booleans())
def test_nothing_goes_where_it_has_no_room_and_nothing_in_use_leaves(
    places: list[Place], *, new: bool
) -> None:
    decision = choose(places, new=new)

    if isinstance(decision, Wait):
        assert not any(
            (one.has_file or one.can_fetch)
            and one.needed_bytes <= one.free_bytes
            and one.needed_vram_bytes <= one.free_vram_bytes
            for one in places
        )
        return
    (where,) = [one for one in places if one.device == decision.device]
    if decision.step == "there":
        assert where.is_there
        return
    leaving = [one for one in where.held if one.reference in decision.leaving]
    assert len(leaving) == len(decision.leaving)
    assert all(one.may_leave and not one.is_busy for one in leaving)
    assert where.can_fetch if decision.step == "fetch" else where.has_file
    assert where.needed_bytes <= where.free_bytes + sum(one.memory_bytes for one in leaving)
    assert where.needed_vram_bytes <= where.free_vram_bytes + sum(o.vram_bytes for o in leaving)


@given(places=PLACES)
def test_the_fewest_leave_and_of_equals_where_most_is_left(places: list[Place]) -> None:
    decision = choose(places)

    if not isinstance(decision, Decision) or decision.step != "evict":
        return
    alone = [(one, choose([one])) for one in places]
    evictions = [
        (len(one.leaving), place)
        for place, one in alone
        if isinstance(one, Decision) and one.step == "evict"
    ]
    fewest = min(count for count, _ in evictions)
    (chosen,) = [place for place in places if place.device == decision.device]
    assert len(decision.leaving) == fewest
    assert placement._left(chosen) == max(
        placement._left(place) for count, place in evictions if count == fewest
    )


def test_nobody_else_is_weighed_once_one_has_to_leave_where_most_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = place("", 0, held=tuple(held(str(n), GB, used_at=float(n)) for n in range(10)))
    places = [replace(full, device=str(n), needed_bytes=GB) for n in range(1000)]
    weighed = []
    leaving = placement._leaving
    monkeypatch.setattr(placement, "_leaving", lambda one: weighed.append(one) or leaving(one))

    assert choose(places) == Decision(device="0", step="evict", leaving=("0",))
    assert len(weighed) == 1
