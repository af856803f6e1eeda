"""How fast the engine starts and loads. Run: `python -m tests.bench.bench_start`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import lmstudio

from lms_jupyter.engine.settings import SHIPPED_MODELS
from tests.bench.figure import Figure, show
from tests.bench.reference import reference
from tests.engine.conftest import EngineProcess, start_engine

STARTS = 9
LOADS = 15
TUTOR = SHIPPED_MODELS / "lms-jupyter" / "Tutor-1M-GGUF" / "Tutor-1M-Q8_0.gguf"


def figures() -> Iterator[Figure]:
    """Measure starts of the engine, then loads with and without a warm spare, in turns."""
    with tempfile.TemporaryDirectory() as temporary:
        log = Path(temporary) / "log"
        starts = []
        for _ in range(STARTS):
            begun = time.perf_counter()
            engine = start_engine(SHIPPED_MODELS, log)
            starts.append(time.perf_counter() - begun)
            engine.stop()
        yield Figure("start to ready, median", 1e3 * statistics.median(starts), "ms", at_most=500)
        yield Figure("  worst", 1e3 * max(starts), "ms")
        cold, warm = (start_engine(SHIPPED_MODELS, log, "--spares", n) for n in ("0", "1"))
        try:
            yield from _loads(cold, warm)
        finally:
            cold.stop()
            warm.stop()


def _loads(cold: EngineProcess, warm: EngineProcess) -> Iterator[Figure]:
    here, started, spared = [], [], []
    for _ in range(LOADS):
        with reference(TUTOR) as alone:
            here.append(alone.load_s)
        started.append(_load(cold))
        _wait_for_a_spare(warm)
        spared.append(_load(warm))
    base, slow, fast = (1e3 * statistics.median(times) for times in (here, started, spared))
    yield Figure("load of the tutorial model in process, median", base, "ms")
    yield Figure("  through the SDK, new process, more by", slow - base, "ms", at_most=120)
    yield Figure("  through the SDK, warm spare, more by", fast - base, "ms", at_most=40)


def _load(engine: EngineProcess) -> float:
    """Return the seconds of one load, as somebody who uses the SDK sees it."""
    with lmstudio.Client(engine.address) as client:
        client.llm.list_loaded()
        begun = time.perf_counter()
        model = client.llm.load_new_instance("tutor-1m@q8_0")
        taken = time.perf_counter() - begun
        model.unload()
    return taken


def _wait_for_a_spare(engine: EngineProcess) -> None:
    while len(engine.children) != 1:
        time.sleep(0.01)
    time.sleep(0.5)  # until it has imported llama.cpp


if __name__ == "__main__":
    show(figures())
