"""How much of a model lies on GPUs, and what computing there takes. Pure.

The weights and the cache are what llama.cpp allocates, to the byte. The buffer for computing was
compared with what llama.cpp says of it; around it, a driver keeps something for every process, by
the kind of its interface.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.activations import (
    BESIDE_ON_GPU,
    activation_bytes,
    copying_bytes,
)
from lms_jupyter.engine.instances.recurrent import STATE_ONLY
from lms_jupyter.engine.instances.sliding import window
from lms_jupyter.engine.library.gguf_header import GgufHeader, TensorSummary
from lms_jupyter.engine.runtimes.runtime import Backend
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Placement

PROCESS_BYTES: Final[Mapping[Backend, int]] = {
    "cuda": 605 * 2**20,
    "rocm": 605 * 2**20,
    "vulkan": 55 * 2**20,
}
"""What a driver keeps on a GPU for a process that computes there; CUDA's and Vulkan's measured on
one card, ROCm taken for CUDA's kind."""
OTHER_PROCESS_BYTES: Final = 55 * 2**20

_EVERYTHING_HERE: Final = Placement()
NUMBER_BYTES: Final = 4
MASK_BYTES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUse:
    """What lies on one GPU, in bytes."""

    weights: int = 0
    cache: int = 0
    compute: int = 0
    process: int = 0

    @property
    def context(self) -> int:
        """The cache and what computing a batch takes."""
        return self.cache + self.compute

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.context + self.process

    def __add__(self, other: GpuUse) -> GpuUse:
        return GpuUse(
            weights=self.weights + other.weights,
            cache=self.cache + other.cache,
            compute=self.compute + other.compute,
            process=max(self.process, other.process),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The GPUs that a model may lie on, and how it does."""

    gpus: tuple[str, ...] = ()
    """All that llama.cpp knows, by its names."""
    placement: Placement = _EVERYTHING_HERE
    backend: Backend = "cpu"

    @property
    def shares(self) -> tuple[float, ...]:
        """How much each of `gpus` gets of the layers there, in any unit."""
        names = self.placement.devices or self.gpus
        split = self.placement.tensor_split or (1.0,) * len(names)
        given = dict(zip(names, split, strict=False))
        return tuple(given.get(name, 0.0) for name in self.gpus)


def places(site: Site, layers: int) -> tuple[int | None, ...]:
    """Return on which GPU each layer lies, and at the end the output; `None`: in main memory.

    As llama.cpp counts: the output is one of the layers, and the last ones go to the GPUs first.
    """
    names = site.placement.devices or site.gpus
    wanted = min(site.placement.gpu_layers, layers + 1)
    if not names or wanted < 1:
        return (None,) * (layers + 1)
    split = site.placement.tensor_split or (1.0,) * len(names)
    ends = [end / sum(split) for end in accumulate(split)]
    first = layers + 1 - wanted
    return tuple(
        None
        if layer < first
        else site.gpus.index(
            names[min(bisect_right(ends, (layer - first) / wanted), len(names) - 1)]
        )
        for layer in range(layers + 1)
    )


def gpu_uses(header: GgufHeader, settings: LoadSettings, site: Site) -> tuple[GpuUse, ...]:
    """Return what lies on each GPU of the site."""
    count = shape.layers(header)
    where = places(site, count)
    if all(place is None for place in where):
        return (GpuUse(),) * len(site.gpus)
    weights = layer_weights(header)
    kept = experts_in_main_memory(header, site.placement)
    caches = shape.cache_bytes(header, settings)
    is_split = None in where[:count] or bool(kept) or not settings.offload_kv_cache_to_gpu
    uses = []
    for gpu in range(len(site.gpus)):
        here = [layer for layer, place in enumerate(where) if place == gpu]
        if not here:
            uses.append(GpuUse())
            continue
        cache = sum(caches[layer] for layer in here if layer < count)
        uses.append(
            GpuUse(
                weights=sum(weights[layer] - kept.get(layer, 0) for layer in here),
                cache=cache if settings.offload_kv_cache_to_gpu else 0,
                compute=_compute(header, settings, caches if is_split else ()),
                process=PROCESS_BYTES.get(site.backend, OTHER_PROCESS_BYTES),
            )
        )
    return tuple(uses)


def layer_weights(header: GgufHeader) -> tuple[int, ...]:
    """Return the bytes of each layer, and at the end of the output, as they lie on a GPU.

    A model whose output is made with its input's matrix has that twice then.
    """
    count, tensors = shape.layers(header), header.tensors
    if tensors is None or not tensors.layer_bytes or tensors.total_bytes == 0:
        layer_bytes = header.file_bytes // (count + 1)
        return (layer_bytes,) * (count + 1)
    each_layer = tuple(tensors.layer_bytes.get(layer, 0) for layer in range(count))
    return (*each_layer, _output(header, tensors))


def _output(header: GgufHeader, tensors: TensorSummary) -> int:
    width = shape.number(header, "embedding_length", 0)
    only_norms = tensors.output_bytes <= 4 * NUMBER_BYTES * width
    is_shared = only_norms and not shape.embeds(header)
    return tensors.output_bytes + (tensors.input_bytes if is_shared else 0)


def experts_in_main_memory(header: GgufHeader, placement: Placement) -> dict[int, int]:
    """Return layer → bytes of the experts that do not go to a GPU: those of the first layers."""
    tensors = header.tensors
    if tensors is None:
        return {}
    kept = range(placement.cpu_expert_layers)
    return {layer: tensors.expert_bytes[layer] for layer in kept if layer in tensors.expert_bytes}


def _compute(header: GgufHeader, settings: LoadSettings, streamed: Sequence[int]) -> int:
    """Return the buffer for computing one batch.

    `streamed` is the cache of each layer if some part of the model lies in main memory: a GPU
    computes long batches for that part as well, and copies what it needs.
    """
    batch = settings.physical_batch_size or 0
    room = shape.cells(header, settings)
    mask = MASK_BYTES * (room.stream + (room.seen if window(header) else 0))
    if shape.embeds(header):
        mask = MASK_BYTES * batch
    elif header.architecture in STATE_ONLY:
        mask = 0
    if settings.flash_attention is False:
        mask = 2 * mask + NUMBER_BYTES * shape.heads(header) * room.stream
    computed = activation_bytes(header, settings, beside=BESIDE_ON_GPU)
    if streamed:
        computed = max(computed, copying_bytes(header, settings, max(streamed)))
    return batch * mask + computed
