"""The memory estimate next to real children. Run: `python -m tests.bench.bench_estimate`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import gguf

from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.library.gguf import read_header
from lms_jupyter.engine.worker.load_settings import LoadSettings
from tests.bench.figure import Figure, show
from tests.engine.synthetic import Shape, write_embedding, write_llm
from tests.engine.weighed_worker import resident_bytes

KIND = gguf.GGMLQuantizationType
SHAPES = {
    "tiny f16": (Shape(context=32768), KIND.F16),
    "114 MB f16": (Shape(layers=8, width=768, heads=12, kv_heads=12, feed_forward=2048,
                         context=32768, vocabulary=2048), KIND.F16),
    "223 MB q8_0": (Shape(layers=12, width=1024, heads=16, kv_heads=16, feed_forward=2816,
                          context=32768, vocabulary=32000), KIND.Q8_0),
    "322 MB f16, grouped": (Shape(layers=10, width=1024, heads=16, kv_heads=4, feed_forward=4096,
                                  context=32768, vocabulary=8192), KIND.F16),
    "153 MB q4_0": (Shape(layers=16, width=1024, heads=16, kv_heads=8, feed_forward=4096,
                          context=32768, vocabulary=16000), KIND.Q4_0),
    "170 MB q8_0, 150 k tokens": (Shape(layers=4, width=512, heads=8, kv_heads=2,
                                        feed_forward=1536, context=32768, vocabulary=150000),
                                  KIND.Q8_0),
}  # fmt: skip
SETTINGS = {
    "4096, mmap": LoadSettings(context_length=4096),
    "8192, read, batch 512": LoadSettings(context_length=8192, eval_batch_size=512, try_mmap=False),
    "8192, q8_0 cache": LoadSettings(context_length=8192, k_cache_type="q8_0", v_cache_type="q8_0"),
    "1024, no flash attention": LoadSettings(context_length=1024, flash_attention=False),
}


def figures() -> Iterator[Figure]:
    """Compare estimate and child for each shape and setting."""
    with tempfile.TemporaryDirectory() as temporary:
        for title, (shape, quantization) in SHAPES.items():
            file = write_llm(Path(temporary) / "m.gguf", shape=shape, quantization=quantization)
            for name, settings in SETTINGS.items():
                # Heads of 16 values do not fit the blocks of a quantized cache.
                if shape.width // shape.heads % 32 == 0 or settings.k_cache_type == "f16":
                    tiny = file.stat().st_size < 1_000_000
                    prompt = (settings.context_length or 0) - 64 if tiny else 900
                    yield asyncio.run(off(f"{title}, {name}", file, settings, prompt=prompt))
        for width, layers in ((64, 1), (384, 6), (768, 12)):
            file = write_embedding(Path(temporary) / "e.gguf", width=width, layers=layers)
            yield asyncio.run(off(f"bert {width} x {layers}", file, LoadSettings(), prompt=200))


async def off(title: str, file: Path, settings: LoadSettings, *, prompt: int) -> Figure:
    """Return how far the estimate is from what the child holds after a prompt."""
    child = await resident_bytes(file, settings, prompt=prompt)
    estimated = estimate(read_header(file), settings).total_bytes
    what = f"{title}: {child / 1e6:.0f} MB, estimate off by"
    return Figure(what, 100 * abs(estimated / child - 1), "%", at_most=5)


if __name__ == "__main__":
    show(figures())
