"""How much memory a load will take, from the header of the file alone. Pure.

What a worker process holds once it works, measured on Linux without a GPU and within a few per cent
of its resident memory:

    the process   what llama.cpp takes before any model, and a bit for every token and merge
    the weights   the tensors; with mmap, those of some types twice: in the file, and in the order
                  that suits the CPU
    the context   the KV cache, and the states of recurrent layers
    the batch     what is computed at once: activations, the attention mask, without flash
                  attention also the attention scores
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.activations import BESIDE_ON_GPU, activation_bytes
from lms_jupyter.engine.instances.instance import Plan
from lms_jupyter.engine.instances.recurrent import STATE_ONLY
from lms_jupyter.engine.instances.sliding import window
from lms_jupyter.engine.instances.vram import (
    GpuUse,
    Site,
    experts_in_main_memory,
    gpu_uses,
    layer_weights,
    places,
)
from lms_jupyter.engine.library.gguf import GgufHeader
from lms_jupyter.engine.library.gguf_header import TensorSummary
from lms_jupyter.engine.library.listing import model_type
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Placement

Confidence: TypeAlias = Literal["high", "low"]
Source: TypeAlias = Literal["calculated", "corrected", "measured"]
"""Where an estimate comes from: from the header of the file alone; from that and loads with another
context; from such a load itself."""

PROCESS_BYTES: Final = 34_500 * 1024
EMBEDDING_PROCESS_BYTES: Final = 31_000 * 1024
TOKEN_BYTES: Final = 212
"""Per token of the vocabulary, in llama.cpp's tables."""
MERGE_BYTES: Final = 205
ACTIVATION_BYTES: Final = 4
SCORE_BYTES: Final = 4
MASK_BYTES: Final = 2
"""Of the attention mask with flash attention; without, it is made of scores."""

PROJECTOR_BYTES: Final = 4_500_000
"""What llama.cpp takes for looking at images, besides the projector itself, at the very least."""

MEASURED_ARCHITECTURES: Final = frozenset(
    {
        "bert",
        "cohere2",
        "falcon-h1",
        "gemma2",
        "gemma3",
        "granite",
        "granitehybrid",
        "internlm2",
        "lfm2",
        "llama",
        "mamba",
        "mamba2",
        "mistral3",
        "nomic-bert",
        "olmo2",
        "phi3",
        "qwen2",
        "qwen3",
        "smollm3",
    }
)
"""Those that were held against llama.cpp, or are built as one that was."""
MEASURED_WITH_EXPERTS: Final = frozenset(
    {"deepseek2", "glm4moe", "gpt-oss", "granitehybrid", "llama4", "qwen3moe", "qwen3next"}
)
_REPACKED: Final = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
"""Types whose matrices llama.cpp rearranges for x86 CPUs."""
NO_GPUS: Final = Site()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """What a load will take, in bytes: in main memory, and on GPUs."""

    model_bytes: int
    """The weights."""
    context_bytes: int
    """The KV cache and what computing a batch takes."""
    total_bytes: int
    """Both, and the process around them."""
    gpus: tuple[GpuUse, ...] = ()
    """The same for each GPU that llama.cpp knows."""
    confidence: Confidence
    source: Source = "calculated"

    @property
    def model_vram_bytes(self) -> int:
        """The weights on all GPUs."""
        return sum(gpu.weights for gpu in self.gpus)

    @property
    def context_vram_bytes(self) -> int:
        """The caches on all GPUs, and what computing there takes."""
        return sum(gpu.context for gpu in self.gpus)

    @property
    def total_vram_bytes(self) -> int:
        """Both, and what the driver keeps for the process."""
        return sum(gpu.total for gpu in self.gpus)


def estimate(
    header: GgufHeader,
    config: LoadSettings,
    *,
    projector_bytes: int = 0,
    draft: GgufHeader | None = None,
    site: Site = NO_GPUS,
) -> MemoryEstimate:
    """Estimate the memory of a worker that has loaded this model and works.

    `projector_bytes` is the size of the file of its vision projector, `draft` a draft model, which
    has a context of its own, as long as the model's. Both lie on the first GPU that is used.
    """
    maximum = shape.number(header, "context_length", 2048)
    settings = config.settled(model_type(header), maximum)
    gpus = gpu_uses(header, settings, site)
    used = next((place for place in places(site, shape.layers(header)) if place is not None), None)
    model, context = _main_memory(header, settings, site)
    if projector_bytes and used is None:
        model += projector_bytes
    if projector_bytes:
        context += PROJECTOR_BYTES
        gpus = _plus(gpus, used, GpuUse(weights=projector_bytes))
    if draft is not None:
        drafted = replace(settings, k_cache_type="f16", v_cache_type="f16")
        there = _all_on(site, used, draft)
        drafts_model, drafts_context = _main_memory(draft, drafted, there)
        model, context = model + drafts_model, context + drafts_context
        for place, use in enumerate(gpu_uses(draft, drafted, there)):
            gpus = _plus(gpus, place, use)
    alone = not projector_bytes and draft is None
    return MemoryEstimate(
        model_bytes=model,
        context_bytes=context,
        total_bytes=model + context + _process(header),
        gpus=gpus,
        confidence=_confidence(header) if alone else "low",
    )


def usage(plan: Plan) -> MemoryEstimate:
    """Estimate what a load will take."""
    projector = plan.model.mmproj
    return estimate(
        plan.model.header,
        plan.settings,
        projector_bytes=projector.stat().st_size if projector else 0,
        draft=plan.draft.header if plan.draft else None,
        site=plan.site,
    )


def _all_on(site: Site, used: int | None, draft: GgufHeader) -> Site:
    """Return the same GPUs with all of a draft model on the one that is used."""
    if used is None:
        return NO_GPUS
    placement = Placement(gpu_layers=shape.layers(draft) + 1, devices=(site.gpus[used],))
    return replace(site, placement=placement)


def _plus(gpus: tuple[GpuUse, ...], place: int | None, more: GpuUse) -> tuple[GpuUse, ...]:
    return tuple(use + more if number == place else use for number, use in enumerate(gpus))


def _main_memory(header: GgufHeader, settings: LoadSettings, site: Site) -> tuple[int, int]:
    """Return the bytes of the weights and of the context of one model, in main memory."""
    where = places(site, shape.layers(header))
    caches = shape.cache_bytes(header, settings)
    copies = shape.checkpoint_bytes(header, settings)
    if all(place is None for place in where):
        weights = _weights(header, mapped=settings.try_mmap and not settings.try_direct_io)
        return weights, sum(caches) + copies + _batch(header, settings)
    on_gpus = settings.offload_kv_cache_to_gpu
    here = sum(
        size for size, place in zip(caches, where, strict=False) if place is None or not on_gpus
    )
    weights = _weights_beside(header, site.placement, where)
    return weights, here + copies + _exchange(header, settings)


def _process(header: GgufHeader) -> int:
    tokens = _length(header, "tokenizer.ggml.tokens")
    merges = _length(header, "tokenizer.ggml.merges")
    base = EMBEDDING_PROCESS_BYTES if shape.embeds(header) else PROCESS_BYTES
    return base + tokens * TOKEN_BYTES + merges * MERGE_BYTES


def _weights(header: GgufHeader, *, mapped: bool) -> int:
    tensors = header.tensors
    if tensors is None or not _is_known(tensors):
        return header.file_bytes
    shared = _shared_bytes(header, tensors)
    if not mapped:
        return tensors.total_bytes + shared
    again = sum(size for name, size in tensors.matrix_bytes.items() if name in _REPACKED)
    # Of the mapped file, llama.cpp lets go what lies after the last tensor that it uses in place.
    let_go = sum(tensors.tail_bytes.values()) if tensors.tail_bytes.keys() <= _REPACKED else 0
    return tensors.total_bytes + shared + again - let_go


def _shared_bytes(header: GgufHeader, tensors: TensorSummary) -> int:
    """Return the input's matrix if the output is made with it as well, in another order."""
    if tensors.has_output or shape.embeds(header):
        return 0
    numbers = shape.number(header, "embedding_length", 0) * _length(header, "tokenizer.ggml.tokens")
    numbers = numbers or shape.number(header, "embedding_length", 0) * shape.number(
        header, "vocab_size", 0
    )
    return sum(
        min(size - tensors.matrix_bytes.get(name, 0), shape.BLOCKS[name.lower()].bytes_of(numbers))
        for name, size in tensors.bytes_by_type.items()
        if name in _REPACKED
    )


def _is_known(tensors: TensorSummary) -> bool:
    return all(name.lower() in shape.BLOCKS for name in tensors.bytes_by_type)


def _weights_beside(header: GgufHeader, placement: Placement, where: tuple[int | None, ...]) -> int:
    """Return the weights that stay in main memory beside GPUs.

    There, llama.cpp rearranges nothing, and lets go what it has read of the file for the GPUs.
    """
    weights, kept = layer_weights(header), experts_in_main_memory(header, placement)
    tensors = header.tensors
    first = tensors.input_bytes if tensors is not None and tensors.layer_bytes else 0
    return (
        first
        + sum(
            size if place is None else kept.get(layer, 0)
            for layer, (size, place) in enumerate(zip(weights[:-1], where, strict=False))
        )
        + (tensors.output_bytes if tensors is not None and where[-1] is None else 0)
    )


def _exchange(header: GgufHeader, settings: LoadSettings) -> int:
    """Return what is computed, or handed to the GPUs, in main memory for one batch."""
    batch = settings.physical_batch_size or 0
    room = shape.cells(header, settings)
    seen = room.seen if window(header) else 0
    width = shape.number(header, "embedding_length", 0)
    mask = MASK_BYTES if settings.flash_attention is not False else SCORE_BYTES
    cells = batch if shape.embeds(header) else room.stream + seen
    if header.architecture in STATE_ONLY:
        cells = 0
    return batch * (mask * cells + BESIDE_ON_GPU * ACTIVATION_BYTES * width)


def _batch(header: GgufHeader, settings: LoadSettings) -> int:
    batch = settings.physical_batch_size or 0
    computed = activation_bytes(header, settings)
    if header.architecture in STATE_ONLY:
        return computed
    if shape.embeds(header):
        return computed + MASK_BYTES * batch * batch
    room = shape.cells(header, settings)
    per_cell, per_seen = MASK_BYTES, MASK_BYTES
    if settings.flash_attention is False:
        per_cell, per_seen = SCORE_BYTES * (1 + shape.heads(header)), SCORE_BYTES
    seen = room.seen if window(header) else 0
    return computed + batch * (per_cell * room.whole + per_seen * seen)


def _confidence(header: GgufHeader) -> Confidence:
    experts = header.of_architecture("expert_count")
    plain = (
        header.architecture in (MEASURED_WITH_EXPERTS if experts else MEASURED_ARCHITECTURES)
        and shape.layers(header)
        and (window(header) > 0 or not header.of_architecture("attention.sliding_window"))
    )
    return "high" if plain and header.tensors is not None else "low"


def _length(header: GgufHeader, key: str) -> int:
    kept = header.metadata.get(key)
    return len(kept) if isinstance(kept, tuple) else header.array_lengths.get(key, 0)
