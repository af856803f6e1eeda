"""The engine's side of one worker process: start it, give it a model, hear how it goes, end it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from lms_jupyter.engine import machine
from lms_jupyter.engine.gpus.buffers import Buffers
from lms_jupyter.engine.runtimes.runtime import Runtime, installed
from lms_jupyter.engine.worker.load_failure import explain, hanging
from lms_jupyter.engine.worker.messages import Order, Serving, Warm, read_report, write_order
from lms_jupyter.engine.worker.process import Process
from lms_jupyter.engine.worker.stillness import Patience, Stillness

STATE_PREFIX = b"cmd_child_to_router:state:"
READY = b"cmd_child_to_router:ready"
"""What releases say that do not tell how far they are."""
LISTENING = re.compile(r"listening on (?:http://)?(?P<address>127\.0\.0\.1:\d+)")
STDERR_LINES = 100
MAX_LINE_BYTES = 2**24
SAMPLE_EVERY_S = 0.05
LAST_WORDS_S = 2.0
GONE_S = 20.0
"""How long a killed process may take to be gone; one that hangs in a driver never is."""
EMPTY_WORKER_BYTES = 30_000_000
"""What a worker weighs before it has loaded anything."""

_UNREADABLE = (msgspec.DecodeError, AttributeError, LookupError, TypeError, ValueError)
_NO_FLASH = re.compile("Flash Attention (?:was auto|not supported), set to disabled")

logger = logging.getLogger(__name__)
LogSink = Callable[["WorkerHandle", str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A loaded worker: where it listens, and what it says about its model."""

    address: str
    context_length: int | None
    gpu: bool
    flash_attention: bool
    locked: bool | None
    """Whether the system keeps its memory from being paged out; `None` if that is not known."""
    refused: tuple[str, ...]


class WorkerHandle:
    """One worker process: `start` makes it, `load` gives it a model, `end` is safe at any time."""

    def __init__(self, process: Process, log: LogSink, runtime: Runtime) -> None:
        self._process = process
        self.runtime = runtime
        self._address = ""
        self._stdin, self._stdout, self._errors = process.stdin, process.stdout, process.stderr
        self._log = log
        self._reported = 0.0
        self._model: dict[str, Any] = {}
        self._is_ready = False
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._lines = 0
        loop = asyncio.get_running_loop()
        self._warm: asyncio.Future[None] = loop.create_future()
        self._serving: asyncio.Future[Serving] = loop.create_future()
        self._readers = [
            asyncio.create_task(self._read_stdout()),
            asyncio.create_task(self._read_stderr()),
        ]
        self.buffers = Buffers()
        self.identifier = ""
        self.api_key = ""
        self.exited: asyncio.Future[int] = loop.create_future()
        self._waiting = asyncio.create_task(self._wait())

    @classmethod
    async def start(
        cls, *, nice: int, log: LogSink, runtime: Runtime | None = None
    ) -> WorkerHandle:
        """Start a worker that waits for its order: with llama.cpp imported, or about to become it.

        Args:
            nice: How much it stands back, from 0 to 19.
            log: Gets what it writes.
            runtime: What it runs on; the installed xllamacpp if it is not said.
        """
        runtime = runtime or installed()
        environment = os.environ | {
            "LLAMA_SERVER_ROUTER_PORT": "1",
            "GGML_NO_BACKTRACE": "1",
            "GOMP_SPINCOUNT": "1000",
        }
        kind = "main" if runtime.program is None else "program"
        program = [sys.executable, "-P", "-m", f"{__package__}.{kind}", str(os.getpid()), str(nice)]
        if runtime.program is not None:
            program.append(str(runtime.program))
        starting = asyncio.ensure_future(Process.start(program, environment, limit=MAX_LINE_BYTES))
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await cls(await starting, log, runtime).end()
            raise
        return cls(process, log, runtime)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process still exists."""
        return not self.exited.done()

    @property
    def is_read(self) -> bool:
        """Whether llama.cpp has read the file, and gets ready to serve it."""
        return self._reported >= 1.0

    @property
    def stderr(self) -> tuple[str, ...]:
        """The last lines that llama.cpp wrote."""
        return tuple(self._stderr)

    async def load(
        self,
        order: Order,
        on_progress: Callable[[float], None],
        patience: Patience = Patience(),  # noqa: B008 - nobody can change it
    ) -> Listening:
        """Load a model and return when the worker serves it.

        `on_progress` gets fractions up to 0.95 while the file is read. If the caller is cancelled,
        it still has to `end` the worker.

        Raises:
            LoadFailedError: With llama.cpp's reason.
        """
        self.identifier, self.api_key = order.identifier, order.api_key
        flags = tuple(sorted(self.runtime.flags))
        self._stdin.write(write_order(replace(order, flags=flags)))
        awaited: set[asyncio.Future[Any]] = {self._serving, self.exited}
        stillness = Stillness(self.pid, patience)
        while not self._serving.done():
            on_progress(0.95 * self._fraction(order.size_bytes))
            await asyncio.wait(
                awaited,
                timeout=SAMPLE_EVERY_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if still_s := stillness.too_long_s((self._lines, self._reported)):
                await self.end()
                raise hanging(Path(order.file), still_s, self.runtime.label)
            if self._readers[0].done() and not self._serving.done():
                # It can no longer say that it is ready: nobody may wait for that for ever. Most
                # often it is ending, and says why by its exit code.
                await asyncio.wait([self.exited], timeout=LAST_WORDS_S)
                await self.end()
            if self.exited.done() and not self._serving.done():
                await asyncio.wait(self._readers)
                raise explain(self.stderr, self.exited.result(), Path(order.file))
        serving = self._serving.result()
        context_length = self._model.get("meta", {}).get("n_ctx")
        return Listening(
            address=serving.address,
            context_length=context_length if isinstance(context_length, int) else None,
            gpu=serving.gpu,
            flash_attention=not any(_NO_FLASH.search(line) for line in self._stderr),
            locked=machine.is_locked(self.pid),
            refused=serving.refused,
        )

    async def warm(self) -> None:
        """Wait until the worker has imported llama.cpp, or has died in the attempt."""
        awaited: set[asyncio.Future[Any]] = {self._warm, self.exited}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)

    async def end(self) -> None:
        """Kill the process and return when it no longer exists, or seems never to go."""
        if self.is_running:
            self._process.kill()
            await asyncio.wait([self.exited], timeout=GONE_S)
        if self.is_running:
            logger.error(
                "process %s cannot be ended: it hangs in the system, maybe in a driver", self.pid
            )
            for task in (self._waiting, *self._readers):
                task.cancel()
            self.exited.set_result(-signal.SIGKILL)
        await asyncio.wait(self._readers)
        self._stdin.close()

    def resident_bytes(self) -> int:
        """Measure the resident memory of the process."""
        return machine.resident_bytes(self.pid) if self.is_running else 0

    def mapped_bytes(self) -> int:
        """Measure how much of that are files, which the system counts as cache."""
        return machine.mapped_bytes(self.pid) if self.is_running else 0

    def _fraction(self, size_bytes: int) -> float:
        """Return the larger of what llama.cpp says and what memory shows.

        llama.cpp sees a memory-mapped file only when all of it is there; the resident memory grows
        with it.
        """
        grown = (self.resident_bytes() - EMPTY_WORKER_BYTES) / max(1, size_bytes)
        return min(1.0, max(0.0, self._reported, grown))

    async def _wait(self) -> None:
        self.exited.set_result(await self._process.wait())

    async def _read_stdout(self) -> None:
        async for line in self._stdout:
            with contextlib.suppress(*_UNREADABLE):
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        """Take in one line: llama.cpp's reports, which may change with its version, or ours."""
        if line.startswith(STATE_PREFIX):
            report = msgspec.json.decode(line[len(STATE_PREFIX) :])
            if report["state"] == "loading":
                self._reported = max(self._reported, _overall(report["payload"]))
            elif report["state"] == "ready":
                self._model = report["payload"]
                self._is_ready = True
                self._serve()
            return
        if line.startswith(READY):
            self._is_ready = True
            self._serve()
            return
        match read_report(line):
            case Warm():
                self._warm.set_result(None)
            case Serving() as serving:
                self._serving.set_result(serving)

    async def _read_stderr(self) -> None:
        async for line in self._errors:
            text = line.decode(errors="replace").rstrip()
            self._stderr.append(text)
            self._lines += 1
            self.buffers.note(text)
            self._log(self, text)
            if self.runtime.program is not None and (found := LISTENING.search(text)):
                self._address = f"http://{found['address']}"
                self._serve()

    def _serve(self) -> None:
        """Take note that a program serves, once it is ready and has said where it listens."""
        if self._address and self._is_ready and not self._serving.done():
            gpu = bool(self.runtime.devices)
            self._serving.set_result(Serving(address=self._address, gpu=gpu, refused=()))


def _overall(payload: dict[str, Any]) -> float:
    """Return the progress over all stages (text model, projector, draft) as one fraction."""
    stages = payload.get("stages") or [payload["current"]]
    done = stages.index(payload["current"]) if payload["current"] in stages else 0
    return (done + float(payload["value"])) / len(stages)
