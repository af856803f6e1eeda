"""Loads that would not fit are refused, with the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from lms_jupyter.engine.catalog import Catalog
from lms_jupyter.engine.errors import GuardrailError
from lms_jupyter.engine.guardrail import Guardrail
from lms_jupyter.engine.instance import Plan
from lms_jupyter.engine.load_settings import LoadSettings
from lms_jupyter.engine.machine import Memory
from lms_jupyter.engine.settings import Guardrail as Level


async def _plan(models: Path) -> Plan:
    model = (await Catalog([models]).resolve("big-llm")).model
    settings = LoadSettings().settled(model.type, model.max_context_length)
    return Plan(model=model, settings=settings, identifier="big")


def _guardrail(level: Level, available_bytes: float) -> Guardrail:
    memory = Memory(total_bytes=10**12, available_bytes=int(available_bytes))
    return Guardrail(level, lambda: memory)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("level", "share"), [("relaxed", 1.0), ("balanced", 0.9), ("strict", 0.75)]
)
async def test_a_load_may_take_so_much_of_what_is_available_and_no_more(
    models: Path, level: Level, share: float
) -> None:
    plan = await _plan(models)
    needed = Guardrail(level).usage(plan).total_bytes
    assert _guardrail(level, needed / share * 1.01).passes(plan)
    assert not _guardrail(level, needed / share * 0.99).passes(plan)


@pytest.mark.asyncio
async def test_the_refusal_names_both_numbers_and_a_way_out(models: Path) -> None:
    plan = await _plan(models)
    with pytest.raises(GuardrailError, match=r"'big-llm' would take about .* GB.* 0.05 GB") as told:
        _guardrail("balanced", 5e7).check(plan)
    assert "--guardrail off" in told.value.hint


@pytest.mark.asyncio
async def test_switched_off_it_lets_everything_through(models: Path) -> None:
    _guardrail("off", 1).check(await _plan(models))
