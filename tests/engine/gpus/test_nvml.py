"""What NVIDIA's driver tells, and what is made of its errors."""

from __future__ import annotations

import pytest

from lms_jupyter.engine.gpus.nvml import Nvml

from .fakes import GB, Card, FakeNvml, NVMLError, NVMLError_LibraryNotFound


@pytest.mark.parametrize("in_bytes", [False, True])
def test_a_gpu_is_told_with_its_memory_and_who_holds_it(in_bytes: bool) -> None:  # noqa: FBT001
    card = Card(computing={10: 3 * GB, 11: GB}, drawing={11: GB, 12: GB // 2})

    (reading,) = Nvml(FakeNvml([card], in_bytes=in_bytes)).read()

    assert (reading.name, reading.uuid) == ("NVIDIA GeForce RTX 4090", "GPU-1")
    assert reading.bus_id == "0000:01:00.0"
    assert (reading.total_bytes, reading.free_bytes) == (24 * GB, 20 * GB)
    assert reading.by_process == {10: 3 * GB, 11: GB, 12: GB // 2}


def test_the_slices_of_a_gpu_stand_in_its_place_and_are_named() -> None:
    slices = [
        Card(name="NVIDIA H100 MIG 1g.10gb", uuid=f"MIG-{n}", total=10 * GB, free=n * GB)
        for n in (1, 2)
    ]
    slices[0].broken = {"computing", "drawing"}

    one, two = Nvml(FakeNvml([Card(name="NVIDIA H100", slices=slices)])).read()

    assert (one.name, one.uuid, one.free_bytes) == ("NVIDIA H100 MIG 1g.10gb", "MIG-1", GB)
    assert one.by_process is None
    assert (two.uuid, two.by_process) == ("MIG-2", {})


@pytest.mark.parametrize("call", ["handle", "pci", "memory", "name"])
def test_a_gpu_that_does_not_answer_is_left_out_and_the_others_told(call: str) -> None:
    readings = Nvml(FakeNvml([Card(broken={call}), Card(uuid="GPU-2")])).read()
    assert [one.uuid for one in readings] == ["GPU-2"]


@pytest.mark.parametrize("call", ["uuid", "mig"])
def test_what_is_only_beside_the_memory_may_fail(call: str) -> None:
    (reading,) = Nvml(FakeNvml([Card(broken={call})])).read()
    assert reading.free_bytes == 20 * GB


def test_holders_are_not_told_if_the_driver_hides_them_or_their_memory() -> None:
    hidden = Card(broken={"computing", "drawing"})
    untold = Card(computing={10: None})
    readings = Nvml(FakeNvml([hidden, untold])).read()
    assert [one.by_process for one in readings] == [None, None]


def test_after_a_reset_of_the_driver_it_is_asked_anew() -> None:
    library = FakeNvml([Card()])
    nvml = Nvml(library)
    assert nvml.read()
    library.is_lost = True
    assert nvml.read() == ()
    library.is_lost = False
    assert nvml.read()
    assert library.opened == 2


def test_without_the_driver_nobody_asks_again() -> None:
    class Absent(FakeNvml):
        def nvmlInit(self) -> None:  # noqa: N802
            super().nvmlInit()
            raise NVMLError_LibraryNotFound

    library = Absent([Card()])
    nvml = Nvml(library)
    assert nvml.read() == nvml.read() == ()
    assert library.opened == 1


def test_a_driver_that_is_not_ready_is_asked_again() -> None:
    class Slow(FakeNvml):
        def nvmlInit(self) -> None:  # noqa: N802
            super().nvmlInit()
            if self.opened == 1:
                raise NVMLError("driver not loaded")

    nvml = Nvml(Slow([Card()]))
    assert nvml.read() == ()
    assert nvml.read()
