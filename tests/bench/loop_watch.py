"""An event loop that notes how late it comes back: the engine's, or one that has nothing to do.

As a program it runs one of the two in a session of its own, as the engine always is:
`engine FOLDER` serves the models in a folder, `control` only looks at the clock. A line on stdin
asks for what was noted since the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from lms_jupyter.engine.app import running
from lms_jupyter.engine.settings import Settings

LOOK_S = 0.002


class Look(msgspec.Struct, frozen=True):
    """One look at the clock, and what its thread did since the last one."""

    late_s: float
    computed_s: float
    waited_s: float
    """How long it was ready to run and had no core."""

    @property
    def slept_s(self) -> float:
        """The rest: it was due, and slept, for a disk, a lock or the start of a process."""
        return max(0.0, self.late_s - self.computed_s - self.waited_s)


class Watched:
    """A process whose loop is watched."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.address = address

    async def looks(self) -> list[Look]:
        """Return what was noted since the last time."""
        self._stdin.write(b"\n")
        return msgspec.json.decode(await self._stdout.readline(), type=list[Look])


@asynccontextmanager
async def watched(*arguments: str) -> AsyncIterator[Watched]:
    """Run this program."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.loop_watch",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Watched(process, (await process.stdout.readline()).decode().strip())
    finally:
        process.stdin.close()
        await process.wait()


async def _serve() -> None:
    if sys.argv[1] == "control":
        await _watch("")
    else:
        async with running(Settings(models=(Path(sys.argv[2]),))) as (address, _):
            await _watch(address)


async def _watch(address: str) -> None:
    """Look again and again, until stdin ends."""
    gc.freeze()  # as the engine does
    print(address, flush=True)
    looks: list[Look] = []
    looking = asyncio.create_task(_look(looks))
    while await asyncio.to_thread(sys.stdin.readline):
        print(msgspec.json.encode(looks).decode(), flush=True)
        looks.clear()
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking


async def _look(looks: list[Look]) -> None:
    before = _clocks()
    while True:
        await asyncio.sleep(LOOK_S)
        now = _clocks()
        passed, computed, waited = (new - old for new, old in zip(now, before, strict=True))
        looks.append(Look(max(0.0, passed - LOOK_S), computed, waited))
        before = now


def _clocks() -> tuple[float, float, float]:
    """Return the time, and how long this thread has computed and waited for a core so far."""
    schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_bytes()
    computed_ns, waited_ns, _ = schedule.split()
    return time.perf_counter(), int(computed_ns) / 1e9, int(waited_ns) / 1e9


if __name__ == "__main__":
    asyncio.run(_serve())
