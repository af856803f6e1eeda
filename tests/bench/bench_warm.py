"""How soon a model that comes back answers. Run: `python -m tests.bench.bench_warm`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import lmstudio

from tests.bench.figure import Figure, show
from tests.engine.conftest import start_engine
from tests.engine.synthetic import Shape, write_llm

ROUNDS: Final = 3
SHAPE: Final = Shape(layers=4, width=512, heads=8, kv_heads=4, feed_forward=1408, context=4096)
"""Large enough that reading what follows takes seconds."""
WORDS: Final = 90
CONFIG: Final = lmstudio.LlmLoadModelConfig(context_length=4096)


def figures() -> Iterator[Figure]:
    """Ask a model that has never read the prompt, again, and one that came after it.

    Whoever has read a prompt before computes its last token alone, not among others, and llama.cpp
    rounds that differently, in one process too. Of this model, which is not trained, that decides:
    its likeliest tokens are within 0.04 of each other's log probability. So answers have to be as
    they were before the unload; that those of a trained model are as the cold ones is tested.
    """
    cold, warm, as_before, as_cold = [], [], 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        write_llm(Path(temporary, "models/acme/warm-GGUF/warm-F16.gguf"), shape=SHAPE, name="Warm")
        engine = start_engine(Path(temporary, "models"), Path(temporary, "log"))
        try:
            for turn in range(ROUNDS):
                prompt = f"{turn} The sea is blue, the sky is wide. " * WORDS
                (first, said), (_, before), tokens = _asked(engine.address, prompt, times=2)
                (second, after), _ = _asked(engine.address, prompt, times=1)
                cold.append(first)
                warm.append(second)
                as_before += after == before
                as_cold += after == said
        finally:
            engine.stop()
    yield Figure("tokens of the prompt", tokens, at_least=2000)
    yield Figure("time to first token, cold, median", 1e3 * statistics.median(cold), "ms")
    ratio = statistics.median(warm) / statistics.median(cold)
    yield Figure("  after an unload and a load, of that", ratio, at_most=0.1)
    yield Figure("  answers as before the unload, of all", as_before / ROUNDS, "", at_least=1)
    yield Figure("  answers as the cold ones, of all", as_cold / ROUNDS, "")


def _asked(address: str, prompt: str, times: int) -> tuple[Any, ...]:
    """Load, ask, unload; return for each time (seconds to the first token, answer), then tokens."""
    with lmstudio.Client(address) as client:
        model = client.llm.load_new_instance("warm", "asked", config=CONFIG)
        answers = [_answer(model, prompt) for _ in range(times)]
        tokens = len(model.tokenize(prompt))
        model.unload()
    return *answers, tokens


def _answer(model: lmstudio.LLM, prompt: str) -> tuple[float, str]:
    begun = time.perf_counter()
    pieces = iter(model.complete_stream(prompt, config={"temperature": 0, "maxTokens": 8}))
    first = next(pieces).content
    seconds = time.perf_counter() - begun
    return seconds, first + "".join(piece.content for piece in pieces)


if __name__ == "__main__":
    raise SystemExit(bool(show(figures())))
