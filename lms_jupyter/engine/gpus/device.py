"""A device that a build of llama.cpp can compute on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One GPU, as llama.cpp lists it; the numbers are those of the moment of the listing."""

    name: str
    """Of llama.cpp: "CUDA0", "Vulkan0", "ROCm0", "Metal"."""
    description: str
    """"NVIDIA GeForce RTX 4090"."""
    total_bytes: int
    free_bytes: int
    device_id: str = ""
    """Its address on the bus, where llama.cpp tells it: "0000:01:00.0"."""
