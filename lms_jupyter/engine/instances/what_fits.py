"""What a load that is refused could ask for instead. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from lms_jupyter.engine.instances.instance import Plan
from lms_jupyter.engine.worker.load_settings import CELLS

SMALLER_CACHE: Final = "q8_0"


def longest(fits: Callable[[int], bool], most: int) -> int:
    """Return the longest context up to `most` that fits, as llama.cpp counts; 0 if none does.

    A longer one never takes less: the first that does not fit is found by halving.
    """
    counts = range(1, most // CELLS + 1)
    return CELLS * bisect_left(counts, 1, key=lambda count: not fits(count * CELLS))


def instead(plan: Plan, passes: Callable[[Plan], bool]) -> str:
    """Say which context would fit, with the cache as it was asked for or a smaller one.

    Empty if nothing shorter than what was asked for would.
    """
    asked = plan.settings.context_length or 0
    plain = longest(lambda context: passes(with_context(plan, context)), asked)
    settings = plan.settings
    smaller = 0
    if settings.k_cache_type == settings.v_cache_type == "f16" and settings.flash_attention is None:
        quantized = replace(settings, k_cache_type="q8_0", v_cache_type="q8_0")
        cached = replace(plan, settings=quantized)
        smaller = longest(lambda context: passes(with_context(cached, context)), asked)
    if plain:
        also = f", {smaller:,} with --kv-cache {SMALLER_CACHE}" if smaller > plain else ""
        return f"A context of {plain:,} tokens would fit (-c {plain}){also}. "
    if smaller:
        return f"A context of {smaller:,} tokens would fit with --kv-cache {SMALLER_CACHE}. "
    return ""


def with_context(plan: Plan, context: int) -> Plan:
    """Return the plan with another context, whose batches are never longer."""
    settings = plan.settings
    shorter = replace(
        settings,
        context_length=context,
        eval_batch_size=min(context, settings.eval_batch_size or context),
        physical_batch_size=min(context, settings.physical_batch_size or context),
    )
    return replace(plan, settings=shorter)
