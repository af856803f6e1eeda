"""Idle instances leave when another program needs the memory, and only those."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.instances.giving_way import GivingWay
from lms_jupyter.engine.instances.instance import Instance, Plan, Work
from lms_jupyter.engine.instances.lifecycle import Keep
from lms_jupyter.engine.instances.pressure import Pressure, look
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.worker.launcher import ProcessLauncher
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .gpus.fakes import GB, Card
from .gpus.test_gpu_room import Bench


class _NoGpus:
    has_gpus = False
    holders: dict[int, object] = {}  # noqa: RUF012 - nobody changes it

    async def look(self) -> tuple[Gpu, ...]:
        return ()


@pytest_asyncio.fixture
async def registry() -> AsyncIterator[Registry]:
    registry = Registry(ProcessLauncher(spares=0, nice=10, log=lambda *_said: None))
    yield registry
    await registry.close()


async def _loaded(registry: Registry, models: Path, name: str) -> Instance:
    model = await Catalog([models]).resolve("tiny-llm")
    settings = LoadSettings(cpu_threads=1).settled(model.type, model.max_context_length)
    plan = Plan(model=model, settings=settings, identifier=name)
    return await registry.load(plan).settled()


def _giving_way(registry: Registry, free_bytes: int, stalled_percent: float = 0.0) -> GivingWay:
    return GivingWay(
        registry=registry,
        meter=_NoGpus(),  # type: ignore[arg-type]
        reserve_bytes=2 * GB,
        look=lambda: Pressure(free_bytes=free_bytes, stalled_percent=stalled_percent),
    )


@pytest.mark.asyncio
async def test_the_longest_idle_leaves_first_and_is_noted(registry: Registry, models: Path) -> None:
    await _loaded(registry, models, "old")
    young = await _loaded(registry, models, "young")
    async with registry.request(young, Work.GENERATING):
        pass
    assert await _giving_way(registry, 3 * GB).check() is None

    gave = await _giving_way(registry, GB).check()

    assert gave is not None
    assert gave.identifier == "old"
    assert gave.main_bytes > 0
    assert [one.identifier for one in registry.instances] == ["young"]
    assert list(registry.departures.given) == [gave]
    departure = registry.departures.of(gave.reference)
    assert departure is not None
    assert departure.why == "gave way"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "protect",
    [
        lambda registry, one: registry.pin(one, pinned=True),
        lambda registry, one: registry.keep(one, Keep()),
        lambda _registry, one: setattr(one, "held_until_s", time.monotonic() + 60),
    ],
    ids=["pinned", "kept", "a cell runs"],
)
async def test_what_is_protected_stays(
    registry: Registry, models: Path, protect: Callable[[Registry, Instance], None]
) -> None:
    protect(registry, await _loaded(registry, models, "stays"))
    assert await _giving_way(registry, 0).check() is None


@pytest.mark.asyncio
async def test_what_works_stays(registry: Registry, models: Path) -> None:
    busy = await _loaded(registry, models, "busy")
    async with registry.request(busy, Work.GENERATING):
        assert await _giving_way(registry, 0).check() is None


@pytest.mark.asyncio
async def test_where_programs_wait_for_memory_one_leaves_and_then_it_settles(
    registry: Registry, models: Path
) -> None:
    await _loaded(registry, models, "one")
    await _loaded(registry, models, "two")
    giving = _giving_way(registry, 50 * GB, stalled_percent=20.0)
    assert await giving.check() is not None
    # What Linux says still speaks of the time before that one left.
    assert await giving.check() is None


@pytest.mark.asyncio
async def test_what_loads_have_yet_to_take_counts(registry: Registry, models: Path) -> None:
    await _loaded(registry, models, "one")
    giving = _giving_way(registry, 3 * GB)
    assert await giving.check() is None
    giving.promised = lambda: 2 * GB
    assert await giving.check() is not None


@pytest.mark.asyncio
async def test_on_a_gpu_only_who_holds_some_of_it_leaves(registry: Registry, models: Path) -> None:
    card = Card(total=24 * GB, free=GB)
    bench = Bench([card])
    await _loaded(registry, models, "beside")
    on_gpu = await _loaded(registry, models, "on-gpu")
    assert on_gpu.worker is not None
    card.computing = {on_gpu.worker.pid: 3 * GB}
    await bench.meter.look(fresh=True)
    giving = GivingWay(
        registry=registry,
        meter=bench.meter,
        reserve_bytes=2 * GB,
        look=lambda: Pressure(free_bytes=50 * GB),
    )

    gave = await giving.check()

    assert gave is not None
    assert (gave.identifier, gave.gpu_bytes) == ("on-gpu", 3 * GB)


@pytest.mark.asyncio
async def test_where_main_memory_is_short_what_lies_on_gpus_stays(
    registry: Registry, models: Path
) -> None:
    card = Card(total=24 * GB, free=20 * GB)
    bench = Bench([card])
    on_gpu = await _loaded(registry, models, "on-gpu")
    await _loaded(registry, models, "in-main-memory")
    assert on_gpu.worker is not None
    card.computing = {on_gpu.worker.pid: 3 * GB}
    giving = GivingWay(
        registry=registry,
        meter=bench.meter,
        reserve_bytes=2 * GB,
        look=lambda: Pressure(free_bytes=GB),
    )
    await bench.meter.look(fresh=True)

    gave = [await giving.check() for _ in range(2)]

    # The longest idle comes second: its memory is not what is short.
    assert [one.identifier for one in gave if one] == ["in-main-memory", "on-gpu"]


def test_a_container_counts_by_the_limit_of_now_and_without_what_is_kept_of_files(
    tmp_path: Path,
) -> None:
    for name, text in {
        "memory.max": str(1 << 20),
        "memory.current": str(900_000),
        "memory.stat": "anon 100\ninactive_file 300000\nactive_file 100000\n",
        "memory.pressure": "some avg10=9.00 avg60=0 total=1\nfull avg10=7.50 avg60=0 total=1\n",
    }.items():
        (tmp_path / name).write_text(text)
    seen = look(tmp_path)
    assert seen == Pressure(free_bytes=(1 << 20) - 500_000, stalled_percent=7.5)
    assert seen.is_stalled
    (tmp_path / "memory.max").write_text("600000")
    assert look(tmp_path).free_bytes == 100_000
    (tmp_path / "memory.max").write_text("max")
    assert look(tmp_path, tmp_path / "memory.pressure").free_bytes > 1 << 20


def test_where_nothing_is_told_nothing_stalls(tmp_path: Path) -> None:
    seen = look(tmp_path, tmp_path / "none")
    assert seen.free_bytes > 0
    assert not seen.is_stalled
