"""The estimate of twenty families next to llama.cpp: `python -m tests.bench.bench_architectures`.

First what llama.cpp would allocate for models of published sizes, by its own dry run; with `--load`
also what workers hold that have loaded small ones.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import gguf

from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.library.gguf import read_header
from lms_jupyter.engine.worker.load_settings import LoadSettings
from tests.bench.figure import Figure, show
from tests.engine.family_sizes import LOADABLE, PUBLISHED
from tests.engine.family_words import FAMILIES
from tests.engine.synthetic_families import write_family
from tests.engine.test_families import told_and_estimated
from tests.engine.weighed_worker import resident_bytes

CONTEXTS: Final = (2048, 16_384, 131_072)
LOADED_CONTEXTS: Final = (2048, 8192, 32_768)
KINDS: Final = {"q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_K": gguf.GGMLQuantizationType.Q4_K}
MEDIAN, WORST = 5, 10


def figures(*, load: bool) -> Iterator[Figure]:
    """Compare each file at each context; then the median and the worst."""
    off: list[float] = []
    for what, error in _of_published():
        off.append(error)
        yield Figure(what, error, "%", at_most=WORST)
    yield from _summary("dry runs", off)
    if not load:
        return
    off = []
    for what, error in _of_loaded():
        off.append(error)
        yield Figure(what, error, "%", at_most=WORST)
    yield from _summary("loads", off)


def _summary(what: str, off: list[float]) -> Iterator[Figure]:
    yield Figure(f"{what}: {len(off)}, median", statistics.median(off), "%", at_most=MEDIAN)
    yield Figure(f"{what}: {len(off)}, worst", max(off), "%", at_most=WORST)


def _of_published() -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, (family, size) in PUBLISHED.items():
            for kind_name, kind in KINDS.items():
                file = Path(folder) / "model.gguf"
                file.unlink(missing_ok=True)
                write_family(file, family, size, kind=kind, vocabulary=False)
                for context in CONTEXTS:
                    length = min(context, size.context)
                    told, said = told_and_estimated(file, LoadSettings(context_length=length))
                    what = f"{name} {kind_name}, {length}: {told / 1e9:.2f} GB, off by"
                    yield what, 100 * abs(said / told - 1)


def _of_loaded() -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        for family, size in LOADABLE.items():
            file = Path(folder) / "model.gguf"
            file.unlink(missing_ok=True)
            write_family(file, family, size)
            for context in LOADED_CONTEXTS:
                length = min(context, size.context)
                settings = LoadSettings(context_length=length, context_checkpoints=0)
                prompt = length - 64 if FAMILIES[family].embeds else 300
                held = asyncio.run(resident_bytes(file, replace(settings), prompt=prompt))
                said = estimate(read_header(file), settings).total_bytes
                what = f"{family} loaded, {length}: {held / 1e6:.0f} MB, off by"
                yield what, 100 * abs(said / held - 1)


if __name__ == "__main__":
    sys.exit(bool(show(figures(load="--load" in sys.argv))))
