"""What keeps an instance beside its TTL: somebody who is there, or a time of day."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from lms_jupyter.engine.instances.evict import victims
from lms_jupyter.engine.instances.instance import now
from lms_jupyter.engine.instances.lifecycle import (
    Keep,
    KeepChanged,
    Loaded,
    Moment,
    PinChanged,
    RequestBegan,
    RequestEnded,
    State,
    advance,
)
from tests.waiting import PATIENCE_S

from .conftest import EngineProcess
from .raw import Raw, introduced

NOON = Moment(1000.0, 1_700_000_000.0)
LATER = Moment(1060.0, 1_700_000_060.0)


def _kept(keep: Keep | None) -> State:
    loaded = advance(State(ttl_s=60), Loaded(NOON))
    return advance(loaded, KeepChanged(keep, NOON))


def test_while_somebody_is_there_no_ttl_counts() -> None:
    state = _kept(Keep())
    assert state.due_s is None
    assert state.left_s(LATER) is None


def test_a_time_counts_by_the_clock_of_the_machine_also_when_it_is_set() -> None:
    state = _kept(Keep(NOON.unix_s + 600))
    assert state.left_s(NOON) == 600
    # The clock is set an hour forward while a minute passes, and then back again.
    assert state.left_s(Moment(LATER.monotonic_s, NOON.unix_s + 3600)) == 0
    assert state.left_s(LATER) == 540


def test_work_and_pins_outlast_the_time() -> None:
    after = Moment(2000.0, NOON.unix_s + 1000)
    state = _kept(Keep(NOON.unix_s + 600))
    assert advance(state, RequestBegan(after)).left_s(after) is None
    assert advance(state, PinChanged(pinned=True)).left_s(after) is None
    busy = advance(state, RequestBegan(after))
    assert advance(busy, RequestEnded(after)).left_s(after) == 0


def test_what_is_let_go_counts_its_ttl_from_then() -> None:
    state = advance(_kept(Keep()), KeepChanged(None, LATER))
    assert state.left_s(LATER) == 60


def test_a_kept_instance_is_not_evicted() -> None:
    class _Jit:
        jit = True

        def __init__(self, state: State) -> None:
            self.state = state

    kept, other = _Jit(_kept(Keep())), _Jit(_kept(None))
    assert victims([kept, other]) == (other,)


async def _keep(system: Raw, keep: dict[str, Any] | None) -> Any:
    return await system.call("setInstanceKeep", identifier="tiny-llm", keep=keep)


@pytest.mark.asyncio
async def test_a_kept_instance_outlives_its_ttl_and_ends_at_its_time(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        channel = await llm.open("getOrLoad", identifier="tiny-llm", loadTtlMs=60_000)
        await llm.end(channel)
        assert await _keep(system, {"type": "whileOpen"}) is None
        await system.call("setInstanceTtl", identifier="tiny-llm", ttlMs=200)
        await asyncio.sleep(0.4)
        (told,) = (await system.call("getActivity"))["instances"]
        assert told["keep"] == {"type": "whileOpen"}

        at = round((now().unix_s + 1.5) * 1000)
        await _keep(system, {"type": "until", "at": at})
        (told,) = (await system.call("getActivity"))["instances"]
        assert told["keep"] == {"type": "until", "at": at}
        while await llm.call("listLoaded"):
            assert time.time() < at / 1000 + PATIENCE_S
        assert time.time() >= at / 1000
        departure = await system.call("getDeparture", instanceReference=told["instanceReference"])
        assert departure["why"] == "expired"
