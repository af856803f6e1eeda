"""How soon a model that comes back answers. Run: `python -m tests.bench.bench_warm`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

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
    """Ask a model that has never read the prompt, and one that one before it has read it for."""
    cold, warm, equal = [], [], 0
    with tempfile.TemporaryDirectory() as temporary:
        write_llm(Path(temporary, "models/acme/warm-GGUF/warm-F16.gguf"), shape=SHAPE, name="Warm")
        engine = start_engine(Path(temporary, "models"), Path(temporary, "log"))
        try:
            for turn in range(ROUNDS):
                prompt = f"{turn} The sea is blue, the sky is wide. " * WORDS
                first, said, tokens = _asked(engine.address, prompt)
                second, again, _ = _asked(engine.address, prompt)
                cold.append(first)
                warm.append(second)
                equal += said == again
        finally:
            engine.stop()
    yield Figure("tokens of the prompt", tokens, at_least=2000)
    yield Figure("time to first token, cold, median", 1e3 * statistics.median(cold), "ms")
    ratio = statistics.median(warm) / statistics.median(cold)
    yield Figure("  after an unload and a load, of that", ratio, at_most=0.1)
    yield Figure("  equal answers, of all", equal / ROUNDS, "", at_least=1)


def _asked(address: str, prompt: str) -> tuple[float, str, int]:
    """Load, ask, unload; return the seconds to the first token, the answer, and the tokens."""
    with lmstudio.Client(address) as client:
        model = client.llm.load_new_instance("warm", "asked", config=CONFIG)
        begun = time.perf_counter()
        stream = model.complete_stream(prompt, config={"temperature": 0, "maxTokens": 8})
        pieces = iter(stream)
        first = next(pieces).content
        seconds = time.perf_counter() - begun
        answer = first + "".join(piece.content for piece in pieces)
        tokens = len(model.tokenize(prompt))
        model.unload()
    return seconds, answer, tokens


if __name__ == "__main__":
    raise SystemExit(bool(show(figures())))
