"""Where workers come from: started when needed, or kept warm in advance."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from lms_jupyter.engine.runtimes.runtime import Runtime, installed
from lms_jupyter.engine.worker.handle import LogSink, WorkerHandle

_log = logging.getLogger(__name__)


class Launcher(Protocol):
    """Hands out workers that wait for an order."""

    async def take(self) -> WorkerHandle:
        """Return a worker that nobody else has; the caller must `end` it."""

    def refill(self) -> None:
        """Say that this is a good moment to prepare the next one."""

    async def close(self) -> None:
        """End the workers that nobody took."""


class ProcessLauncher:
    """Starts real processes and keeps up to `spares` of them warm."""

    def __init__(
        self,
        *,
        spares: int,
        nice: int,
        log: LogSink,
        runtime: Callable[[], Awaitable[Runtime]] | None = None,
    ) -> None:
        self._runtime = runtime
        self._spares = spares
        self._nice = nice
        self._log = log
        self._waiting: list[WorkerHandle] = []
        self._filling: asyncio.Task[None] | None = None

    async def take(self) -> WorkerHandle:
        """Return a warm worker of the selected runtime if one waits, else start one."""
        runtime = await self._selected()
        while self._waiting:
            worker = self._waiting.pop()
            if worker.is_running and worker.runtime == runtime:
                return worker
            await worker.end()
        return await self._start(runtime)

    def refill(self) -> None:
        """Start the missing spares in the background, one after the other."""
        idle = self._filling is None or self._filling.done()
        if idle and len(self._waiting) < self._spares:
            self._filling = asyncio.create_task(self._fill())

    async def close(self) -> None:
        """End the spares."""
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.wait([self._filling])
        while self._waiting:
            await self._waiting.pop().end()

    def replace(self) -> None:
        """Say that another runtime is selected: the spares are to be of that one."""
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        while True:
            runtime = await self._selected()
            for worker in [spare for spare in self._waiting if spare.runtime != runtime]:
                self._waiting.remove(worker)
                await worker.end()
            if len(self._waiting) >= self._spares:
                return
            try:
                worker = await self._start(runtime)
            except OSError as error:
                _log.warning("no spare process could be started: %s", error)
                return
            self._waiting.append(worker)
            await worker.warm()
            if not worker.is_running:
                return

    async def _selected(self) -> Runtime:
        return installed() if self._runtime is None else await self._runtime()

    async def _start(self, runtime: Runtime) -> WorkerHandle:
        return await WorkerHandle.start(nice=self._nice, log=self._log, runtime=runtime)
