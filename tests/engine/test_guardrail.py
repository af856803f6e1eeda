"""Loads that would not fit are refused, with the numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lms_jupyter.engine.errors import GuardrailError
from lms_jupyter.engine.instances.guardrail import Guardrail
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.instances.lifecycle import State
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.instances.what_fits import longest
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.machine import Memory
from lms_jupyter.engine.settings import Guardrail as Level
from lms_jupyter.engine.worker.launcher import ProcessLauncher
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .weighed_worker import resident_bytes


async def _plan(models: Path, key: str = "big-llm") -> Plan:
    model = await Catalog([models]).resolve(key)
    settings = LoadSettings(cpu_threads=1).settled(model.type, model.max_context_length)
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
async def test_the_refusal_says_which_context_would_fit(models: Path) -> None:
    plan = await _plan(models)
    plan = replace(plan, settings=replace(plan.settings, context_length=8192))
    wanted = replace(plan, settings=replace(plan.settings, context_length=2048))
    needed = Guardrail("relaxed").usage(wanted).total_bytes
    guardrail = _guardrail("relaxed", needed)

    with pytest.raises(GuardrailError) as told:
        guardrail.check(plan)

    said = re.match(
        r"A context of 2,048 tokens would fit \(-c 2048\), ([\d,]+) with", told.value.hint
    )
    assert said is not None
    smaller = int(said[1].replace(",", ""))
    cached = replace(plan.settings, k_cache_type="q8_0", v_cache_type="q8_0")
    for context, fits in ((smaller, True), (smaller + 256, False)):
        asked = replace(plan, settings=replace(cached, context_length=context))
        assert guardrail.passes(asked) is fits


@pytest.mark.asyncio
async def test_where_nothing_would_fit_no_context_is_named(models: Path) -> None:
    with pytest.raises(GuardrailError) as told:
        _guardrail("balanced", 1e6).check(await _plan(models))

    assert told.value.hint.startswith("Unload something")


@pytest.mark.parametrize("most", [0, 100, 256, 4096, 5000])
@pytest.mark.parametrize("limit", [0, 255, 256, 3000, 10_000])
def test_the_longest_context_is_a_whole_number_of_cells(most: int, limit: int) -> None:
    found = longest(lambda context: context <= limit, most)

    assert found == min(most, limit) // 256 * 256


@pytest.mark.asyncio
async def test_switched_off_it_lets_everything_through(models: Path) -> None:
    _guardrail("off", 1).check(await _plan(models))


@pytest.mark.asyncio
async def test_what_another_load_was_promised_is_no_longer_available(models: Path) -> None:
    plan = await _plan(models)
    needed = Guardrail("relaxed").usage(plan).total_bytes
    guardrail = _guardrail("relaxed", needed * 1.9)
    waiting = Instance(plan, State())
    loading = Instance(plan, State(), admitted=True)

    assert guardrail.passes(plan, [waiting])
    assert not guardrail.passes(plan, [loading])
    assert _guardrail("relaxed", needed * 2.1).passes(plan, [loading])


@pytest.mark.asyncio
async def test_of_two_loads_that_begin_together_only_what_fits_is_loaded(models: Path) -> None:
    plans = [replace(await _plan(models), identifier=name) for name in ("one", "two")]
    needed = Guardrail("relaxed").usage(plans[0]).total_bytes
    launcher = ProcessLauncher(spares=0, nice=10, log=lambda *_said: None)
    registry = Registry(launcher, _guardrail("relaxed", needed * 1.9).check)
    try:
        one, two = (registry.load(plan) for plan in plans)
        with pytest.raises(GuardrailError):
            await two.settled()
        assert (await one.settled()).is_ready
        assert registry.instances == (one,)
    finally:
        await registry.close()


@pytest.mark.asyncio
async def test_a_mapped_model_is_not_taken_for_free_memory(models: Path) -> None:
    loaded, other = await _plan(models), await _plan(models, "tiny-llm")
    needed = Guardrail("relaxed").usage(other).total_bytes
    registry = Registry(ProcessLauncher(spares=0, nice=10, log=lambda *_said: None))
    try:
        instance = await registry.load(loaded).settled()
        mapped = instance.mapped_bytes()
        assert mapped > 0.9 * loaded.model.size_bytes
        guardrail = _guardrail("relaxed", needed + mapped / 2)
        assert guardrail.passes(other)
        assert not guardrail.passes(other, [instance])
        assert _guardrail("relaxed", needed + mapped * 1.1).passes(other, [instance])
    finally:
        await registry.close()


@pytest.mark.asyncio
async def test_a_draft_model_is_estimated_within_five_per_cent(models: Path) -> None:
    plan = await _plan(models)
    with_draft = replace(plan, draft=await Catalog([models]).resolve("big-llm"))
    file = plan.model.file

    weighed = await resident_bytes(file, plan.settings, prompt=900, draft=file)

    estimated = Guardrail("off").usage(with_draft).total_bytes
    assert estimated == pytest.approx(weighed, rel=0.05)
