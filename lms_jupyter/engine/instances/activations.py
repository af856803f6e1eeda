"""How much llama.cpp holds at once while it computes a batch. Pure.

Its buffer for computing has room for the largest of what the layers do one after the other:
attending, keeping a state, feeding forward. Held against what llama.cpp says of models of some
twenty families (`tests/bench/bench_architectures.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.recurrent import NUMBER_BYTES, keeps_states, state_bytes
from lms_jupyter.engine.library.gguf_header import GgufHeader
from lms_jupyter.engine.worker.load_settings import LoadSettings

BESIDE: Final = 5
"""Vectors of a token that live beside what a layer does."""
BESIDE_ON_GPU: Final = 4
_GATED: Final = 3
"""What is fed forward, what opens and closes it, and both together."""
_UNGATED: Final = frozenset({"bert"})
_WEIGHED_FIRST: Final = frozenset({"llama4"})
"""Each expert gets a copy of the token."""
_MOVED: Final = 1.5
"""How often the states of all sessions live while a layer makes new ones of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fed:
    """What feeding forward takes, in numbers per token."""

    inner: int
    outer: int = 0
    """What comes out of experts, if it finds no room in what went in."""
    parts: int = _GATED

    @property
    def largest(self) -> int:
        return self.parts * self.inner + self.outer

    def while_copying(self, matrix: int) -> int:
        """Return what lives beside a matrix that is as large as so many numbers per token."""
        inner = 2 * self.inner if matrix > self.inner else self.parts * self.inner
        return inner + max(0, self.outer - self.inner)


def activation_bytes(header: GgufHeader, settings: LoadSettings, *, beside: int = BESIDE) -> int:
    """Return what one batch takes, without attention's masks and scores."""
    batch = NUMBER_BYTES * (settings.physical_batch_size or 0)
    width = shape.number(header, "embedding_length", 0)
    per_token = max(*(fed.largest for fed in _fed(header, settings)), _latent(header))
    return batch * beside * width + max(batch * per_token, _state_bytes(header, settings))


def copying_bytes(header: GgufHeader, settings: LoadSettings, cache: int) -> int:
    """Return what a batch takes where a GPU computes for layers that lie in main memory.

    It gets their matrices one by one, and their `cache`, the largest of a layer.
    """
    batch = NUMBER_BYTES * (settings.physical_batch_size or 0)
    width = shape.number(header, "embedding_length", 0)
    matrix = _largest_matrix(header)
    feeding = max(
        batch * fed.while_copying(matrix // max(1, batch)) for fed in _fed(header, settings)
    )
    return batch * BESIDE * width + max(feeding + matrix, cache)


def _fed(header: GgufHeader, settings: LoadSettings) -> tuple[_Fed, ...]:
    """Return what layers without and with experts feed forward."""
    usual = shape.number(header, "feed_forward_length", 0)
    parts = 1 if header.architecture in _UNGATED else _GATED
    dense = _Fed(inner=usual if _has_dense(header) else 0, parts=parts)
    used = settings.num_experts or shape.number(header, "expert_used_count", 0)
    if not shape.number(header, "expert_count", 0) or not used:
        return (dense,)
    width = shape.number(header, "embedding_length", 0)
    forward = shape.number(header, "expert_feed_forward_length", 0) or usual
    grows = width > 2 * forward or header.architecture in _WEIGHED_FIRST
    experts = _Fed(inner=used * forward, outer=used * width if grows else 0)
    shared = shape.number(header, "expert_shared_feed_forward_length", 0)
    return (dense, experts, _Fed(inner=shared, outer=width))


def _has_dense(header: GgufHeader) -> bool:
    """Whether any layer feeds forward without experts."""
    tensors = header.tensors
    if tensors is None or not tensors.expert_bytes:
        return True
    with_experts = sum(1 for size in tensors.expert_bytes.values() if size)
    return with_experts < shape.layers(header)


def _latent(header: GgufHeader) -> int:
    """Return what attention with a latent takes: it is unfolded for every head."""
    if not shape.is_latent(header):
        return 0
    rope = shape.number(header, "rope.dimension_count", 0)
    value = shape.number(header, "attention.value_length_mla", 0)
    latent = shape.number(header, "attention.kv_lora_rank", 0)
    return shape.heads(header) * (2 * latent + 3 * rope + value)


def _state_bytes(header: GgufHeader, settings: LoadSettings) -> int:
    if not keeps_states(header):
        return 0
    groups = shape.number(header, "ssm.group_count", 0)
    state = shape.number(header, "ssm.state_size", 0)
    per_token = 5 * shape.number(header, "ssm.inner_size", 0) + 6 * groups * state
    moved = _MOVED * (settings.num_parallel_sessions or 1) * state_bytes(header)
    return NUMBER_BYTES * (settings.physical_batch_size or 0) * per_token + int(moved)


def _largest_matrix(header: GgufHeader) -> int:
    """Return the bytes of the largest matrix of a layer."""
    tensors = header.tensors
    if tensors is None or not tensors.elements:
        return 0
    experts = max(tensors.expert_bytes.values(), default=0) // _GATED
    width = shape.number(header, "embedding_length", 0)
    forward = shape.number(header, "feed_forward_length", 0) if _has_dense(header) else 0
    return max(experts, width * forward * tensors.total_bytes // tensors.elements)
