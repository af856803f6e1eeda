"""What goes on in the engine, for whoever wants to watch it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from lms_jupyter.engine import machine
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


def look(registry: Registry) -> Activity:
    """Look now."""
    return Activity(
        at=now(),
        instances=tuple((one, _resident(one)) for one in registry.instances),
        loads=registry.loads,
        memory=machine.memory(),
    )


async def watch(registry: Registry) -> AsyncGenerator[Activity]:
    """Yield a look at once and then after every change, at most ten a second."""
    changed = asyncio.Event()
    stop = registry.listen(changed.set)
    try:
        while True:
            changed.clear()
            yield look(registry)
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
