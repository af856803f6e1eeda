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
from lms_jupyter.engine.instances.what_fits import instead
from lms_jupyter.engine.machine import Memory, memory
from lms_jupyter.engine.settings import Guardrail as Level

SHARE: Final[dict[Level, float]] = {"off": 1.0, "relaxed": 1.0, "balanced": 0.9, "strict": 0.75}
"""How much of the available memory one load may take."""
_WAY_OUT: Final = (
    "Unload something, use a shorter context or a smaller variant, or start the engine with "
    "--guardrail off."
)
_WAY_OUT_OF_GPU: Final = (
    "Unload something, put fewer layers there (--gpu 0.5), use a shorter context or a smaller "
    "variant, "
)


class Guardrail:
    """Compares what a load will take with what there is."""

    def __init__(
        self,
        level: Level,
        measure: Callable[[], Memory] = memory,
        meter: GpuMeter | None = None,
        correct: Callable[[Plan, MemoryEstimate], MemoryEstimate] = lambda _plan, usage: usage,
    ) -> None:
        self._level = level
        self._measure = measure
        self._meter = meter
        self._correct = correct

    def usage(self, plan: Plan) -> MemoryEstimate:
        """Estimate what a load will take, by what such loads took here where that is known."""
        return self._correct(plan, usage(plan))

    def passes(self, plan: Plan, others: Iterable[Instance] = ()) -> bool:
        """Whether a load would be let through now."""
        return self._objection(plan, tuple(others)) is None

    def check(self, plan: Plan, others: Iterable[Instance] = ()) -> None:
        """Raise `GuardrailError`, with the numbers, if a load would not fit beside the others.

        It also says which context would.
        """
        others = tuple(others)
        objection = self._objection(plan, others)
        if objection is None:
            return
        sentence, way_out = objection
        # What is free is asked once, so that all candidates are held against the same.
        free = self._measure()
        same = Guardrail(self._level, lambda: free, self._meter, self._correct)
        would_fit = instead(plan, lambda shorter: same.passes(shorter, others))
        raise GuardrailError(sentence, hint=would_fit + way_out)

    def _objection(self, plan: Plan, others: tuple[Instance, ...]) -> tuple[str, str] | None:
        """Say why a load would not fit, and what helps; `None` if it would."""
        needed = self.usage(plan)
        gpus = self._meter.last if self._meter is not None else ()
        strict = plan.settings.gpu_strict_vram_cap
        for gpu, use in zip(gpus, needed.gpus, strict=False):
            if not gpu.is_unified and use.total and (strict or self._level != "off"):
                available = max(0, gpu.free_bytes - self._promised(gpu, others))
                if use.total > available * SHARE[self._level]:
                    return self._on_gpu(plan, gpu, use.total, available)
        if self._level == "off":
            return None
        unified = sum(
            use.total for gpu, use in zip(gpus, needed.gpus, strict=False) if gpu.is_unified
        )
        total = needed.total_bytes + unified
        available = max(0, self._measure().available_bytes - self._spoken_for(plan, others))
        if total <= available * SHARE[self._level]:
            return None
        why = f"would take about {_gb(total)}, but only {_gb(available)} of memory are available"
        return f"Loading {plan.model.model_key!r} {why}.", _WAY_OUT

    def _on_gpu(self, plan: Plan, gpu: Gpu, needed: int, available: int) -> tuple[str, str]:
        way_out = "or start the engine with --guardrail off"
        if plan.settings.gpu_strict_vram_cap:
            way_out = "or lift the strict cap of GPU memory"
        why = f"would take about {_gb(needed)} of {gpu.name} ({gpu.gpu_id})"
        there = f"but only {_gb(available)} are available there"
        return f"Loading {plan.model.model_key!r} {why}, {there}.", _WAY_OUT_OF_GPU + way_out + "."

    def promised(self, loads: Iterable[Instance]) -> int:
        """Return how much main memory loads under way have yet to take."""
        return sum(
            max(0, self.usage(load.plan).total_bytes - load.private_bytes())
            for load in loads
            if load.admitted
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
