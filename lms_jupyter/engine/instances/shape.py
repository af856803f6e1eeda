"""What a header says of a model's shape, in the numbers that memory depends on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lms_jupyter.engine.instances.recurrent import (
    keeps_states,
    seeing_layers,
    state_bytes,
    stateful_layers,
)
from lms_jupyter.engine.instances.sliding import cached_layers, sliding_layers, window, window_cells
from lms_jupyter.engine.library.ggml_types import TENSOR_TYPES
from lms_jupyter.engine.library.gguf_header import GgufHeader
from lms_jupyter.engine.library.listing import EMBEDDING_ARCHITECTURES
from lms_jupyter.engine.worker.load_settings import LoadSettings, rounded

BLOCKS: Final = {kind.name.lower(): kind for kind in TENSOR_TYPES.values()}

CHECKPOINTS: Final = 2
"""How often llama.cpp keeps the state of the windows of one prompt; long ones more often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """For how many tokens the caches of all sessions have room."""

    whole: int
    """Of the layers that see the whole context."""
    seen: int
    """Of those that see a window of it."""
    stream: int
    """How many of `whole` one session looks at, at most."""


MOST_LAYERS: Final = 512
"""llama.cpp loads no model with more."""


def number(header: GgufHeader, key: str, default: int) -> int:
    """Return the family's own number under `key`, the largest if there is one for each layer."""
    value = header.of_architecture(key)
    if isinstance(value, tuple):
        value = max((number for number in value if isinstance(number, int)), default=None)
    return value if isinstance(value, int) else default


def layers(header: GgufHeader) -> int:
    """Return how many layers repeat; a header that names more than can be says nothing."""
    count = number(header, "block_count", 0)
    return count if 0 <= count <= MOST_LAYERS else 0


def heads(header: GgufHeader) -> int:
    """Return how many heads look at a token."""
    return number(header, "attention.head_count", 1)


def embeds(header: GgufHeader) -> bool:
    """Whether it is an embedding model."""
    return header.architecture in EMBEDDING_ARCHITECTURES


def cells(header: GgufHeader, settings: LoadSettings) -> Cells:
    """Return the lengths of the caches."""
    context, sessions = settings.context_length or 0, settings.num_parallel_sessions or 1
    length, batch = window(header), settings.physical_batch_size or 0
    if settings.unified_kv_cache:
        whole = rounded(context)
        seen = window_cells(length, whole, sessions, batch)
        return Cells(whole=whole, seen=seen, stream=whole)
    whole = rounded(-(-context // sessions))
    seen = sessions * window_cells(length, whole, 1, batch)
    return Cells(whole=sessions * whole, seen=seen, stream=whole)


def is_latent(header: GgufHeader) -> bool:
    """Whether attention keeps one latent vector of a token instead of keys and values."""
    return bool(number(header, "attention.key_length_mla", 0))


def predicting_layers(header: GgufHeader) -> int:
    """Return how many of the layers, the last ones, only propose tokens."""
    return max(0, min(layers(header), number(header, "nextn_predict_layers", 0)))


def cache_bytes(header: GgufHeader, settings: LoadSettings) -> tuple[int, ...]:
    """Return the bytes of what each layer keeps of what it sees, for all sessions."""
    count = layers(header)
    if embeds(header):
        return (0,) * count
    room = cells(header, settings)
    cached = cached_layers(header, count)
    sees = seeing_layers(header, count)
    caches = [
        (room.seen if slides else room.whole) * _bytes_per_cell(header, settings, layer, slides)
        if layer < cached and sees[layer]
        else 0
        for layer, slides in enumerate(sliding_layers(header, count))
    ]
    if keeps_states(header):
        state = (settings.num_parallel_sessions or 1) * state_bytes(header)
        kept = stateful_layers(header, count)
        caches = [cache + state * keeps for cache, keeps in zip(caches, kept, strict=True)]
    if not settings.draft_mtp:
        caches[count - predicting_layers(header) :] = [0] * predicting_layers(header)
    return tuple(caches)


def checkpoint_bytes(header: GgufHeader, settings: LoadSettings) -> int:
    """Return what llama.cpp copies of a prompt's windows and states, for the next to begin like it.

    The copies lie in main memory, wherever the cache lies.
    """
    if embeds(header) or settings.context_checkpoints == 0:
        return 0
    count, context = layers(header), cells(header, settings).stream
    sliding = sliding_layers(header, count)[: cached_layers(header, count)]
    windows = sum(
        min(window(header), context) * _bytes_per_cell(header, settings, layer, slides)
        for layer, slides in enumerate(sliding)
        if slides
    )
    states = state_bytes(header) * sum(stateful_layers(header, count))
    return CHECKPOINTS * (windows + (states if keeps_states(header) else 0))


def _bytes_per_cell(
    header: GgufHeader,
    settings: LoadSettings,
    layer: int,
    slides: bool,  # noqa: FBT001 - of a pair
) -> int:
    """Return what one layer keeps of one token."""
    listed = header.of_architecture("attention.head_count_kv")
    if isinstance(listed, tuple):
        own = listed[layer] if layer < len(listed) else 0
        kv_heads = own if isinstance(own, int) else 0
    else:
        kv_heads = listed if isinstance(listed, int) else heads(header)
    head = number(header, "embedding_length", 0) // max(1, heads(header))
    key = number(header, "attention.key_length", head)
    value = number(header, "attention.value_length", head)
    if slides:
        key = number(header, "attention.key_length_swa", key)
        value = number(header, "attention.value_length_swa", value)
    keys, values = BLOCKS[settings.k_cache_type], BLOCKS[settings.v_cache_type]
    return kv_heads * (keys.bytes_of(key) + (0 if is_latent(header) else values.bytes_of(value)))
