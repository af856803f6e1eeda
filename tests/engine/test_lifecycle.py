"""The states of an instance and who is evicted, for any sequence of events."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.engine.instances.evict import victims
from lms_jupyter.engine.instances.lifecycle import (
    Ended,
    Event,
    IllegalMoveError,
    Loaded,
    Moment,
    Phase,
    PinChanged,
    Progressed,
    RequestBegan,
    RequestEnded,
    State,
    TtlChanged,
    UnloadBegan,
    advance,
)

SECONDS = st.floats(0, 1e6, allow_nan=False)
MOMENTS = SECONDS.map(lambda second: Moment(second, second + 1.7e9))
TTLS = st.none() | st.floats(0.001, 1e6)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Progressed, st.floats(-1, 2)),
    st.builds(Loaded, MOMENTS),
    st.builds(RequestBegan, MOMENTS),
    st.builds(RequestEnded, MOMENTS),
    st.builds(TtlChanged, TTLS, st.none() | MOMENTS),
    st.builds(PinChanged, st.booleans()),
    st.just(UnloadBegan()),
    st.just(Ended()),
)
ORDER = [Phase.LOADING, Phase.READY, Phase.UNLOADING, Phase.GONE]


def _lives(ttl_s: float | None, events: list[Event]) -> list[State]:
    """Return all states that an instance goes through; illegal events are left out."""
    states = [State(ttl_s=ttl_s)]
    for event in events:
        try:
            states.append(advance(states[-1], event))
        except IllegalMoveError:
            continue
    return states


@given(TTLS, st.lists(EVENTS, max_size=40))
def test_a_life_only_goes_forward_and_ends_once(ttl_s: float | None, events: list[Event]) -> None:
    states = _lives(ttl_s, events)
    phases = [ORDER.index(state.phase) for state in states]
    assert phases == sorted(phases)
    assert all(0 <= state.fraction <= 1 for state in states)
    fractions = [state.fraction for state in states]
    assert fractions == sorted(fractions)


@given(TTLS, st.lists(EVENTS, max_size=40))
def test_nothing_is_due_while_it_works_loads_is_pinned_or_has_no_ttl(
    ttl_s: float | None, events: list[Event]
) -> None:
    for state in _lives(ttl_s, events):
        assert state.in_flight >= 0
        rests = state.phase is Phase.READY and state.in_flight == 0
        counts = rests and not state.pinned and state.ttl_s is not None
        assert (state.due_s is not None) == counts


@given(TTLS, st.lists(EVENTS, max_size=40))
def test_it_is_due_exactly_one_ttl_after_it_was_last_used(
    ttl_s: float | None, events: list[Event]
) -> None:
    last_used = None
    state = State(ttl_s=ttl_s)
    for event in events:
        try:
            state = advance(state, event)
        except IllegalMoveError:
            continue
        match event:
            case Loaded(at) | RequestBegan(at) | RequestEnded(at):
                last_used = at
            case TtlChanged(_, restart) if restart is not None:
                last_used = restart
            case _:
                pass
        if state.due_s is not None:
            assert last_used is not None
            assert state.ttl_s is not None
            assert state.due_s == last_used.monotonic_s + state.ttl_s


@pytest.mark.parametrize("event", [Loaded(Moment(0, 0)), UnloadBegan(), Ended()])
def test_nothing_happens_to_what_is_gone(event: Event) -> None:
    with pytest.raises(IllegalMoveError, match="GONE"):
        advance(State(phase=Phase.GONE), event)


def test_a_request_may_end_after_its_instance_has_gone() -> None:
    state = advance(State(phase=Phase.GONE, in_flight=1), RequestEnded(Moment(1, 1)))
    assert state.in_flight == 0


@dataclass(frozen=True)
class _Candidate:
    jit: bool
    state: State


STATES = st.builds(
    State,
    phase=st.sampled_from(Phase),
    in_flight=st.integers(0, 2),
    pinned=st.booleans(),
    ttl_s=TTLS,
)


@given(st.lists(st.builds(_Candidate, st.booleans(), STATES), max_size=12))
def test_exactly_the_idle_unpinned_just_in_time_instances_must_go(
    candidates: list[_Candidate],
) -> None:
    chosen = victims(candidates)
    for candidate in candidates:
        state = candidate.state
        may_go = (
            candidate.jit
            and state.phase is Phase.READY
            and state.in_flight == 0
            and not state.pinned
        )
        assert (candidate in chosen) == may_go
