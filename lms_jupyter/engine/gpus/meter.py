"""Measures the GPUs' memory: one look for all who ask at nearly the same time.

Drivers may take long to answer, or never answer once they are broken: they are asked in a thread
of their own, and whoever waits for it waits a bounded time. Without a GPU nothing is asked.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from lms_jupyter.engine.gpus.amd import Amd
from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.gpus.gpu import Gpu, Reading
from lms_jupyter.engine.gpus.holders import Holder, holders
from lms_jupyter.engine.gpus.joining import is_unified, joined
from lms_jupyter.engine.gpus.nvml import Nvml

logger = logging.getLogger(__name__)

FRESH_S: Final = 0.5
"""For so long one look is good for all."""
PATIENCE_S: Final = 2.0


_Answer: TypeAlias = tuple[tuple[Reading, ...], Mapping[int, Holder]]


class Driver(Protocol):
    """Somebody who tells the memory of some GPUs."""

    def read(self) -> tuple[Reading, ...]:
        """Return what is told now; may take its time."""


def _nothing() -> Mapping[str, int]:
    return {}


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
        self._patience_s = patience_s
        self.held: Callable[[], Mapping[str, int]] = _nothing
        self._held_before: dict[Device, int] = {}
        self._readings: tuple[Reading, ...] = ()
        self.holders: Mapping[int, Holder] = {}
        """Who the processes are that the last look has named."""
        self._read_at = -FRESH_S
        self._reading: asyncio.Task[None] | None = None
        self._is_asked = False

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
            one.name: self._held_before.setdefault(one, held.get(one.name, 0)) for one in devices
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
        """Ask all drivers, in a thread that nobody has to wait for at the end."""
        try:
            if self._is_asked:
                # The last question has no answer yet.
                return
            self._is_asked = True
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[_Answer] = loop.create_future()
            threading.Thread(
                target=self._ask, args=(loop, answer), name="GPU memory", daemon=True
            ).start()
            try:
                async with asyncio.timeout(self._patience_s):
                    self._readings, self.holders = await answer
            except TimeoutError:
                self._readings, self.holders = (), {}
        finally:
            self._read_at = time.monotonic()
            self._reading = None

    def _ask(self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[_Answer]) -> None:
        readings: tuple[Reading, ...] = ()
        named: Mapping[int, Holder] = {}
        try:
            readings = tuple(reading for driver in self._drivers for reading in driver.read())
            named = holders({pid for reading in readings for pid in reading.by_process or ()})
        except Exception:
            logger.exception("the memory of the GPUs cannot be told")
        finally:
            self._is_asked = False

        def tell() -> None:
            if not answer.done():
                answer.set_result((readings, named))

        if not loop.is_closed():
            loop.call_soon_threadsafe(tell)
