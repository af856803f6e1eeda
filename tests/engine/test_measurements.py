"""What loads have taken makes estimates right, and whatever is wrong with it makes none wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import lmstudio
import msgspec
import pytest

from lms_jupyter.engine.gpus.buffers import Buffers
from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.instances.estimate import MemoryEstimate, usage
from lms_jupyter.engine.instances.guardrail import Guardrail
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.instances.kinds import kind_of
from lms_jupyter.engine.instances.lifecycle import State
from lms_jupyter.engine.instances.measured_file import MOST, MeasuredFile, Took
from lms_jupyter.engine.instances.measurements import Measurements
from lms_jupyter.engine.instances.vram import GpuUse, Site
from lms_jupyter.engine.instances.what_fits import with_context
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.runtimes.runtime import Runtime, installed
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .conftest import EngineProcess, start_engine
from .raw import introduced

MB = 1_000_000


@dataclass
class Worker:
    """As much of a worker as is measured."""

    size: int
    runtime: Runtime = field(default_factory=installed)
    pid: int = 10
    buffers: Buffers = field(default_factory=Buffers)

    def resident_bytes(self) -> int:
        return self.size


async def planned(models: Path, key: str = "tiny-llm", **settings: Any) -> Plan:
    model = await Catalog([models]).resolve(key)
    wanted = LoadSettings(**({"context_length": 1024} | settings))
    settled = wanted.settled(model.type, model.max_context_length)
    return Plan(model=model, settings=settled, identifier="it")


def grown(plan: Plan, more: int) -> Instance:
    """Return an instance of a load that took more than is calculated."""
    worker = Worker(usage(plan).total_bytes + more)
    return Instance(plan, State(), worker=worker)  # type: ignore[arg-type]


async def worked(measurements: Measurements, instance: Instance, tokens: int = 600) -> None:
    measurements.loaded(instance)
    measurements.answered(instance, tokens, 5)
    await measurements.close()


def told(measurements: Measurements, plan: Plan) -> MemoryEstimate:
    return measurements.corrected(plan, usage(plan))


@pytest.mark.asyncio
async def test_such_a_load_takes_what_it_took(models: Path, tmp_path: Path) -> None:
    plan, file = await planned(models), tmp_path / "state" / "measured.json"
    first = Measurements(file, installed)
    assert told(first, plan) == usage(plan)
    assert usage(plan).source == "calculated"

    await worked(first, grown(plan, 40 * MB))

    for measurements in (first, Measurements(file, installed)):
        found = told(measurements, replace(plan, identifier="another"))
        assert found.total_bytes == usage(plan).total_bytes + 40 * MB
        assert found.model_bytes == usage(plan).model_bytes
        assert (found.source, found.confidence) == ("measured", "high")
    if hasattr(os, "geteuid"):
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.asyncio
async def test_other_contexts_are_corrected_by_those_that_were_measured(models: Path) -> None:
    measurements, plan = Measurements(None, installed), await planned(models)
    await worked(measurements, grown(with_context(plan, 512), 10 * MB))
    await worked(measurements, grown(with_context(plan, 1536), 30 * MB))

    def off(context: int) -> tuple[int, str]:
        other = with_context(plan, context)
        found = told(measurements, other)
        return found.total_bytes - usage(other).total_bytes, found.source

    assert off(1024) == (20 * MB, "corrected")
    assert off(256) == (10 * MB, "corrected")
    assert off(2048) == (30 * MB, "corrected")
    assert off(512) == (10 * MB, "measured")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "settings",
    [{"k_cache_type": "q8_0"}, {"try_mmap": False}, {"physical_batch_size": 64}],
    ids=str,
)
async def test_other_settings_are_another_load(models: Path, settings: Mapping[str, Any]) -> None:
    measurements = Measurements(None, installed)
    await worked(measurements, grown(await planned(models), 40 * MB))

    other = await planned(models, **settings)
    assert told(measurements, other) == usage(other)


@pytest.mark.asyncio
async def test_so_are_another_build_and_another_file(models: Path, tmp_path: Path) -> None:
    plan = await planned(models)
    newer = replace(installed(), version="b99999")
    assert kind_of(plan, newer) != kind_of(plan, installed())
    assert kind_of(await planned(models, cpu_threads=3), installed()) == kind_of(plan, installed())

    copy = tmp_path / "copy.gguf"
    copy.write_bytes(plan.model.file.read_bytes())
    os.utime(copy, ns=(1, 1))
    model = replace(plan.model, file=copy)
    assert kind_of(replace(plan, model=model), installed()) != kind_of(plan, installed())


@pytest.mark.asyncio
async def test_a_load_that_has_not_worked_only_says_when_an_estimate_is_too_low(
    models: Path,
) -> None:
    plan = await planned(models)
    for more, source in ((40 * MB, "measured"), (-5 * MB, "calculated")):
        measurements = Measurements(None, installed)
        instance = grown(plan, more)
        measurements.loaded(instance)
        # Of the long prompt, most had been read before.
        measurements.answered(instance, 100, 20)
        measurements.answered(instance, 220, 20)
        await measurements.close()

        found = told(measurements, plan)
        assert found.total_bytes == usage(plan).total_bytes + max(0, more)
        assert found.source == source


@pytest.mark.asyncio
async def test_restored_prompts_are_not_taken_for_read_ones(models: Path) -> None:
    measurements, plan = Measurements(None, installed), await planned(models)
    instance = grown(plan, -5 * MB)
    instance.warm_tokens = 550

    await worked(measurements, instance, tokens=600)

    assert told(measurements, plan) == usage(plan)


@pytest.mark.asyncio
async def test_gpus_are_measured_each(models: Path) -> None:
    class Meter:
        async def look(self) -> tuple[Gpu, ...]:
            gpu = Gpu(gpu_id="CUDA0", name="card", total_bytes=10**9, free_bytes=0)
            return (replace(gpu, by_process={10: 300 * MB}), replace(gpu, gpu_id="CUDA1"))

    plan = replace(await planned(models), site=Site(gpus=("CUDA0", "CUDA1")))
    measurements = Measurements(None, installed, Meter())
    await worked(measurements, grown(plan, 0))

    here, other = GpuUse(weights=100 * MB, compute=50 * MB), GpuUse(cache=7)
    calculated = replace(usage(plan), gpus=(here, other))
    found = measurements.corrected(plan, calculated)

    assert [use.total for use in found.gpus] == [300 * MB, 7]
    assert found.total_vram_bytes == 300 * MB + 7


@pytest.mark.asyncio
async def test_what_was_measured_counts_where_loads_are_refused(models: Path) -> None:
    measurements, plan = Measurements(None, installed), await planned(models)
    await worked(measurements, grown(plan, 10**12))

    plain, corrected = Guardrail("balanced"), Guardrail("balanced", correct=measurements.corrected)
    assert plain.passes(plan)
    assert not corrected.passes(plan)


LIES = {
    "cut off": lambda text: text[:-20],
    "no list": lambda _text: '{"kind": 1}',
    "a size below nothing": lambda text: text.replace('"main_bytes":', '"main_bytes":-'),
    "no size": lambda text: text.replace('"main_bytes":', '"main_bytes":"many","x":'),
    "not UTF-8": lambda text: text[:5] + "\udcff",
    "too much": lambda text: "[" + " " * 2_000_000 + text[1:],
}


@pytest.mark.asyncio
@pytest.mark.parametrize("lie", LIES)
async def test_a_file_that_is_not_as_it_was_written_counts_as_none(
    models: Path, tmp_path: Path, lie: str
) -> None:
    plan, file = await planned(models), tmp_path / "measured.json"
    await worked(Measurements(file, installed), grown(plan, 40 * MB))
    file.write_bytes(LIES[lie](file.read_text()).encode(errors="surrogateescape"))

    again = Measurements(file, installed)
    assert told(again, plan) == usage(plan)
    await worked(again, grown(plan, 20 * MB))
    assert told(Measurements(file, installed), plan).source == "measured"


@pytest.mark.asyncio
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights are POSIX's")
async def test_a_file_that_others_may_write_is_not_read(models: Path, tmp_path: Path) -> None:
    plan, file = await planned(models), tmp_path / "measured.json"
    await worked(Measurements(file, installed), grown(plan, 40 * MB))
    file.chmod(0o666)
    assert told(Measurements(file, installed), plan) == usage(plan)

    (link := tmp_path / "link.json").symlink_to(file)
    file.chmod(0o600)
    assert told(Measurements(link, installed), plan) == usage(plan)


@pytest.mark.asyncio
async def test_where_nothing_can_be_written_it_is_known_for_now(
    models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    measurements = Measurements(tmp_path / "state" / "measured.json", installed)
    plan = await planned(models)
    await worked(measurements, grown(plan, 40 * MB))
    await worked(measurements, grown(plan, 80 * MB))

    assert told(measurements, plan).total_bytes == usage(plan).total_bytes + 80 * MB
    assert caplog.text.count("what loads take is not kept") == 1


def test_the_file_is_bounded_and_two_engines_write_it(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    many = [
        Took(kind=f"kind {number}", context_length=256, main_bytes=number, at=float(number))
        for number in range(MOST)
    ]
    file.write_bytes(msgspec.json.encode(many))
    file.chmod(0o600)
    one, other = MeasuredFile(file), MeasuredFile(file)

    one.write(Took(kind="new", context_length=256, main_bytes=7, at=1e6))
    other.write(Took(kind="new", context_length=256, main_bytes=5, at=2e6))

    found = {took.kind: took for took in one.read()}
    assert len(found) == MOST
    assert "kind 0" not in found
    assert (found["new"].main_bytes, found["new"].at) == (7, 2e6)


async def _estimate(engine: EngineProcess, key: str, context: int) -> dict[str, Any]:
    async with introduced(engine.address, "llm") as llm:
        fields = [{"key": "llm.load.contextLength", "value": context}]
        layer = {"layerName": "apiOverride", "config": {"fields": fields}}
        stack = {"layers": [layer]}
        answer: dict[str, Any] = await llm.call(
            "estimateModelUsage", modelKey=key, loadConfigStack=stack, withSource=True
        )
        return answer


@pytest.mark.asyncio
async def test_an_engine_knows_what_a_load_took_that_another_has_carried_out(
    models: Path, tmp_path: Path
) -> None:
    options = ("--measured", str(tmp_path / "measured.json"), "--guardrail", "relaxed")
    engine = start_engine(models, tmp_path / "log", *options)
    try:
        before = await _estimate(engine, "big-llm", 1024)

        def ask() -> None:
            with lmstudio.Client(engine.address) as client:
                model = client.llm.load_new_instance("big-llm", config={"contextLength": 1024})
                model.complete("The sea is wide. " * 60, config={"maxTokens": 1})

        await asyncio.to_thread(ask)
    finally:
        assert engine.stop() == 0
    engine = start_engine(models, tmp_path / "log", *options)
    try:
        after, longer = [await _estimate(engine, "big-llm", size) for size in (1024, 2048)]
    finally:
        engine.stop()

    assert before["source"] == "calculated"
    assert (after["source"], longer["source"]) == ("measured", "corrected")
    sizes = [one["memory"]["totalBytes"] for one in (before, after, longer)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1)
    assert sizes[2] > sizes[1]
