"""Processes that are started beside the event loop: streams, exit codes, and nothing left."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from lms_jupyter.engine.worker.process import NOT_EXECUTED, Process

LIMIT = 2**16
ECHO = """
import os, sys
print(os.getsid(0) == os.getpid(), os.environ["WORD"], flush=True)
for line in sys.stdin: print(line.upper(), end="", flush=True)
print("the end", file=sys.stderr)
sys.exit(7)
"""


async def _start(*arguments: str, **environment: str) -> Process:
    return await Process.start([*arguments], environment, limit=LIMIT)


@pytest.mark.asyncio
async def test_a_process_hears_speaks_and_ends_with_its_code() -> None:
    process = await _start(sys.executable, "-c", ECHO, WORD="here")
    assert await process.stdout.readline() == b"True here\n"
    process.stdin.write(b"one\n")
    assert await process.stdout.readline() == b"ONE\n"
    process.stdin.close()
    assert await process.wait() == 7
    assert await process.stderr.read() == b"the end\n"
    assert not psutil.pid_exists(process.pid)
    process.kill()


@pytest.mark.asyncio
async def test_a_process_that_is_killed_ends_with_the_signal() -> None:
    process = await _start(sys.executable, "-c", "import sys; sys.stdin.read()")
    waiting = asyncio.create_task(process.wait())
    process.kill()
    assert await waiting == await process.wait() == -9
    process.stdin.close()


@pytest.mark.asyncio
async def test_a_program_that_cannot_run_says_so(tmp_path: Path) -> None:
    process = await _start(str(tmp_path / "nothing"))
    assert await process.wait() == NOT_EXECUTED
    told = (await process.stderr.read()).decode()
    assert told.startswith(f"E cannot run {tmp_path / 'nothing'}: ")
    process.stdin.close()


@pytest.mark.asyncio
async def test_many_processes_leave_no_descriptor_behind() -> None:
    here = psutil.Process()
    before = here.num_fds()
    for _ in range(3):
        started = await asyncio.gather(*(_start(sys.executable, "-c", "") for _ in range(8)))
        for process in started:
            assert await process.wait() == 0
            assert await process.stdout.read() == await process.stderr.read() == b""
            process.stdin.close()
    await asyncio.sleep(0)
    assert here.num_fds() <= before
