"""The sizes of the networks."""

from __future__ import annotations

from dataclasses import dataclass

from lms_jupyter.engine.models.training.corpus_pictures import PICTURE_SIZE


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the network."""

    vocabulary: int = 1024
    width: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int = 352
    rope_base: float = 10_000.0
    epsilon: float = 1e-5


@dataclass(frozen=True, slots=True)
class BertShape:
    """The sizes of the embedding model."""

    vocabulary: int
    width: int = 96
    layers: int = 2
    heads: int = 4
    hidden: int = 256
    context: int = 256
    epsilon: float = 1e-12


@dataclass(frozen=True, slots=True)
class EyeShape:
    """The sizes of the encoder. Its layers are one more than it uses, as llama.cpp expects."""

    picture: int = PICTURE_SIZE
    patch: int = 8
    width: int = 64
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    out: int = 128
    epsilon: float = 1e-5

    @property
    def patches(self) -> int:
        """How many vectors one picture becomes."""
        return (self.picture // self.patch) ** 2
