"""How the engine's event loop keeps up. Run: `python -m tests.bench.bench_traffic`.

Its loop is watched from inside, next to that of a program which does nothing else: what both have
to bear is the machine's. The clients that keep the engine busy run in a process of their own.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import lmstudio

from tests.bench.bench_speed import SHAPE
from tests.bench.figure import Figure, show
from tests.bench.loop_watch import LOOK_S, Look, watched
from tests.engine.conftest import start_engine
from tests.engine.raw import Raw, introduced
from tests.engine.synthetic import write_llm

CALLS = 5000
IN_FLIGHT = 50
EVICTIONS = 40
TTL_MS = 400
GENERATING = ("busy-1", "busy-2")


def figures() -> Iterator[Figure]:
    """Measure calls a second, then lags and evictions while two generate and a third loads."""
    with tempfile.TemporaryDirectory() as temporary:
        models = Path(temporary) / "models"
        write_llm(models / "a" / "bench-GGUF" / "bench-F16.gguf", shape=SHAPE)
        write_llm(models / "a" / "tiny-GGUF" / "tiny-F16.gguf")
        engine = start_engine(models, Path(temporary) / "log")
        try:
            yield from asyncio.run(_calls(engine.address))
        finally:
            engine.stop()
        yield from asyncio.run(_under_load(models))


async def _calls(address: str) -> list[Figure]:
    async with introduced(address, "llm") as llm:
        for _ in range(3):
            await _load(llm, "tiny")
        one_by_one = await _rate(llm, 1)
        together = await _rate(llm, IN_FLIGHT)
    return [
        Figure("listLoaded of 3 instances, each after the last", one_by_one, "calls/s"),
        Figure(
            f"listLoaded of 3 instances, {IN_FLIGHT} in flight", together, "calls/s", at_least=2000
        ),
    ]


async def _rate(raw: Raw, in_flight: int) -> float:
    """Return the calls a second on one connection with so many on their way."""
    begun = time.perf_counter()
    for number in range(CALLS + in_flight):
        if number >= in_flight:
            assert len((await raw.read())["result"]) == 3
        if number < CALLS:
            await raw.socket.send_str(
                f'{{"type":"rpcCall","endpoint":"listLoaded","callId":{number}}}'
            )
    return CALLS / (time.perf_counter() - begun)


async def _load(llm: Raw, key: str, **more: object) -> str:
    channel = await llm.open("loadModel", modelKey=key, **more)
    packets, last = await llm.end(channel)
    assert last["type"] == "channelClose", last
    return str(packets[-1]["info"]["identifier"])


async def _under_load(models: Path) -> list[Figure]:
    async with (
        watched("control") as control,
        watched("engine", str(models)) as engine,
        _busy(engine.address),
    ):
        await asyncio.gather(engine.looks(), control.looks())
        evictions = await _evictions(engine.address)
        ours, bare = await asyncio.gather(engine.looks(), control.looks())
    late, other = ([look.late_s for look in looks] for looks in (ours, bare))
    return [
        Figure("event loop late, two generate and a third loads, p50", *_ms(late, 50)),
        Figure("  p99", *_ms(late, 99)),
        Figure("  p99.9", *_ms(late, 99.9)),
        Figure(f"  worst of {len(late)}", 1e3 * max(late), "ms", at_most=50),
        Figure("  worst, time that the loop computed", _most(ours, "computed_s"), "ms"),
        Figure("  worst, time that it was ready and had no core", _most(ours, "waited_s"), "ms"),
        Figure("  worst, time that it slept though it was due", _most(ours, "slept_s"), "ms"),
        Figure("bare loop of an idle program beside it late, p50", *_ms(other, 50)),
        Figure("  p99", *_ms(other, 99)),
        Figure("  p99.9", *_ms(other, 99.9)),
        Figure(f"  worst of {len(other)}", 1e3 * max(other), "ms"),
        Figure("  the engine's loop to it, p99.9", _share(late, other), ""),
        Figure(f"TTL eviction late under that load, p50 of {len(evictions)}", *_ms(evictions, 50)),
        Figure("  p95", *_ms(evictions, 95), at_most=100),
        Figure("  worst", 1e3 * max(evictions), "ms"),
    ]


def _ms(values: list[float], percent: float) -> tuple[float, str]:
    return 1e3 * _quantile(values, percent), "ms"


def _share(ours: list[float], others: list[float]) -> float:
    return _quantile(ours, 99.9) / _quantile(others, 99.9)


def _quantile(values: list[float], percent: float) -> float:
    return sorted(values)[int((len(values) - 1) * percent / 100)]


def _most(looks: list[Look], part: str) -> float:
    return 1e3 * max(float(getattr(look, part)) for look in looks)


@asynccontextmanager
async def _busy(address: str) -> AsyncIterator[None]:
    """Let another process use two models and load a third all the time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.bench_traffic",
        address,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert await process.stdout.readline() == b"busy\n"
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def _evictions(address: str) -> list[float]:
    """Return how many seconds after its TTL each of some instances was no longer listed."""
    late = []
    async with introduced(address, "llm", clientIdentifier="evictions") as llm:
        for _ in range(EVICTIONS):
            name = await _load(llm, "tiny", ttlMs=TTL_MS)
            due = await _due(llm, name)
            while await _due(llm, name):  # noqa: ASYNC110 - asks another process
                await asyncio.sleep(LOOK_S)
            late.append(time.time() - due)
    return late


async def _due(llm: Raw, name: str) -> float:
    """Return the Unix second at which an instance expires, 0 if it is not there."""
    listed = {one["identifier"]: one for one in await llm.call("listLoaded")}
    if name not in listed:
        return 0.0
    return float(listed[name]["lastUsedTime"] + listed[name]["ttlMs"]) / 1000


def keep_busy(address: str) -> None:
    """Generate with two models and load and unload a third until stdin ends."""
    done = threading.Event()

    def generate(name: str) -> None:
        with lmstudio.Client(address) as client:
            model = client.llm.load_new_instance("bench", name, ttl=None)
            with one_at_a_time:  # msgspec crashes when two threads meet a type for the first time
                model.respond("begin", config={"maxTokens": 1})
            started.wait()
            for number in itertools.count():
                stream = model.respond_stream(f"{number} go on", config={"maxTokens": 400})
                for _ in stream:
                    if done.is_set():
                        stream.cancel()
                if done.is_set():
                    return

    def load() -> None:
        with lmstudio.Client(address) as client:
            while not done.is_set():
                client.llm.load_new_instance("bench", "third", ttl=None).unload()

    one_at_a_time = threading.Lock()
    started = threading.Barrier(len(GENERATING) + 1)
    threads = [threading.Thread(target=generate, args=(name,)) for name in GENERATING]
    for thread in threads:
        thread.start()
    started.wait()
    threads.append(threading.Thread(target=load))
    threads[-1].start()
    print("busy", flush=True)
    sys.stdin.read()
    done.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        keep_busy(sys.argv[1])
    else:
        show(figures())
