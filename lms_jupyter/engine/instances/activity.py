"""What goes on in the engine, for whoever wants to watch it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace

from lms_jupyter.engine import machine
from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.instances.departures import GaveWay
from lms_jupyter.engine.instances.instance import Instance, now
from lms_jupyter.engine.instances.lifecycle import Moment
from lms_jupyter.engine.instances.registry import Registry

MIN_INTERVAL_S = 0.1
REFRESH_S = 2.0
"""Memory and speed change without an event; look again this often while anything is loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One look: the instances with their memory, the loads, and the machine's memory."""

    at: Moment
    instances: tuple[tuple[Instance, int], ...]
    loads: tuple[Instance, ...]
    memory: machine.Memory
    gpus: tuple[Gpu, ...] = ()
    given: tuple[GaveWay, ...] = ()
    """What has left for other programs, oldest first."""
    users: Mapping[int, str] = field(default_factory=dict)
    """Who else holds memory of GPUs: process id → the name of its program, empty if unknown."""


def seen(registry: Registry, meter: GpuMeter) -> Activity:
    """Look now, at GPUs as they were at the last look."""
    return Activity(
        at=now(),
        instances=tuple((instance, _resident(instance)) for instance in registry.instances),
        loads=registry.loads,
        memory=machine.memory(),
        given=tuple(registry.departures.given),
        gpus=tuple(_trusted(gpu, registry) for gpu in meter.last),
        users={
            pid: holder.name
            for pid, holder in meter.holders.items()
            if holder.parent != os.getpid()
        },
    )


async def look(registry: Registry, meter: GpuMeter) -> Activity:
    """Look now, at GPUs as well."""
    await meter.look()
    return seen(registry, meter)


def _trusted(gpu: Gpu, registry: Registry) -> Gpu:
    """Forget who holds memory where the driver names processes otherwise than we see them.

    In a container it may give the numbers that they have outside: our own workers show it.
    """
    for instance in registry.instances:
        worker = instance.worker
        if worker and gpu.gpu_id in worker.buffers.by_device and worker.pid not in gpu.by_process:
            return replace(gpu, by_process={}, names_holders=False)
    return gpu


async def watch(registry: Registry, meter: GpuMeter) -> AsyncGenerator[Activity]:
    """Yield a look at once and then after every change, at most ten a second."""
    changed = asyncio.Event()
    stop = registry.listen(changed.set)
    try:
        while True:
            changed.clear()
            yield await look(registry, meter)
            await asyncio.sleep(MIN_INTERVAL_S)
            patience_s = REFRESH_S if registry.instances or registry.loads else None
            try:
                async with asyncio.timeout(patience_s):
                    await changed.wait()
            except TimeoutError:
                continue
    finally:
        stop()


def _resident(instance: Instance) -> int:
    return instance.worker.resident_bytes() if instance.worker is not None else 0
