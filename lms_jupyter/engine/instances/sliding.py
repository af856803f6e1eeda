"""Which layers look only at a window of the context, and how many cells their cache has. Pure.

llama.cpp keeps two caches for a model with sliding windows: one for the layers that see the whole
context, and a small one for those that see a window of it (`llama-kv-cache-iswa.cpp`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lms_jupyter.engine.library.gguf_header import GgufHeader
from lms_jupyter.engine.worker.load_settings import rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    """What llama.cpp knows of a family: one layer of each `period` sees everything."""

    period: int
    dense_first: bool = False
    """Whether that is the first of each, not the last."""
    window: int | None = None
    """In tokens, if the file does not say it."""
    fixed: bool = False
    """Whether `window` holds whatever the file says."""
    if_named: bool = False
    """Whether there are windows only if the file says how long."""


_PATTERNS: Final = {
    "afmoe": _Pattern(period=4, if_named=True),
    "cohere2": _Pattern(period=4),
    "cohere2moe": _Pattern(period=4, dense_first=True),
    "exaone-moe": _Pattern(period=4, window=128),
    "exaone4": _Pattern(period=4, window=4096),
    "gemma2": _Pattern(period=2, window=4096),
    "gemma3": _Pattern(period=6, if_named=True),
    "gemma3n": _Pattern(period=5),
    "gpt-oss": _Pattern(period=2),
    "laguna": _Pattern(period=4, dense_first=True, if_named=True),
    "llama4": _Pattern(period=4, window=8192, fixed=True),
    "mellum": _Pattern(period=4, if_named=True),
    "muse-glimmer": _Pattern(period=4),
    "olmo2": _Pattern(period=4, if_named=True),
    "plamo3": _Pattern(period=8, if_named=True),
    "smallthinker": _Pattern(period=4, dense_first=True, window=4096, fixed=True, if_named=True),
}
_LISTED: Final = frozenset(
    {"dots3note", "gemma4", "granite_swa", "maple", "mimo2", "spark2_5", "step35"}
)
"""Families whose files list the layers."""
_EXAONE_LAYERS: Final = 64
"""Only EXAONE 4 models of this many layers have windows."""
_GEMMA_3N_LAYERS: Final = 20
"""How many layers of Gemma 3n have a cache of their own."""


def window(header: GgufHeader) -> int:
    """Return how many tokens the windows of a model are long; 0 if it has none."""
    family = header.architecture or ""
    given = header.architecture_integer("attention.sliding_window")
    pattern = _PATTERNS.get(family)
    if pattern is None:
        return (given or 0) if family in _LISTED else 0
    if given == 0 or (given is None and pattern.if_named):
        return 0
    if family == "exaone4" and header.architecture_integer("block_count") != _EXAONE_LAYERS:
        return 0
    length = pattern.window if pattern.fixed else given or pattern.window
    return max(0, length or 0)


def sliding_layers(header: GgufHeader, layers: int) -> tuple[bool, ...]:
    """Say of each layer whether it looks at a window only."""
    if not window(header):
        return (False,) * layers
    given = header.of_architecture("attention.sliding_window_pattern")
    if isinstance(given, tuple):
        return tuple(bool(given[layer]) if layer < len(given) else False for layer in range(layers))
    pattern = _PATTERNS.get(header.architecture or "")
    if pattern is None:
        return (False,) * layers
    period = given if isinstance(given, int) and given >= 0 else pattern.period
    if period == 0:
        return (True,) * layers
    dense = 0 if pattern.dense_first else period - 1
    return tuple(layer % period != dense for layer in range(layers))


def cached_layers(header: GgufHeader, layers: int) -> int:
    """Return how many layers have a cache of their own; the others share that of an earlier one."""
    if header.architecture == "gemma3n":
        return min(layers, _GEMMA_3N_LAYERS)
    if header.architecture == "gemma4":
        shared = header.architecture_integer("attention.shared_kv_layers") or 0
        return max(0, layers - shared)
    return layers


def window_cells(length: int, context: int, sessions: int, batch: int) -> int:
    """Return the length of the cache of windows of `length` tokens.

    `context` is that of the other cache, `sessions` how many share it, `batch` the largest number
    of tokens that are computed at once.
    """
    return rounded(min(context, length * sessions + batch))
