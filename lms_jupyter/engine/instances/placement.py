"""From the load settings and the GPUs to which layer lies where. Pure.

`--gpu 0.5` means half of the layers, rounded; `max` all of them and the output, which llama.cpp
counts as one more. Where nothing is said, as many layers go to the GPUs as fit there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.vram import GpuUse, Site
from lms_jupyter.engine.library.gguf_header import GgufHeader
from lms_jupyter.engine.runtimes.runtime import Runtime
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Placement

Uses = Callable[[Site], Sequence[GpuUse]]
"""Estimates what a placement takes on each GPU."""

_NEEDED: Final = (
    ("num_cpu_expert_layers_ratio", "keep experts in main memory"),
    ("disabled_gpus", "leave out a GPU"),
    ("gpu_priority", "fill one GPU before another"),
    ("gpu_custom_ratio", "share a model between GPUs by a ratio"),
)
"""What a runtime may be unable to do, by the setting that asks for it."""


def check(
    settings: LoadSettings, header: GgufHeader, gpus: Sequence[Gpu], runtime: Runtime
) -> None:
    """Raise what cannot be done as it is asked, with the reason.

    Without a GPU there is nothing that could be placed: the settings of the instance say so then.

    Raises:
        BadRequestError: A GPU is not there, or the settings do not go together.
        UnsupportedError: The runtime cannot do it.
    """
    if not gpus or settings.gpu_offload_ratio == 0:
        return
    for number in (*settings.disabled_gpus, *settings.gpu_priority):
        if number >= len(gpus):
            raise BadRequestError(
                f"There is no GPU {number}: llama.cpp has {_names(gpus)}.",
                hint="GPUs are numbered from 0.",
            )
    if settings.gpu_offload_ratio and not _enabled(settings, gpus):
        raise BadRequestError(
            f"{settings.gpu_offload_ratio:.0%} of the layers cannot go to a GPU: all GPUs are "
            "disabled.",
            hint="Leave one enabled, or switch GPUs off.",
        )
    ratio = settings.gpu_custom_ratio
    if settings.split_strategy == "custom":
        if len(ratio) != len(gpus):
            raise BadRequestError(
                f"A custom ratio has one number for each GPU, {len(gpus)} here and not "
                f"{len(ratio)}: llama.cpp has {_names(gpus)}."
            )
        if not any(ratio[number] for number in _enabled(settings, gpus)):
            raise BadRequestError("The custom ratio gives nothing to any GPU that is enabled.")
    _check_runtime(settings, header, runtime)


def _check_runtime(settings: LoadSettings, header: GgufHeader, runtime: Runtime) -> None:
    for name, what in _NEEDED:
        if getattr(settings, name) and name in runtime.missing:
            raise UnsupportedError(
                f"{runtime.name} {runtime.version} cannot {what}.",
                hint="Leave the setting out, or select another runtime.",
            )
    if settings.num_cpu_expert_layers_ratio and not shape.number(header, "expert_count", 0):
        raise UnsupportedError(
            "No experts can be kept in main memory: this model has none.",
            hint="Leave the part of the layers out.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placer:
    """Finds where one model is to lie."""

    settings: LoadSettings
    layers: int
    gpus: Sequence[Gpu]
    runtime: Runtime
    uses: Uses
    share: float = 1.0
    """How much of the free memory it may take."""

    def place(self) -> Site:
        """Return where it is to lie."""
        ratio = self.settings.gpu_offload_ratio
        if not self.gpus:
            # As long as nobody has asked llama.cpp for its GPUs, it uses what it finds.
            asked = 1.0 if ratio is None else ratio
            return self._site(Placement(gpu_layers=_layers(asked, self.layers)))
        if not _enabled(self.settings, self.gpus):
            return self._site(Placement())
        if ratio is not None:
            return self._with(_layers(ratio, self.layers))
        # More layers never take less: the first number that does not fit is found by halving.
        too_many = bisect_left(
            range(1, self.layers + 2), 1, key=lambda wanted: not self._fits(self._with(wanted))
        )
        return self._with(too_many)

    def _fits(self, site: Site) -> bool:
        needed = self.uses(site)
        return all(
            use.total <= self.share * gpu.free_bytes
            for use, gpu in zip(needed, self.gpus, strict=True)
        )

    def _site(self, placement: Placement) -> Site:
        names = tuple(gpu.gpu_id for gpu in self.gpus)
        return Site(gpus=names, placement=placement, backend=self.runtime.backend)

    def _with(self, wanted: int) -> Site:
        """Return the site with so many layers on GPUs, each of which gets its part of them."""
        experts = round(self.settings.num_cpu_expert_layers_ratio * self.layers)
        placement = Placement(gpu_layers=wanted, cpu_expert_layers=experts if wanted else 0)
        if len(self.gpus) == 1 or not wanted:
            return self._site(placement)
        order = _enabled(self.settings, self.gpus)
        if self.settings.split_strategy == "custom":
            weights = {number: self.settings.gpu_custom_ratio[number] for number in order}
        elif self.settings.split_strategy == "priorityOrder":
            weights = self._filled(placement, order)
        else:
            weights = {number: float(self.gpus[number].free_bytes >> 20) for number in order}
        used = {number: weight for number, weight in weights.items() if weight > 0}
        used = used or {order[0]: 1.0}
        if self.runtime.program is None:
            # xllamacpp cannot be told which GPUs to use: the others get nothing.
            split = tuple(used.get(number, 0.0) for number in range(len(self.gpus)))
            return self._site(replace(placement, tensor_split=split))
        names = tuple(self.gpus[number].gpu_id for number in used)
        split = tuple(used.values()) if len(used) > 1 else ()
        return self._site(replace(placement, devices=names, tensor_split=split))

    def _filled(self, placement: Placement, order: Sequence[int]) -> dict[int, float]:
        """Return how many layers each GPU gets if one is filled before the next.

        The last one takes all that is left, and the guardrail says so if that does not fit.
        """
        left = placement.gpu_layers
        weights: dict[int, float] = {}
        for number in order:
            alone = self._site(replace(placement, devices=(self.gpus[number].gpu_id,)))
            use = self.uses(alone)[number]
            fixed = use.compute + use.process
            layer_bytes = max(1, (use.total - fixed) // placement.gpu_layers)
            room = max(0, int(self.share * self.gpus[number].free_bytes) - fixed) // layer_bytes
            weights[number] = float(left if number == order[-1] else min(left, room))
            left -= int(weights[number])
        return weights


def _layers(ratio: float, layers: int) -> int:
    return layers + 1 if ratio == 1 else round(ratio * layers)


def _enabled(settings: LoadSettings, gpus: Sequence[Gpu]) -> list[int]:
    """Return the numbers of the GPUs to use, those to fill first at the front."""
    first = [number for number in settings.gpu_priority if number < len(gpus)]
    order = [*dict.fromkeys(first), *(n for n in range(len(gpus)) if n not in first)]
    return [number for number in order if number not in settings.disabled_gpus]


def _names(gpus: Sequence[Gpu]) -> str:
    return ", ".join(f"{number} ({gpu.name})" for number, gpu in enumerate(gpus))
