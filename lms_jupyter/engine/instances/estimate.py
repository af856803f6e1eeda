"""How much memory a load will take, from the header of the file alone. Pure.

What a worker process with a dense, llama-like model holds once it works, measured on Linux without
a GPU and within a few per cent of its resident memory:

    the process   what llama.cpp takes before any model, and a bit for every token and merge
    the weights   the tensors; with mmap, those of some types twice: in the file, and in the order
                  that suits the CPU
    the context   the KV cache
    the batch     what is computed at once: activations, the attention mask, without flash
                  attention also the attention scores
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from lms_jupyter.engine.instances.sliding import cached_layers, sliding_layers, window, window_cells
from lms_jupyter.engine.library.ggml_types import TENSOR_TYPES
from lms_jupyter.engine.library.gguf import GgufHeader
from lms_jupyter.engine.library.listing import EMBEDDING_ARCHITECTURES, model_type
from lms_jupyter.engine.worker.load_settings import LoadSettings, rounded

Confidence: TypeAlias = Literal["high", "low"]

PROCESS_BYTES: Final = 34_500 * 1024
EMBEDDING_PROCESS_BYTES: Final = 31_000 * 1024
TOKEN_BYTES: Final = 212
"""Per token of the vocabulary, in llama.cpp's tables."""
MERGE_BYTES: Final = 205
ACTIVATION_BYTES: Final = 4
SCORE_BYTES: Final = 4
MASK_BYTES: Final = 2
"""Of the attention mask with flash attention; without, it is made of scores."""

CHECKPOINTS: Final = 2
"""How often llama.cpp keeps the state of the windows of one prompt; long ones more often."""

PROJECTOR_BYTES: Final = 4_500_000
"""What llama.cpp takes for looking at images, besides the projector itself, at the very least."""

MEASURED_ARCHITECTURES: Final = frozenset(
    {
        "llama",
        "mistral3",
        "qwen2",
        "qwen3",
        "granite",
        "internlm2",
        "olmo2",
        "smollm3",
        "bert",
        "gemma2",
        "gemma3",
        "cohere2",
    }
)
"""Those built as the formula assumes."""
_REPACKED: Final = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
"""Types whose matrices llama.cpp rearranges for x86 CPUs."""
_BLOCKS: Final = {kind.name.lower(): kind for kind in TENSOR_TYPES.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """What a load will take, in bytes. The `vram` parts are 0: this engine counts main memory."""

    model_bytes: int
    """The weights."""
    context_bytes: int
    """The KV cache and what computing a batch takes."""
    total_bytes: int
    """Both, and the process around them."""
    model_vram_bytes: int = 0
    context_vram_bytes: int = 0
    total_vram_bytes: int = 0
    confidence: Confidence


def estimate(
    header: GgufHeader,
    config: LoadSettings,
    *,
    projector_bytes: int = 0,
    draft: GgufHeader | None = None,
) -> MemoryEstimate:
    """Estimate the memory of a worker that has loaded this model and works.

    `projector_bytes` is the size of the file of its vision projector, `draft` a draft model, which
    has a context of its own, as long as the model's.
    """
    maximum = _number(header, "context_length", 2048)
    settings = config.settled(model_type(header), maximum)
    model, context = _one(header, settings)
    if projector_bytes:
        model += projector_bytes
        context += PROJECTOR_BYTES
    if draft is not None:
        drafts_model, drafts_context = _one(
            draft, replace(settings, k_cache_type="f16", v_cache_type="f16")
        )
        model, context = model + drafts_model, context + drafts_context
    alone = not projector_bytes and draft is None
    return MemoryEstimate(
        model_bytes=model,
        context_bytes=context,
        total_bytes=model + context + _process(header),
        confidence=_confidence(header) if alone else "low",
    )


def _one(header: GgufHeader, settings: LoadSettings) -> tuple[int, int]:
    """Return the bytes of the weights and of the context of one model."""
    weights = _weights(header, mapped=settings.try_mmap and not settings.try_direct_io)
    return weights, _cache(header, settings) + _batch(header, settings)


def _process(header: GgufHeader) -> int:
    tokens = _length(header, "tokenizer.ggml.tokens")
    merges = _length(header, "tokenizer.ggml.merges")
    embeds = header.architecture in EMBEDDING_ARCHITECTURES
    base = EMBEDDING_PROCESS_BYTES if embeds else PROCESS_BYTES
    return base + tokens * TOKEN_BYTES + merges * MERGE_BYTES


def _weights(header: GgufHeader, *, mapped: bool) -> int:
    tensors = header.tensors
    if tensors is None or any(
        name not in _BLOCKS for name in map(str.lower, tensors.bytes_by_type)
    ):
        return header.file_bytes
    if not mapped:
        return tensors.total_bytes
    again = sum(size for name, size in tensors.matrix_bytes.items() if name in _REPACKED)
    # Of the mapped file, llama.cpp lets go what lies after the last tensor that it uses in place.
    let_go = sum(tensors.tail_bytes.values()) if tensors.tail_bytes.keys() <= _REPACKED else 0
    return tensors.total_bytes + again - let_go


def _cache(header: GgufHeader, settings: LoadSettings) -> int:
    """Return the bytes of the KV cache: of each layer, what it sees, for all sessions."""
    if header.architecture in EMBEDDING_ARCHITECTURES:
        return 0
    layers = _number(header, "block_count", 0)
    whole, seen = _cells(header, settings)
    sliding = sliding_layers(header, layers)[: cached_layers(header, layers)]
    if settings.context_checkpoints != 0:
        # What the windows of a prompt hold is copied, so that the next one can begin like it.
        seen += CHECKPOINTS * window(header)
    return sum(
        (seen if slides else whole) * _bytes_per_cell(header, settings, layer, slides=slides)
        for layer, slides in enumerate(sliding)
    )


def _cells(header: GgufHeader, settings: LoadSettings) -> tuple[int, int]:
    """Return for how many tokens the caches of all sessions have room.

    The first number is of the layers that see the whole context, the second of those that see a
    window of it.
    """
    context, sessions = settings.context_length or 0, settings.num_parallel_sessions or 1
    length, batch = window(header), settings.physical_batch_size or 0
    if settings.unified_kv_cache:
        whole = rounded(context)
        return whole, window_cells(length, whole, sessions, batch)
    whole = rounded(-(-context // sessions))
    return sessions * whole, sessions * window_cells(length, whole, 1, batch)


def _bytes_per_cell(header: GgufHeader, settings: LoadSettings, layer: int, *, slides: bool) -> int:
    """Return what one layer keeps of one token."""
    heads = header.of_architecture("attention.head_count_kv")
    if isinstance(heads, tuple):
        said = heads[layer] if layer < len(heads) else 0
        kv_heads = said if isinstance(said, int) else 0
    else:
        kv_heads = heads if isinstance(heads, int) else _heads(header)
    head = _number(header, "embedding_length", 0) // max(1, _heads(header))
    key = _number(header, "attention.key_length", head)
    value = _number(header, "attention.value_length", head)
    if slides:
        key = _number(header, "attention.key_length_swa", key)
        value = _number(header, "attention.value_length_swa", value)
    return kv_heads * (
        _BLOCKS[settings.k_cache_type].bytes_of(key)
        + _BLOCKS[settings.v_cache_type].bytes_of(value)
    )


def _batch(header: GgufHeader, settings: LoadSettings) -> int:
    batch = settings.physical_batch_size or 0
    context = rounded(settings.context_length or 0)
    widths = 5 * _number(header, "embedding_length", 0)
    widths += 3 * _number(header, "feed_forward_length", 0)
    if header.architecture in EMBEDDING_ARCHITECTURES:
        return batch * ACTIVATION_BYTES * widths // 2
    per_cell, per_seen = MASK_BYTES, MASK_BYTES
    if settings.flash_attention is False:
        per_cell, per_seen = SCORE_BYTES * (1 + _heads(header)), SCORE_BYTES
    _, seen = _cells(header, settings) if window(header) else (0, 0)
    return batch * (ACTIVATION_BYTES * widths + per_cell * context + per_seen * seen)


def _confidence(header: GgufHeader) -> Confidence:
    plain = (
        header.architecture in MEASURED_ARCHITECTURES
        and header.of_architecture("block_count")
        and not header.of_architecture("expert_count")
        and (window(header) > 0 or not header.of_architecture("attention.sliding_window"))
    )
    return "high" if plain and header.tensors is not None else "low"


def _heads(header: GgufHeader) -> int:
    return _number(header, "attention.head_count", 1)


def _number(header: GgufHeader, key: str, default: int) -> int:
    value = header.of_architecture(key)
    if isinstance(value, tuple):
        value = max((number for number in value if isinstance(number, int)), default=None)
    return value if isinstance(value, int) else default


def _length(header: GgufHeader, key: str) -> int:
    kept = header.metadata.get(key)
    return len(kept) if isinstance(kept, tuple) else header.array_lengths.get(key, 0)
