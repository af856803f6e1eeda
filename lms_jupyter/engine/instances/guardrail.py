"""Refuses loads that would not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lms_jupyter.engine.errors import GuardrailError
from lms_jupyter.engine.instances.estimate import MemoryEstimate, estimate
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.machine import Memory, memory
from lms_jupyter.engine.settings import Guardrail as Level

_SHARE: Final[dict[Level, float]] = {"relaxed": 1.0, "balanced": 0.9, "strict": 0.75}
"""How much of the available memory one load may take."""


class Guardrail:
    """Compares what a load will take with what there is."""

    def __init__(self, level: Level, measure: Callable[[], Memory] = memory) -> None:
        self._level = level
        self._measure = measure

    def usage(self, plan: Plan) -> MemoryEstimate:
        """Estimate what a load will take."""
        projector = plan.model.mmproj
        return estimate(
            plan.model.header,
            plan.settings,
            projector_bytes=projector.stat().st_size if projector else 0,
            draft=plan.draft.header if plan.draft else None,
        )

    def passes(self, plan: Plan, others: Iterable[Instance] = ()) -> bool:
        """Whether a load would be let through now."""
        try:
            self.check(plan, others)
        except GuardrailError:
            return False
        return True

    def check(self, plan: Plan, others: Iterable[Instance] = ()) -> None:
        """Raise `GuardrailError`, with the numbers, if a load would not fit beside the others."""
        if self._level == "off":
            return
        needed = self.usage(plan).total_bytes
        available = max(0, self._measure().available_bytes - self._spoken_for(plan, others))
        if needed > available * _SHARE[self._level]:
            raise GuardrailError(
                f"Loading {plan.model.model_key!r} would take about {_gb(needed)}, but only "
                f"{_gb(available)} of memory are available.",
                hint="Unload something, use a shorter context or a smaller variant, or start the "
                "engine with --guardrail off.",
            )

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
