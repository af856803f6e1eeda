"""What requests take of the energy that the machine counts, from counters as Linux has them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lms_jupyter.diary.entries import Query
from lms_jupyter.engine.gpus.nvml import Nvml
from lms_jupyter.engine.instances.books import Books
from lms_jupyter.engine.instances.energy import Energy
from lms_jupyter.engine.instances.energy_counters import Counters, Rapl
from lms_jupyter.engine.instances.instance import Instance, Work
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.prediction.prediction import Outcome
from lms_jupyter.engine.worker.launcher import ProcessLauncher

from .gpus.fakes import Card, FakeNvml
from .test_giving_way import _loaded

WHOLE = 262_143_328_850
"""Where a real counter begins anew, in millionths of a joule."""


def zone(folder: Path, name: str, spent_uj: int, label: str = "package-0") -> None:
    """Write a counter as Linux shows it."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "name").write_text(f"{label}\n")
    (folder / name / "energy_uj").write_text(f"{spent_uj}\n")
    (folder / name / "max_energy_range_uj").write_text(f"{WHOLE}\n")


def test_whole_processors_are_counted_and_nothing_twice(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 1_000_000)
    zone(tmp_path, "intel-rapl:1", 5_000_000, "package-1")
    zone(tmp_path, "intel-rapl:0:0", 900_000, "core")
    zone(tmp_path, "intel-rapl:2", 9_000_000, "psys")
    zone(tmp_path, "intel-rapl-mmio:0", 1_000_000)
    counters = Counters(Rapl(tmp_path))
    assert counters.spent_j() == 0

    for name in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:2", "intel-rapl-mmio:0"):
        zone(tmp_path, name, 8_000_000, "psys" if name.endswith("2") else "package-0")
    zone(tmp_path, "intel-rapl:1", 5_500_000, "package-1")

    assert counters.spent_j() == pytest.approx(7.5)


def test_a_counter_that_begins_anew_goes_on(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", WHOLE - 2_000_000)
    counters = Counters(Rapl(tmp_path))
    counters.spent_j()

    zone(tmp_path, "intel-rapl:0", 3_000_000)
    assert counters.spent_j() == pytest.approx(5.0)


def test_what_cannot_be_read_is_not_told(tmp_path: Path) -> None:
    nowhere = Counters(Rapl(tmp_path / "nowhere"))
    assert nowhere.spent_j() is None
    assert not nowhere.are_there()
    zone(tmp_path, "intel-rapl:0", 1_000_000)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("-17\n")
    counters = Counters(Rapl(tmp_path))
    assert counters.spent_j() is None

    # A counter that comes back has counted nothing that is known.
    zone(tmp_path, "intel-rapl:0", 9_000_000)
    assert counters.spent_j() == 0


def test_gpus_are_counted_where_llama_cpp_can_use_them(tmp_path: Path) -> None:
    cards = [Card(spent_mj=4_000), Card()]
    has_gpus = True
    counters = Counters(Rapl(tmp_path), Nvml(FakeNvml(cards)).energy, lambda: has_gpus)
    assert counters.spent_j() == 0
    cards[0].spent_mj = 10_000
    assert counters.spent_j() == pytest.approx(6.0)

    # The driver was loaded anew: that counter has no range, so nothing is made up.
    cards[0].spent_mj = 500
    assert counters.spent_j() == 0

    has_gpus = False
    assert counters.spent_j() is None


class Source:
    """Counts as it is told to."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.next_j: list[float | None] = []
        self.read = 0
        self._is_there = is_there

    def are_there(self) -> bool:
        return self._is_there

    def spent_j(self) -> float | None:
        self.read += 1
        return self.next_j.pop(0) if self.next_j else 0.0


@pytest_asyncio.fixture
async def registry() -> AsyncIterator[Registry]:
    registry = Registry(ProcessLauncher(spares=0, nice=10, log=lambda *_said: None))
    yield registry
    await registry.close()


@pytest_asyncio.fixture
async def instance(registry: Registry, models: Path) -> Instance:
    return await _loaded(registry, models, "one")


async def counted(source: Source, times: int) -> None:
    """Wait until so many looks at the counters are over."""
    async with asyncio.timeout(10):
        while source.read < times:  # noqa: ASYNC110 - a thread counts
            await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_requests_at_the_same_time_share_what_is_spent(
    registry: Registry, instance: Instance
) -> None:
    source = Source()
    # Before both, with one, with both until the second ends, and until the first does.
    source.next_j = [100.0, 8.0, 12.0, 0.0, 5.0]
    energy = Energy(source, registry)

    async with registry.request(instance, Work.GENERATING):
        await counted(source, 1)
        async with registry.request(instance, Work.GENERATING):
            await counted(source, 2)
            second = await energy.share_j(0)
            assert second is not None
        await counted(source, 4)
        whole = await energy.share_j(3600)

    assert whole == pytest.approx(8.0 + 12.0 / 2 + 5.0)
    await energy.close()


@pytest.mark.asyncio
async def test_nothing_is_read_while_nobody_asks(registry: Registry, instance: Instance) -> None:
    source = Source()
    energy = Energy(source, registry)
    registry.set_ttl(instance, 60)
    registry.pin(instance, pinned=True)
    await asyncio.sleep(0)
    assert source.read == 0
    await energy.close()


@pytest.mark.asyncio
async def test_nothing_is_read_where_nothing_counts(registry: Registry, instance: Instance) -> None:
    source = Source(is_there=False)
    energy = Energy(source, registry)
    async with registry.request(instance, Work.GENERATING):
        assert await energy.share_j(1) is None
    await energy.close()
    assert source.read == 0


@pytest.mark.asyncio
async def test_the_diary_has_it_and_nothing_where_nothing_is_told(
    registry: Registry, instance: Instance
) -> None:
    source = Source()
    source.next_j = [0.0, 30.0, 0.0, 0.0, None]
    energy = Energy(source, registry)
    books = Books(energy=energy)
    for read in (2, 5):
        async with registry.request(instance, Work.GENERATING):
            await counted(source, read - 1)
            books.answered(instance, Outcome(stop_reason="eosFound", total_s=3600.0))
            await counted(source, read)
        await counted(source, min(read + 1, 5))

    found = (await books.read(Query())).requests

    assert [one.energy_j for one in found] == [None, pytest.approx(30.0)]
    await books.close()


class Stuck:
    """A driver that does not answer."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def are_there(self) -> bool:
        return True

    def spent_j(self) -> float | None:
        self.go_on.wait()
        raise OSError("too late")


@pytest.mark.asyncio
async def test_a_driver_that_hangs_holds_nobody_up(registry: Registry, instance: Instance) -> None:
    source = Stuck()
    energy = Energy(source, registry, patience_s=0.05)
    books = Books(energy=energy)
    async with registry.request(instance, Work.GENERATING):
        books.answered(instance, Outcome(stop_reason="eosFound", total_s=1.0))

    (request,) = (await books.read(Query())).requests

    assert request.energy_j is None
    source.go_on.set()
    await books.close()
