"""One build of llama.cpp that models can run on; LM Studio calls it a runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.version import LLAMA_VERSION

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
    flags: frozenset[str] = frozenset()
    """What a program's `--help` lists; empty for xllamacpp."""
    problem: str = ""
    """Why it cannot be used at all, in one sentence; empty if it can."""

    @property
    def label(self) -> str:
        """What it is called where there is one line for it: "llama-server b10434 (Vulkan)"."""
        return f"{self.name} {self.version} ({LABELS[self.backend]})"


LABELS: Final[Mapping[Backend, str]] = {
    "cpu": "CPU",
    "cuda": "CUDA",
    "rocm": "ROCm",
    "metal": "Metal",
    "vulkan": "Vulkan",
    "sycl": "SYCL",
    "other": "GPU",
}


def installed() -> Runtime:
    """Return the xllamacpp of this environment, before anybody has asked it for its GPUs."""
    return Runtime(
        name="xllamacpp",
        version=LLAMA_VERSION,
        missing=frozenset({"num_experts", "num_cpu_expert_layers_ratio"}),
    )
