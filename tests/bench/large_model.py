"""Large models of random weights, written in seconds: llama's shape, q8_0, nonsense to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import gguf
import numpy as np
import numpy.typing as npt

from tests.engine.synthetic import Shape, write_llm

_BLOCK: Final = 32
_BLOCK_BYTES: Final = 34
_READABLE: Final = 256
"""The first tokens are single bytes: an answer of those may be no text."""


@dataclass(frozen=True, slots=True)
class LargeModel:
    """A shape, and what it weighs."""

    name: str
    shape: Shape
    bytes: float


MODELS: Final = (
    LargeModel("tiny", Shape(layers=4, width=256, heads=4, kv_heads=2, feed_forward=704,
                             context=32768, vocabulary=1024), 4e6),
    LargeModel("1B", Shape(layers=16, width=2048, heads=32, kv_heads=8, feed_forward=8192,
                           context=32768, vocabulary=32768), 1.18e9),
    LargeModel("7B", Shape(layers=32, width=4096, heads=32, kv_heads=8, feed_forward=14336,
                           context=32768, vocabulary=32768), 7.70e9),
)  # fmt: skip


def write_large(folder: Path, model: LargeModel) -> Path:
    """Write the model and return its path."""
    return write_llm(
        folder / f"bench/{model.name}-GGUF/{model.name}-Q8_0.gguf",
        shape=model.shape,
        quantization=gguf.GGMLQuantizationType.Q8_0,
        name=model.name,
        weights=_repeated,
    )


def _repeated(name: str, rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Return a matrix of q8_0 blocks, of which a few thousand are random and the rest the same."""
    generator = np.random.default_rng(abs(rows * 31 + columns))
    count = 4099  # a prime: no two rows begin alike
    some = np.empty((count, _BLOCK_BYTES), dtype=np.uint8)
    scale = np.float16(1 / (73 * np.sqrt(columns)))
    some[:, :2] = np.frombuffer(scale.tobytes(), dtype=np.uint8)
    some[:, 2:] = generator.integers(0, 256, (count, _BLOCK), dtype=np.uint8)
    blocks = columns // _BLOCK
    matrix = np.resize(some, (rows * blocks, _BLOCK_BYTES)).reshape(rows, blocks * _BLOCK_BYTES)
    if name == "output.weight":
        # No control token and no single byte is ever among the likeliest.
        matrix[:_READABLE] = 0
        matrix[-3:] = 0
    return matrix
