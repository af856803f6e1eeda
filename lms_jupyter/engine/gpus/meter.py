"""Measures the GPUs' memory: one look for all who ask at nearly the same time.

Whoever waits for the drivers waits a bounded time. Without a GPU nothing is asked.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from lms_jupyter.engine.gpus.amd import Amd
from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.gpus.driver_thread import PATIENCE_S, DriverThread
from lms_jupyter.engine.gpus.gpu import Gpu, Reading
from lms_jupyter.engine.gpus.holders import Holder, holders
from lms_jupyter.engine.gpus.joining import is_unified, joined
from lms_jupyter.engine.gpus.nvml import Nvml

FRESH_S: Final = 0.5
"""For so long one look is good for all."""


_Answer: TypeAlias = tuple[tuple[Reading, ...], Mapping[int, Holder]]


class Driver(Protocol):
    """Somebody who tells the memory of some GPUs."""

    def read(self) -> tuple[Reading, ...]:
        """Return what is told now; may take its time."""


class GpuMeter:
    """The GPUs that llama.cpp can use now, with their memory.

    `devices` are those of the selected build of llama.cpp; `held` says how much of each our own
    instances hold, for the GPUs whose driver tells nothing.
    """

    def __init__(
        self,
        devices: Callable[[], Sequence[Device]],
        drivers: Iterable[Driver] | None = None,
        environment: Mapping[str, str] = os.environ,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._devices = devices
        self._drivers = (Nvml(), Amd()) if drivers is None else tuple(drivers)
        self._environment = environment
        self._driver = DriverThread(self._ask, "GPU memory", patience_s)
        self.held: Callable[[], Mapping[str, int]] = dict
        self._held_before: dict[Device, int] = {}
        self._readings: tuple[Reading, ...] = ()
        self.holders: Mapping[int, Holder] = {}
        """Who the processes are that the last look has named."""
        self._read_at = -FRESH_S
        self._reading: asyncio.Task[None] | None = None

    @property
    def has_gpus(self) -> bool:
        """Whether llama.cpp can use any."""
        return bool(self._devices())

    @property
    def last(self) -> tuple[Gpu, ...]:
        """The GPUs as they were at the last look."""
        devices = self._devices()
        if not devices:
            return ()
        held = self.held()
        before = {
            device.name: self._held_before.setdefault(device, held.get(device.name, 0))
            for device in devices
        }
        since = {name: max(0, size - before.get(name, 0)) for name, size in held.items()}
        return joined(devices, self._readings, self._environment, since)

    async def look(self, *, fresh: bool = False) -> tuple[Gpu, ...]:
        """Return the GPUs as they are, at most half a second ago; with `fresh`, from now on."""
        if all(is_unified(device) for device in self._devices()):
            return self.last
        if self._reading is None and (fresh or time.monotonic() - self._read_at >= FRESH_S):
            self._reading = asyncio.create_task(self._read())
        if self._reading is not None:
            await asyncio.shield(self._reading)
        return self.last

    async def _read(self) -> None:
        try:
            self._readings, self.holders = await self._driver.answer() or ((), {})
        finally:
            self._read_at = time.monotonic()
            self._reading = None

    def _ask(self) -> _Answer:
        readings = tuple(reading for driver in self._drivers for reading in driver.read())
        return readings, holders({pid for reading in readings for pid in reading.by_process or ()})
