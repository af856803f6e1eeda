"""One build of llama.cpp that models can run on; LM Studio calls it a runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from lms_jupyter.engine.gpus.device import Device

Backend: TypeAlias = Literal["cpu", "cuda", "rocm", "metal", "vulkan", "sycl", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A build that was surveyed: what it is, what it computes on, what it cannot do."""

    name: str
    """Unique on this machine: "xllamacpp", "llama-server"."""
    version: str
    backend: Backend = "cpu"
    program: Path | None = None
    """The `llama-server` that it is; `None`: the Python package xllamacpp."""
    devices: tuple[Device, ...] = ()
    """The GPUs that it can use; empty: it computes on the processor only."""
    missing: frozenset[str] = frozenset()
    """Load settings, by their names, that it cannot carry out."""
    problem: str = ""
    """Why it cannot be used at all, in one sentence; empty if it can."""
