"""Refuses loads that would not fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lms_jupyter.engine.errors import GuardrailError
from lms_jupyter.engine.estimate import MemoryEstimate, estimate
from lms_jupyter.engine.instance import Plan
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
        extra = plan.draft.size_bytes if plan.draft else 0
        if plan.model.mmproj is not None:
            extra += plan.model.mmproj.stat().st_size
        return estimate(plan.model.header, plan.settings, extra_bytes=extra)

    def passes(self, plan: Plan) -> bool:
        """Whether a load would be let through now."""
        try:
            self.check(plan)
        except GuardrailError:
            return False
        return True

    def check(self, plan: Plan) -> None:
        """Raise `GuardrailError`, with the numbers, if a load would not fit."""
        if self._level == "off":
            return
        needed = self.usage(plan).total_bytes
        available = self._measure().available_bytes
        if needed > available * _SHARE[self._level]:
            raise GuardrailError(
                f"Loading {plan.model.model_key!r} would take about {_gb(needed)}, but only "
                f"{_gb(available)} of memory are available.",
                hint="Unload something, use a shorter context or a smaller variant, or start the "
                "engine with --guardrail off.",
            )


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f} GB"
