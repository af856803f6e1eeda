"""A load that gets nowhere is ended with a sentence; one that is only slow is not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from lms_jupyter.engine.errors import LoadFailedError
from lms_jupyter.engine.runtimes.discover import Candidate
from lms_jupyter.engine.runtimes.survey import survey_program
from lms_jupyter.engine.worker import handle
from lms_jupyter.engine.worker.handle import WorkerHandle
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Order, Placement
from lms_jupyter.engine.worker.stillness import Patience, Stillness

from .stub_server import write_stub

pytestmark = pytest.mark.asyncio
ORDER = Order(
    identifier="hangs",
    api_key="secret",
    file="/models/hangs.gguf",
    mmproj=None,
    draft_file=None,
    size_bytes=10**9,
    embedding=False,
    placement=Placement(),
    settings=replace(LoadSettings(), cpu_threads=1).settled("llm", 256),
)
SHORT = Patience(idle_s=1.0, computing_s=2.0)

Start = Callable[[str], Awaitable[WorkerHandle]]


@pytest_asyncio.fixture
async def started(tmp_path: Path) -> AsyncIterator[Start]:
    """Start workers on a program that does something instead of loading."""
    workers: list[WorkerHandle] = []

    async def start(load: str) -> WorkerHandle:
        program = write_stub(tmp_path / "llama-server", load=load)
        runtime = await survey_program(Candidate("llama-server", program))
        assert not runtime.problem
        workers.append(await WorkerHandle.start(nice=0, log=lambda *_said: None, runtime=runtime))
        return workers[-1]

    yield start
    for worker in workers:
        await worker.end()


@pytest.mark.parametrize(
    "load", ["exec sleep 1000", "while :; do :; done"], ids=["waits", "computes"]
)
async def test_a_load_that_gets_nowhere_is_ended_with_a_sentence(started: Start, load: str) -> None:
    worker = await started(load)
    async with asyncio.timeout(30):
        with pytest.raises(LoadFailedError) as told:
            await worker.load(ORDER, lambda _fraction: None, SHORT)
    assert not psutil.pid_exists(worker.pid)
    assert "llama-server b10434 (CUDA) hung while it loaded /models/hangs.gguf" in told.value.title
    assert "driver of the GPU may hang" in told.value.hint


async def test_one_that_says_something_is_only_slow(started: Start) -> None:
    said = "".join(f"echo I {number} >&2; sleep 0.25; " for number in range(16))
    worker = await started(f"{said} echo 'E enough' >&2; exit 1")
    with pytest.raises(LoadFailedError, match="enough"):
        await worker.load(
            ORDER, lambda _fraction: None, replace(SHORT, idle_s=3.0, computing_s=3.5)
        )


@pytest_asyncio.fixture
async def still() -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that does nothing any more."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"has begun\n")
    await process.stdout.readline()
    yield process
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.communicate()


async def test_one_that_somebody_has_stopped_may_go_on(still: asyncio.subprocess.Process) -> None:
    clock = iter(range(0, 1000, 5))
    stillness = Stillness(still.pid, Patience(9, 100), lambda: float(next(clock)))
    assert stillness.too_long_s("") == 0
    still.send_signal(signal.SIGSTOP)
    await asyncio.to_thread(os.waitid, os.P_PID, still.pid, os.WSTOPPED | os.WNOWAIT)
    assert [stillness.too_long_s("") for _ in range(5)] == [0] * 5
    still.send_signal(signal.SIGCONT)
    await asyncio.to_thread(os.waitid, os.P_PID, still.pid, os.WCONTINUED | os.WNOWAIT)
    spoken = ("", "", "more", "more", "more")
    assert [stillness.too_long_s(said) for said in spoken] == [0, 10, 0, 0, 10]
    still.kill()
    await still.wait()
    assert stillness.too_long_s("more") == 0


async def test_where_nobody_could_look_nothing_is_counted(
    still: asyncio.subprocess.Process,
) -> None:
    # A container that is frozen holds up the engine as well.
    clock = iter((0, 5, 5000, 5009, 5018, 5027))
    stillness = Stillness(still.pid, Patience(20, 20), lambda: float(next(clock)))
    assert [stillness.too_long_s("") for _ in range(5)] == [0, 0, 0, 0, 27]


async def test_a_process_that_cannot_be_killed_keeps_nobody_waiting(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handle, "GONE_S", 0.2)
    worker = await started("exec sleep 1000")
    real = worker._process
    worker._process = _Unkillable(real.pid)  # type: ignore[assignment]
    async with asyncio.timeout(10):
        await worker.end()
        await worker.end()
    assert not worker.is_running
    assert await worker.exited == -signal.SIGKILL
    real.kill()
    await real.wait()


@dataclass
class _Unkillable:
    """A process that is stuck in the system."""

    pid: int

    def kill(self) -> None:
        pass
