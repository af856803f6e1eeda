"""What loading leaves behind: nothing. Run: `python -m tests.bench.bench_memory [cycles]`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lmstudio
import psutil

from tests.bench.bench_speed import SHAPE
from tests.bench.figure import Figure, show
from tests.engine.conftest import EngineProcess, start_engine
from tests.engine.synthetic import write_llm

CYCLES = 200
WARM_UP = 20
"""Cycles before counting begins: the first ones fill caches."""
STEADY_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the engine and its children hold at one moment."""

    processes: int
    descriptors: int
    engine_bytes: int
    all_bytes: int
    """Of the engine and its children, shared pages counted in parts."""


def figures() -> Iterator[Figure]:
    """Measure one load of a model of 120 MB, then many of a tiny one."""
    with tempfile.TemporaryDirectory() as temporary:
        models = Path(temporary) / "models"
        write_llm(models / "a" / "bench-GGUF" / "bench-F16.gguf", shape=SHAPE)
        write_llm(models / "a" / "tiny-GGUF" / "tiny-F16.gguf")
        engine = start_engine(models, Path(temporary) / "log")
        try:
            with lmstudio.Client(engine.address) as client:
                yield from _given_back(engine, client)
                yield from _cycles(engine, client)
        finally:
            engine.stop()


def _given_back(engine: EngineProcess, client: lmstudio.Client) -> Iterator[Figure]:
    client.llm.load_new_instance("bench").unload()
    before = _settled(engine)
    model = client.llm.load_new_instance("bench", config={"contextLength": 4096})
    model.respond("hello", config={"maxTokens": 20})
    loaded = _settled(engine, instances=1)
    begun = time.perf_counter()
    model.unload()
    seconds = time.perf_counter() - begun
    after = _settled(engine)
    taken = loaded.all_bytes - before.all_bytes
    back = (loaded.all_bytes - after.all_bytes) / taken
    yield Figure("memory of a loaded model", taken / 1e6, "MB")
    yield Figure("  given back when it is unloaded", 100 * back, "%", at_least=99)
    yield Figure("  until unload returns", 1e3 * seconds, "ms")


def _cycles(engine: EngineProcess, client: lmstudio.Client) -> Iterator[Figure]:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else CYCLES
    for _ in range(WARM_UP):
        client.llm.load_new_instance("tiny").unload()
    before = _settled(engine)
    begun = time.perf_counter()
    for _ in range(cycles):
        client.llm.load_new_instance("tiny").unload()
    seconds = time.perf_counter() - begun
    after = _settled(engine)
    processes = after.processes - before.processes
    descriptors = after.descriptors - before.descriptors
    grown = (after.engine_bytes - before.engine_bytes) / 1e6
    yield Figure("load and unload, each", 1e3 * seconds / cycles, "ms")
    yield Figure(f"processes left behind by {cycles} of them", processes, "", at_most=0)
    yield Figure("  file descriptors", descriptors, "", at_most=0)
    yield Figure("  memory of the engine", grown, "MB", at_most=1)


def _settled(engine: EngineProcess, *, instances: int = 0) -> Holdings:
    """Wait until there are the instances and one warm spare, and measure."""
    earlier = 0
    while True:
        held = _held(engine)
        steady = abs(held.all_bytes - earlier) < STEADY_BYTES
        if held.processes == instances + 1 and steady:
            return held
        earlier = held.all_bytes
        time.sleep(0.3)  # Steady means: the same after some time.


def _held(engine: EngineProcess) -> Holdings:
    main = psutil.Process(engine.process.pid)
    children = main.children()
    return Holdings(
        processes=len(children),
        descriptors=main.num_fds(),
        engine_bytes=main.memory_info().rss,
        all_bytes=sum(one.memory_full_info().pss for one in (main, *children)),
    )


if __name__ == "__main__":
    show(figures())
