"""Gives memory back that another program needs: instances that idle leave, longest idle first.

Off unless the engine is told how much is to stay free. What is pinned or kept stays, what works
stays, and so does what a cell counts on that runs; what left comes back when it is used next.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import psutil

from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.gpus.holders import Holder
from lms_jupyter.engine.instances import pressure
from lms_jupyter.engine.instances.departures import GaveWay
from lms_jupyter.engine.instances.gpu_shares import held_by
from lms_jupyter.engine.instances.instance import Instance, now
from lms_jupyter.engine.instances.pressure import Pressure
from lms_jupyter.engine.instances.registry import Registry

WHY: Final = "gave way"
EVERY_S: Final = 2.0
"""Between two looks while anything is loaded."""
SETTLES_S: Final = 10.0
"""How long what Linux says of the last ten seconds still speaks of what has left since."""
MANY_BYTES: Final = 200_000_000
"""Who holds less is not who needs the memory."""

logger = logging.getLogger(__name__)


class Meter(Protocol):
    """What is asked about GPUs."""

    @property
    def has_gpus(self) -> bool:
        """Whether there are any."""

    @property
    def holders(self) -> Mapping[int, Holder]:
        """Who the processes are that hold memory of them."""

    async def look(self) -> tuple[Gpu, ...]:
        """Return them as they are now."""


@dataclass(slots=True, kw_only=True)
class GivingWay:
    """Watches memory for as long as `watch` runs; with `reserve_bytes` 0 it never looks."""

    registry: Registry
    meter: Meter
    reserve_bytes: int
    promised: Callable[[], int] = lambda: 0
    """How much of what is free loads under way have yet to take."""
    look: Callable[[], Pressure] = pressure.look
    _stalled_until_s: float = 0.0

    @property
    def is_on(self) -> bool:
        """Whether anything ever gives way."""
        return self.reserve_bytes > 0

    async def watch(self) -> None:
        """Look again and again until cancelled; costs nothing while nothing is loaded."""
        changed = asyncio.Event()
        stop = self.registry.listen(changed.set)
        try:
            while self.is_on:
                changed.clear()
                if not self.registry.instances:
                    await changed.wait()
                try:
                    await self.check()
                except OSError:
                    logger.exception("memory cannot be watched")
                await asyncio.sleep(EVERY_S)
        finally:
            stop()

    async def check(self) -> GaveWay | None:
        """Look once; end the longest idle instance that holds of what is short, if any does."""
        candidates = [instance for instance in self.registry.instances if _may_go(instance)]
        if not candidates:
            return None
        candidates.sort(key=_idle_since)
        gpus = await self.meter.look() if self.meter.has_gpus else ()
        for gpu in gpus:
            if not gpu.is_unified and gpu.free_bytes < self.reserve_bytes:
                for candidate in candidates:
                    if held_by(candidate, [gpu]):
                        return await self._end(candidate, gpus, self._holder_on(gpu))
        seen = self.look()
        short = seen.free_bytes - self.promised() < self.reserve_bytes
        stalled = seen.is_stalled and time.monotonic() > self._stalled_until_s
        if short or (stalled and not self.registry.loads):
            self._stalled_until_s = time.monotonic() + SETTLES_S
            # What lies on GPUs gives little back here: it leaves when nothing else can.
            candidates.sort(key=lambda instance: _lies_on_gpus(instance, gpus))
            return await self._end(candidates[0], gpus, await asyncio.to_thread(_largest))
        return None

    async def _end(
        self, instance: Instance, gpus: Iterable[Gpu], to: tuple[int | None, str]
    ) -> GaveWay | None:
        if not _may_go(instance):
            # It was used while somebody was looked for who needs the memory.
            return None
        pid, name = to
        worker = instance.worker
        gave = GaveWay(
            identifier=instance.identifier,
            reference=instance.reference,
            main_bytes=worker.resident_bytes() if worker else 0,
            gpu_bytes=sum(held_by(instance, gpus).values()),
            to=name,
            pid=pid,
            at=now(),
        )
        self.registry.departures.given.append(gave)
        logger.info("%s gives way to %s", instance.identifier, name or "another program")
        await self.registry.unload(instance, WHY, name)
        return gave

    def _holder_on(self, gpu: Gpu) -> tuple[int | None, str]:
        """Return who else holds most of a GPU."""
        ours = {instance.worker.pid for instance in self.registry.instances if instance.worker}
        others = {
            pid: size
            for pid, size in gpu.by_process.items()
            if pid not in ours and pid in self.meter.holders
        }
        if not others:
            return None, ""
        pid = max(others, key=others.__getitem__)
        return pid, self.meter.holders[pid].name


def _may_go(instance: Instance) -> bool:
    state = instance.state
    held = instance.held_until_s > time.monotonic()
    return state.is_idle and not state.pinned and state.keep is None and not held


def _idle_since(instance: Instance) -> float:
    idle_since = instance.state.idle_since
    return idle_since.monotonic_s if idle_since else 0.0


def _lies_on_gpus(instance: Instance, gpus: Iterable[Gpu]) -> bool:
    """Whether an instance holds more of GPUs with memory of their own than of main memory."""
    worker = instance.worker
    own = [gpu for gpu in gpus if not gpu.is_unified]
    main_bytes = worker.resident_bytes() - worker.mapped_bytes() if worker else 0
    return sum(held_by(instance, own).values()) > main_bytes


def _largest() -> tuple[int | None, str]:
    """Return the process that holds most main memory and is none of ours."""
    own = psutil.Process()
    ours = {own.pid, *(child.pid for child in own.children(recursive=True))}
    most: tuple[int, int | None, str] = (MANY_BYTES, None, "")
    for process in psutil.process_iter(["memory_info", "name"]):
        memory = process.info["memory_info"]
        if memory is not None and process.pid not in ours and memory.rss > most[0]:
            most = (memory.rss, process.pid, process.info["name"] or "")
    return most[1:]
