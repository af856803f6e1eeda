"""What the engine costs next to llama.cpp in process. Run: `python -m tests.bench.bench_speed`.

Both ways have the same model, settings and threads, and take turns, so that whatever else the
machine does meets both.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import psutil

from tests.bench.figure import Figure, show
from tests.bench.reference import Answer, reference
from tests.engine.conftest import EngineProcess, start_engine
from tests.engine.synthetic import Shape, write_llm

SHAPE = Shape(
    layers=8, width=768, heads=12, kv_heads=12, feed_forward=2048, context=4096, vocabulary=2048
)
ROUNDS = 9
TOKENS = 150
CONTEXT = 2048
SECONDS_TOGETHER = 6.0


def figures() -> Iterator[Figure]:
    """Compare speed and first token; then two models at once with one alone."""
    with tempfile.TemporaryDirectory() as temporary:
        models = Path(temporary) / "models"
        file = write_llm(models / "a" / "bench-GGUF" / "bench-F16.gguf", shape=SHAPE)
        yield Figure("size of the synthetic model", file.stat().st_size / 1e6, "MB", at_least=100)
        engine = start_engine(models, Path(temporary) / "log")
        try:
            with lmstudio.Client(engine.address) as one, lmstudio.Client(engine.address) as two:
                clients = [one, two]
                handles = [
                    client.llm.load_new_instance("bench", config={"contextLength": CONTEXT})
                    for client in clients
                ]
                yield from _compared(handles[0], file)
                yield from _together(engine, handles)
        finally:
            engine.stop()


def _compared(model: lmstudio.LLM, file: Path) -> Iterator[Figure]:
    ours: list[Answer] = []
    theirs: list[Answer] = []
    with reference(file, context=CONTEXT) as alone:
        for number in range(ROUNDS):
            text = f"{number} and a prompt that nobody has sent before"
            prompt = model.apply_prompt_template(text)
            theirs.append(alone.complete(prompt, TOKENS))
            ours.append(_respond(model, text, TOKENS))
    speed = statistics.median(answer.tokens_per_second for answer in ours)
    base = statistics.median(answer.tokens_per_second for answer in theirs)
    yield Figure("in process, one thread", base, "tokens/s")
    yield Figure("through the SDK, the same model and thread", speed, "tokens/s")
    yield Figure("  ratio", speed / base, "", at_least=0.95)
    first = 1e3 * statistics.median(answer.first_s for answer in ours)
    base = 1e3 * statistics.median(answer.first_s for answer in theirs)
    yield Figure("first token in process, median", base, "ms")
    yield Figure("  through the SDK, more by", first - base, "ms", at_most=10)


def _respond(model: lmstudio.LLM, text: str, tokens: int) -> Answer:
    begun = time.perf_counter()
    first = last = 0.0
    stream = model.respond_stream(text, config={"maxTokens": tokens, "temperature": 0.0})
    for _ in stream:
        last = time.perf_counter() - begun
        first = first or last
    count = stream.result().stats.predicted_tokens_count
    assert count is not None
    return Answer(first, last, count)


def _together(engine: EngineProcess, models: list[lmstudio.LLM]) -> Iterator[Figure]:
    alone, both = _Work(engine, models[:1]), _Work(engine, models)
    yield Figure("one model alone, for some seconds", alone.rate, "tokens/s")
    yield Figure("two models at once, together", both.rate, "tokens/s")
    yield Figure("  ratio", both.rate / alone.rate, "", at_least=1.4)
    yield Figure("  core time of the models for a token, alone", alone.models_ms, "ms")
    yield Figure("  the same, together: what they take from each other", both.models_ms, "ms")
    yield Figure("  core time of the engine itself for a token", both.engine_ms, "ms")


class _Work:
    """What some models did for some seconds, and the core time that it took."""

    def __init__(self, engine: EngineProcess, models: list[lmstudio.LLM]) -> None:
        parent, children = psutil.Process(engine.process.pid), engine.children
        before = _core_s(parent), sum(map(_core_s, children))
        tokens, seconds = _answered(models)
        self.rate = tokens / seconds
        self.engine_ms = 1e3 * (_core_s(parent) - before[0]) / tokens
        self.models_ms = 1e3 * (sum(map(_core_s, children)) - before[1]) / tokens


def _core_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _answered(models: list[lmstudio.LLM]) -> tuple[int, float]:
    """Let each model answer for some seconds; return the tokens of all together, and how long."""
    until = time.monotonic() + SECONDS_TOGETHER
    counts = [0 for _ in models]

    def work(place: int) -> None:
        number = 0
        while time.monotonic() < until:
            number += 1
            answer = _respond(models[place], f"{place} {number} go on", TOKENS)
            counts[place] += answer.tokens

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(models))]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), time.monotonic() - begun


if __name__ == "__main__":
    show(figures())
