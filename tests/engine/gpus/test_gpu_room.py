"""Plans on GPUs: the settings that suit the place, what is refused, and memory on its way back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.engine.errors import BadRequestError, GuardrailError
from lms_jupyter.engine.gpus.buffers import Buffers
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.gpus.nvml import Nvml
from lms_jupyter.engine.instances.carried_out import effective, order_for
from lms_jupyter.engine.instances.gpu_room import GpuRoom
from lms_jupyter.engine.instances.gpu_shares import held_by
from lms_jupyter.engine.instances.guardrail import Guardrail
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.instances.lifecycle import State
from lms_jupyter.engine.instances.loader import Loader, LoadRequest
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.machine import Memory
from lms_jupyter.engine.runtimes.runtime import Runtime
from lms_jupyter.engine.settings import Guardrail as Level
from lms_jupyter.engine.worker.handle import Listening
from lms_jupyter.engine.worker.launcher import ProcessLauncher
from lms_jupyter.engine.worker.load_settings import LoadSettings
from tests.waiting import PATIENCE_S

from .fakes import GB, Card, FakeNvml, device

LISTENING = Listening(
    address="127.0.0.1:1",
    context_length=2048,
    gpu=True,
    flash_attention=True,
    locked=None,
    refused=(),
)
RUNTIME = Runtime(name="xllamacpp", version="1", backend="cuda")


@dataclass
class Bench:
    """A room with one GPU, or two, whose driver can be told what to say."""

    cards: list[Card] = field(default_factory=lambda: [Card()])
    level: Level = "balanced"

    def __post_init__(self) -> None:
        devices = tuple(device(f"CUDA{number}") for number in range(len(self.cards)))
        self.nvml = FakeNvml(self.cards)
        self.meter = GpuMeter(lambda: devices, [Nvml(self.nvml)], {})
        self.room = GpuRoom(self.meter, lambda: RUNTIME, 0.9)
        memory = Memory(total_bytes=10**12, available_bytes=10**12)
        self.guardrail = Guardrail(self.level, lambda: memory, self.meter)

    def registry(self) -> Registry:
        launcher = ProcessLauncher(spares=0, nice=10, log=lambda *_said: None)
        return Registry(launcher, self.guardrail.check, self.room)

    async def plan(self, models: Path, key: str = "big-llm", **settings: Any) -> Plan:
        launcher = ProcessLauncher(spares=0, nice=0, log=lambda *_said: None)
        loader = Loader(
            Catalog([models]), Registry(launcher), jit_ttl_s=None, auto_evict=True, gpus=self.room
        )
        return await loader.plan(LoadRequest(name=key, settings=LoadSettings(**settings)))


@dataclass
class Worker:
    """As much of a worker as its memory needs."""

    pid: int = 10
    buffers: Buffers = field(default_factory=Buffers)

    def resident_bytes(self) -> int:
        return 0

    def mapped_bytes(self) -> int:
        return 0


def _instance(plan: Plan, pid: int = 10, said: float = 0.0) -> Instance:
    worker = Worker(pid)
    if said:
        worker.buffers.note(f"load_tensors: CUDA0 model buffer size = {said} MiB")
    return Instance(plan, State(), worker=worker)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_what_lies_on_a_gpu_is_computed_in_long_batches(models: Path) -> None:
    bench = Bench()
    whole = await bench.plan(models)
    half = await bench.plan(models, gpu_offload_ratio=0.5)
    off = await bench.plan(models, gpu_offload_ratio=0.0)
    asked = await bench.plan(models, eval_batch_size=64, cpu_threads=5)

    def batches(plan: Plan) -> tuple[int | None, int | None]:
        return plan.settings.eval_batch_size, plan.settings.physical_batch_size

    assert (batches(whole), batches(half), batches(off)) == ((2048, 512), (512, 512), (128, 128))
    assert (batches(asked), asked.settings.cpu_threads) == ((64, 64), 5)
    assert [order_for(one).placement.gpu_layers for one in (whole, half, off)] == [9, 4, 0]


@pytest.mark.asyncio
async def test_without_a_gpu_everything_is_as_it_was(models: Path) -> None:
    plan = await Bench(cards=[]).plan(models)
    assert (plan.settings.eval_batch_size, plan.settings.physical_batch_size) == (128, 128)
    assert plan.site.gpus == ()
    assert effective(plan, replace(LISTENING, gpu=False)).gpu_offload_ratio == 0.0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("free", "ratio"), [(20 * GB, 1.0), (760_000_000, 0.375), (GB // 100, 0.0)]
)
async def test_the_part_that_came_out_is_reported_and_gives_the_same_again(
    models: Path, free: int, ratio: float
) -> None:
    bench = Bench([Card(free=free)])
    plan = await bench.plan(models)
    # The process alone takes 605 MiB with CUDA.
    said = effective(plan, LISTENING).gpu_offload_ratio
    assert said == ratio
    again = await bench.plan(models, gpu_offload_ratio=said)
    assert again.site.placement == plan.site.placement


@pytest.mark.asyncio
@pytest.mark.parametrize("layers", range(10))
async def test_each_number_of_layers_has_a_ratio_that_gives_it_back(
    models: Path, layers: int
) -> None:
    bench = Bench()
    plan = await bench.plan(models)
    placement = replace(plan.site.placement, gpu_layers=layers)
    fitted = replace(plan, site=replace(plan.site, placement=placement))

    said = effective(fitted, LISTENING).gpu_offload_ratio

    again = await bench.plan(models, gpu_offload_ratio=said)
    assert again.site.placement.gpu_layers == layers


@pytest.mark.asyncio
async def test_a_gpu_that_is_not_there_is_refused_before_anything_is_loaded(models: Path) -> None:
    with pytest.raises(BadRequestError, match=r"no GPU 1: .* 0 \(NVIDIA GeForce RTX 4090\)"):
        await Bench().plan(models, disabled_gpus=(1,))


@pytest.mark.asyncio
async def test_a_gpu_that_is_too_full_refuses_what_was_asked_for(models: Path) -> None:
    bench = Bench([Card(free=400_000_000)])
    plan = await bench.plan(models, gpu_offload_ratio=1.0)
    with pytest.raises(GuardrailError) as told:
        bench.guardrail.check(plan)
    assert "would take about 0.74 GB" in told.value.title
    assert "of NVIDIA GeForce RTX 4090 (CUDA0), but only 0.40 GB are available there." in str(
        told.value.title
    )
    assert "--gpu 0.5" in told.value.hint


@pytest.mark.asyncio
async def test_a_strict_cap_holds_also_without_a_guardrail(models: Path) -> None:
    bench = Bench([Card(free=400_000_000)], level="off")
    bench.guardrail.check(await bench.plan(models, gpu_offload_ratio=1.0))
    strict = await bench.plan(models, gpu_offload_ratio=1.0, gpu_strict_vram_cap=True)
    with pytest.raises(GuardrailError, match=r"only 0\.40 GB") as told:
        bench.guardrail.check(strict)
    assert "strict cap" in told.value.hint


@pytest.mark.asyncio
async def test_what_another_load_was_promised_on_a_gpu_is_no_longer_free(models: Path) -> None:
    bench = Bench()
    plan = await bench.plan(models, gpu_offload_ratio=1.0)
    needed = bench.guardrail.usage(plan).total_vram_bytes
    bench.cards[0].free = int(needed * 1.9 / 0.9)
    await bench.meter.look(fresh=True)

    promised = Instance(plan, State(), admitted=True)
    half_way = _instance(plan, pid=10)
    half_way.admitted = True
    bench.guardrail.check(plan)
    with pytest.raises(GuardrailError):
        bench.guardrail.check(plan, [promised, promised])

    bench.cards[0].computing = {10: needed}
    await bench.meter.look(fresh=True)
    bench.guardrail.check(plan, [half_way])


@pytest.mark.asyncio
async def test_what_an_instance_holds_is_the_drivers_figure_else_llama_cpps(models: Path) -> None:
    bench = Bench([Card(computing={10: 3 * GB})])
    plan = await bench.plan(models)
    gpus = bench.meter.last

    assert held_by(_instance(plan, 10, said=100), gpus) == {"CUDA0": 3 * GB}
    assert held_by(_instance(plan, 11, said=100), gpus) == {"CUDA0": 100 * 2**20}
    assert held_by(_instance(plan, 12), gpus) == {}
    assert held_by(Instance(plan, State()), gpus) == {}


async def _ticks_until(done: asyncio.Task[None], each: Callable[[], None]) -> None:
    while not done.done():
        each()
        await asyncio.wait([done], timeout=0.01)


@pytest.mark.asyncio
async def test_the_next_load_is_decided_when_the_driver_has_given_the_memory_back(
    models: Path,
) -> None:
    card = Card(free=4 * GB, computing={10: 3 * GB})
    bench = Bench([card])
    bench.room.leaving(_instance(await bench.plan(models), 10))
    looks = 0

    def later() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            card.computing.clear()
        if looks == 6:
            card.free = 7 * GB

    waiting = asyncio.create_task(bench.room.returned())
    await _ticks_until(waiting, later)

    assert looks >= 6
    assert bench.room.gpus[0].free_bytes == 7 * GB


@pytest.mark.asyncio
async def test_memory_that_never_comes_back_is_not_waited_for_for_ever(models: Path) -> None:
    bench = Bench([Card(free=4 * GB, computing={10: 3 * GB})])
    bench.room.leaving(_instance(await bench.plan(models), 10))
    async with asyncio.timeout(PATIENCE_S):
        await bench.room.returned()
        await bench.room.returned()


@pytest.mark.asyncio
async def test_a_gpu_that_vanishes_keeps_nobody_waiting(models: Path) -> None:
    bench = Bench([Card(free=4 * GB, computing={10: 3 * GB})])
    bench.room.leaving(_instance(await bench.plan(models), 10))
    bench.nvml.is_lost = True
    async with asyncio.timeout(PATIENCE_S):
        await bench.room.returned()


@pytest.mark.asyncio
@pytest.mark.parametrize("auto_evict", [True, False])
async def test_what_comes_by_itself_is_placed_in_the_memory_that_the_one_before_gave_back(
    models: Path, *, auto_evict: bool
) -> None:
    card = Card()
    bench = Bench([card])
    registry = bench.registry()
    loader = Loader(
        Catalog([models]), registry, jit_ttl_s=60, auto_evict=auto_evict, gpus=bench.room
    )
    try:
        first = await (await loader.ensure(LoadRequest(name="big-llm"))).settled()
        assert first is not None
        assert first.worker is not None
        card.computing, card.free = {first.worker.pid: 19 * GB}, GB // 10
        gone = asyncio.create_task(first.gone.wait())
        gone.add_done_callback(lambda _done: _give_back(card, 20 * GB))
        await bench.meter.look(fresh=True)
        second = await (await loader.ensure(LoadRequest(name="tiny-llm"))).settled()
        assert second is not None
        layers = second.plan.site.placement.gpu_layers
        gone.cancel()
    finally:
        await registry.close()
    left = registry.departures.of(first.reference)
    assert left is not None
    # Where nobody leaves, the processor has to do: no process fits beside the one that is there.
    assert (layers > 0, left.why) == (auto_evict, "evicted" if auto_evict else "shut down")


@pytest.mark.asyncio
async def test_what_another_engine_has_taken_since_the_plan_is_seen_before_the_load(
    models: Path,
) -> None:
    card = Card()
    bench = Bench([card])
    registry = bench.registry()
    free_to_choose = replace(await bench.plan(models, "tiny-llm"), identifier="chooses")
    asked = await bench.plan(models, "tiny-llm", gpu_offload_ratio=1.0)
    assert free_to_choose.site.placement.gpu_layers > 0
    card.free, card.computing = GB // 10, {4242: 19 * GB}
    try:
        placed = await registry.load(free_to_choose).settled()
        with pytest.raises(GuardrailError, match=r"only 0\.10 GB are available there"):
            await registry.load(asked).settled()
        assert registry.instances == (placed,)
    finally:
        await registry.close()
    assert placed.plan.site.placement.gpu_layers == 0


def _give_back(card: Card, free: int) -> None:
    card.computing, card.free = {}, free


@pytest.mark.asyncio
async def test_where_nothing_was_held_nothing_is_waited_for(models: Path) -> None:
    bench = Bench()
    bench.room.leaving(_instance(await bench.plan(models), 10))
    async with asyncio.timeout(PATIENCE_S):
        await bench.room.returned()
