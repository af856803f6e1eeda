"""The memory of the GPUs: what a driver tells of one, and what the engine makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One GPU, or one slice of one, as its driver tells it at this moment."""

    name: str
    bus_id: str = ""
    """Its address on the bus, "0000:01:00.0"; slices of a GPU have that of the whole."""
    uuid: str = ""
    total_bytes: int
    free_bytes: int
    by_process: Mapping[int, int] | None = None
    """Process id → bytes; `None`: the driver does not tell who holds its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU that llama.cpp can use, and its memory at this moment."""

    gpu_id: str
    """llama.cpp's name: "CUDA0"."""
    name: str
    total_bytes: int
    free_bytes: int
    by_process: Mapping[int, int] = field(default_factory=dict)
    """Process id → bytes, as far as the driver tells."""
    names_holders: bool = False
    """Whether the driver says who holds its memory."""
    is_measured: bool = False
    """Whether a driver tells the numbers; else they are llama.cpp's, less what we hold since."""
    is_unified: bool = False
    """Whether its memory is main memory, which is counted there already."""


def normal_bus_id(bus_id: str) -> str:
    """Write an address on the bus as llama.cpp does.

    >>> normal_bus_id("00000000:01:00.0")
    '0000:01:00.0'
    """
    domain, colon, rest = bus_id.strip().lower().partition(":")
    if rest.count(":") == 0:
        # Without a domain.
        return f"0000:{domain}:{rest}" if colon else ""
    return f"{domain[-4:]:0>4}:{rest}"
