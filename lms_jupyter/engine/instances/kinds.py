"""Which loads take the same memory: those of one file, one build, and settings that matter."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lms_jupyter.engine.instances.carried_out import order_for
from lms_jupyter.engine.version import VERSION

if TYPE_CHECKING:
    from lms_jupyter.engine.instances.instance import Plan
    from lms_jupyter.engine.runtimes.runtime import Runtime

_OWN: Final = ("identifier", "api_key", "flags", "slot_save_path", "size_bytes")
"""What differs from load to load."""
_TAKE_NOTHING: Final = (
    "context_length",
    "cpu_threads",
    "seed",
    "rope_frequency_base",
    "rope_frequency_scale",
    "prompt_template",
    "reasoning_budget_message",
    "draft_min_tokens",
    "draft_min_probability",
    "gpu_strict_vram_cap",
)
"""Settings without a part in it, and the context, which stands beside the kind."""


def kind_of(plan: Plan, runtime: Runtime) -> str:
    """Return the same text for all loads that differ in their context alone.

    Raises:
        OSError: The file is gone.
    """
    order = asdict(order_for(plan))
    for own in _OWN:
        del order[own]
    settings: dict[str, Any] = order["settings"]
    for name in _TAKE_NOTHING:
        del settings[name]
    if plan.model.type == "embedding":  # its batches are as long as its context
        del settings["eval_batch_size"], settings["physical_batch_size"]
    split = order["placement"]["tensor_split"]
    # What GPUs share changes a bit with what is free at the moment.
    order["placement"]["tensor_split"] = [round(part / (sum(split) or 1), 2) for part in split]
    files = [plan.model.file, plan.model.mmproj, plan.draft.file if plan.draft else None]
    looks = [_looks(file) for file in files if file is not None]
    parts = [VERSION, runtime.label, str(runtime.program), looks, order]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


def _looks(file: Path) -> tuple[int, int]:
    """Return what changes when a file does."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns
