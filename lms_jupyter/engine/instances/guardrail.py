"""Refuses loads that would not fit into memory: main memory, or that of a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lms_jupyter.engine.errors import GuardrailError
from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.instances.estimate import MemoryEstimate, usage
from lms_jupyter.engine.instances.gpu_shares import held_by
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.machine import Memory, memory
from lms_jupyter.engine.settings import Guardrail as Level

SHARE: Final[dict[Level, float]] = {"off": 1.0, "relaxed": 1.0, "balanced": 0.9, "strict": 0.75}
"""How much of the available memory one load may take."""


class Guardrail:
    """Compares what a load will take with what there is."""

    def __init__(
        self,
        level: Level,
        measure: Callable[[], Memory] = memory,
        meter: GpuMeter | None = None,
    ) -> None:
        self._level = level
        self._measure = measure
        self._meter = meter

    def usage(self, plan: Plan) -> MemoryEstimate:
        """Estimate what a load will take."""
        return usage(plan)

    def passes(self, plan: Plan, others: Iterable[Instance] = ()) -> bool:
        """Whether a load would be let through now."""
        try:
            self.check(plan, others)
        except GuardrailError:
            return False
        return True

    def check(self, plan: Plan, others: Iterable[Instance] = ()) -> None:
        """Raise `GuardrailError`, with the numbers, if a load would not fit beside the others."""
        needed, others = self.usage(plan), tuple(others)
        gpus = self._meter.last if self._meter is not None else ()
        strict = plan.settings.gpu_strict_vram_cap
        for gpu, use in zip(gpus, needed.gpus, strict=False):
            if not gpu.is_unified and use.total and (strict or self._level != "off"):
                self._check_gpu(plan, gpu, use.total, others)
        if self._level == "off":
            return
        unified = sum(
            use.total for gpu, use in zip(gpus, needed.gpus, strict=False) if gpu.is_unified
        )
        total = needed.total_bytes + unified
        available = max(0, self._measure().available_bytes - self._spoken_for(plan, others))
        if total > available * SHARE[self._level]:
            raise GuardrailError(
                f"Loading {plan.model.model_key!r} would take about {_gb(total)}, but only "
                f"{_gb(available)} of memory are available.",
                hint="Unload something, use a shorter context or a smaller variant, or start the "
                "engine with --guardrail off.",
            )

    def _check_gpu(self, plan: Plan, gpu: Gpu, needed: int, others: tuple[Instance, ...]) -> None:
        available = max(0, gpu.free_bytes - self._promised(gpu, others))
        if needed <= available * SHARE[self._level]:
            return
        way_out = "or start the engine with --guardrail off"
        if plan.settings.gpu_strict_vram_cap:
            way_out = "or lift the strict cap of GPU memory"
        raise GuardrailError(
            f"Loading {plan.model.model_key!r} would take about {_gb(needed)} of {gpu.name} "
            f"({gpu.gpu_id}), but only {_gb(available)} are available there.",
            hint="Unload something, put fewer layers there (--gpu 0.5), use a shorter context or "
            f"a smaller variant, {way_out}.",
        )

    def _promised(self, gpu: Gpu, others: tuple[Instance, ...]) -> int:
        """Return what loads under way have yet to take of a GPU."""
        promised = 0
        for other in others:
            if other.is_ready or not other.admitted:
                continue
            site = other.plan.site.gpus
            use = dict(zip(site, self.usage(other.plan).gpus, strict=False)).get(gpu.gpu_id)
            held = held_by(other, [gpu]).get(gpu.gpu_id, 0)
            promised += max(0, use.total - held) if use else 0
        return promised

    def _spoken_for(self, plan: Plan, others: Iterable[Instance]) -> int:
        """Return how much of what looks available is not.

        That is what loads under way have yet to take, and the models in memory that the system
        counts as cache because they are mapped from their files. A file that the new load shares
        costs nothing twice.
        """
        mapped = {plan.model.file: 0}
        promised = 0
        for other in others:
            if other.is_ready:
                mapped.setdefault(other.model.file, other.mapped_bytes())
            elif other.admitted:
                promised += max(0, self.usage(other.plan).total_bytes - other.private_bytes())
        return promised + sum(mapped.values())


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f} GB"
