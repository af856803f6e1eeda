"""GPUs in the activity: their memory, who holds it, and what each instance holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lms_jupyter.engine.instances.activity import look
from lms_jupyter.engine.instances.gpu_room import GpuRoom
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.wire.activity import activity_packet
from lms_jupyter.engine.worker.launcher import ProcessLauncher

from .fakes import GB, Card
from .test_gpu_room import RUNTIME, Bench


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that is not ours: its parent is another one."""
    script = (
        "import subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE); "
        "print(child.pid, flush=True); input(); child.kill(); child.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as between:
        assert between.stdout is not None
        yield int(between.stdout.readline())
        between.communicate("\n")


@pytest.mark.asyncio
async def test_without_a_gpu_the_list_is_empty() -> None:
    bench = Bench(cards=[])
    registry = Registry(ProcessLauncher(spares=0, nice=10, log=lambda *_said: None))
    packet = activity_packet(await look(registry, bench.meter))
    assert packet["memory"]["gpus"] == []


@pytest.mark.asyncio
async def test_an_instance_has_its_part_and_others_are_named(models: Path, stranger: int) -> None:
    card = Card(total=24 * GB, free=12 * GB)
    bench = Bench([card])
    registry = Registry(
        ProcessLauncher(spares=0, nice=10, log=lambda *_said: None),
        bench.guardrail.check,
        GpuRoom(bench.meter, lambda: RUNTIME, 0.9),
    )
    try:
        instance = await registry.load(await bench.plan(models, "tiny-llm")).settled()
        assert instance.worker is not None
        card.computing = {instance.worker.pid: 3 * GB, stranger: 8 * GB, 2**22 + 1: GB}
        await bench.meter.look(fresh=True)
        packet = activity_packet(await look(registry, bench.meter))
    finally:
        await registry.close()

    (told,) = packet["instances"]
    assert told["gpuMemory"] == [{"gpuId": "CUDA0", "memoryBytes": 3 * GB}]
    (gpu,) = packet["memory"]["gpus"]
    assert gpu | {"users": None} == {
        "gpuId": "CUDA0",
        "name": "NVIDIA GeForce RTX 4090",
        "totalBytes": 24 * GB,
        "availableBytes": 12 * GB,
        "users": None,
    }
    users = {user["pid"]: (user["name"], user["memoryBytes"]) for user in gpu["users"]}
    assert users.pop(2**22 + 1) == ("another program", GB)
    name, size = users.pop(stranger)
    assert size == 8 * GB
    # In a container it is told only of programs that clearly use a GPU.
    assert name in {psutil.Process(os.getpid()).name(), "another program"} or "python" in name
    assert users == {}


@pytest.mark.asyncio
async def test_where_the_driver_numbers_processes_otherwise_nobody_is_told_twice(
    models: Path,
) -> None:
    card = Card(computing={4242: 3 * GB})
    bench = Bench([card])
    registry = Registry(ProcessLauncher(spares=0, nice=10, log=lambda *_said: None))
    try:
        instance = await registry.load(await bench.plan(models, "tiny-llm")).settled()
        assert instance.worker is not None
        instance.worker.buffers.note("load_tensors: CUDA0 model buffer size = 100.00 MiB")
        packet = activity_packet(await look(registry, bench.meter))
    finally:
        await registry.close()

    assert packet["instances"][0]["gpuMemory"] == [{"gpuId": "CUDA0", "memoryBytes": 100 * 2**20}]
    assert packet["memory"]["gpus"][0]["users"] == []
