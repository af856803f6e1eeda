"""One look at the GPUs for all who ask, in a thread, and never for ever."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from lms_jupyter.engine.gpus.gpu import Reading
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.gpus.nvml import Nvml

from .fakes import GB, Card, FakeNvml, device


class Counting:
    """A driver that counts its readings."""

    def __init__(self) -> None:
        self.readings = 0
        self.threads: set[str] = set()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def read(self) -> tuple[Reading, ...]:
        self.readings += 1
        self.threads.add(threading.current_thread().name)
        self.may_answer.wait(20)
        name = "NVIDIA GeForce RTX 4090"
        return (Reading(name=name, total_bytes=24 * GB, free_bytes=self.readings),)


@pytest.mark.asyncio
async def test_all_who_ask_at_the_same_time_share_one_look() -> None:
    driver = Counting()
    meter = GpuMeter(lambda: (device(),), [driver], {})

    looks = await asyncio.gather(*(meter.look() for _ in range(50)))

    assert {gpu.free_bytes for (gpu,) in looks} == {1}
    assert driver.readings == 1
    assert (await meter.look(fresh=True))[0].free_bytes == 2
    assert (await meter.look())[0].free_bytes == 2
    assert driver.threads == {"GPU memory"}


@pytest.mark.asyncio
async def test_without_a_gpu_no_driver_is_asked() -> None:
    driver = Counting()
    meter = GpuMeter(lambda: (), [driver], {})
    assert await meter.look(fresh=True) == ()
    assert driver.readings == 0


@pytest.mark.asyncio
async def test_a_driver_that_never_answers_holds_nobody_up_and_is_not_asked_twice() -> None:
    driver = Counting()
    driver.may_answer.clear()
    meter = GpuMeter(lambda: (device(),), [driver], {}, patience_s=0.05)
    try:
        (gpu,) = await meter.look()
        assert (gpu.free_bytes, gpu.is_measured) == (23 * GB, False)
        await meter.look(fresh=True)
        assert driver.readings == 1
    finally:
        driver.may_answer.set()


@pytest.mark.asyncio
async def test_who_holds_memory_is_named() -> None:
    card = Card(computing={os.getpid(): GB, 2**22 + 1: GB})
    meter = GpuMeter(lambda: (device(),), [Nvml(FakeNvml([card]))], {})

    (gpu,) = await meter.look()

    assert gpu.by_process == {os.getpid(): GB, 2**22 + 1: GB}
    assert set(meter.holders) == {os.getpid(), 2**22 + 1}
    assert meter.holders[2**22 + 1].name == ""


@pytest.mark.asyncio
async def test_what_was_held_before_llama_cpp_listed_its_devices_is_not_taken_off_twice() -> None:
    held = {"CUDA0": 4 * GB}
    devices = [device()]
    meter = GpuMeter(lambda: tuple(devices), [], {})
    meter.held = lambda: held
    assert (await meter.look())[0].free_bytes == 23 * GB
    held["CUDA0"] = 6 * GB
    assert (await meter.look())[0].free_bytes == 21 * GB


@pytest.mark.asyncio
async def test_whatever_a_driver_does_it_ends_in_less_being_told() -> None:
    class Broken:
        def read(self) -> tuple[Reading, ...]:
            raise OSError("no such device")

    meter = GpuMeter(lambda: (device(),), [Broken()], {})
    for _ in range(2):
        (gpu,) = await meter.look(fresh=True)
        assert (gpu.free_bytes, gpu.is_measured) == (23 * GB, False)
