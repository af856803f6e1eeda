"""How fast models folders are listed. Run: `python -m tests.bench.bench_catalog [files]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import gguf
import numpy as np

from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.library.gguf import read_header
from tests.bench.figure import Figure, show

FILES = 500
VOCABULARIES = {"32 k tokens, 61 k merges": (32_000, 61_000), "152 k, 151 k": (152_000, 151_000)}


def figures() -> Iterator[Figure]:
    """Measure how long single headers and whole folders take."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for title, (tokens, merges) in VOCABULARIES.items():
            source = write_header(folder / "source.bin", tokens, merges)
            for light in (True, False):
                seconds = min(timed(partial(read_header, source, light=light)))
                what = f"{'light' if light else 'full'} reading of a header with {title}"
                yield Figure(what, seconds * 1e3, "ms")
        source = write_header(folder / "source.bin", *VOCABULARIES["32 k tokens, 61 k merges"])
        data = source.read_bytes()
        for number in range(count):
            file = folder / "models" / f"publisher-{number % 20}" / f"m{number}" / f"m{number}.gguf"
            file.parent.mkdir(parents=True)
            file.write_bytes(data)
        yield from asyncio.run(list_folder(folder / "models", count))


async def list_folder(folder: Path, count: int) -> list[Figure]:
    """Measure a first and a repeated listing, and how long the event loop was held up by them."""
    catalog = Catalog([folder])
    worst = 0.0
    done = False

    async def watch() -> None:
        nonlocal worst
        while not done:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - begun - 0.001)

    watching = asyncio.create_task(watch())
    begun = time.perf_counter()
    assert len(await catalog.models()) == count
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    await catalog.models()
    again = time.perf_counter() - begun
    done = True
    await watching
    return [
        Figure(f"{count} files, warm, first listing", first * 1e3, "ms", at_most=1000),
        Figure("  again, nothing changed", again * 1e3, "ms"),
        Figure("  event loop late by at most", worst * 1e3, "ms", at_most=50),
    ]


def timed(call: Callable[[], object], runs: int = 7) -> list[float]:
    """Return how many seconds each of some runs took."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    return seconds


def write_header(file: Path, tokens: int, merges: int) -> Path:
    """Write a model of one tiny tensor with a vocabulary of this size."""
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("Bench")
    writer.add_context_length(4096)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"token{number}" for number in range(tokens)])
    writer.add_token_types([1] * tokens)
    writer.add_token_merges([f"to{number} ken{number}" for number in range(merges)])
    writer.add_chat_template("{{ tools }}")
    writer.add_tensor("output_norm.weight", np.ones(32, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


if __name__ == "__main__":
    show(figures())
