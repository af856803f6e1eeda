"""What the devices say, as placement has to know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lms_jupyter.engine.fleet.placement import Held, Place


def place(
    device: str | None,
    name: str,
    activity: Mapping[str, Any],
    estimate: Mapping[str, Any] | None,
    labels: Mapping[str, str] | None = None,
) -> Place:
    """Describe a device.

    Args:
        device: Its identifier.
        name: What it is called.
        activity: Its memory and what is in it, as `getActivity` writes it.
        estimate: What the load would take there; `None` if the file is not there. Whether it fits
            is its engine's to say, which knows of loads under way and of its own guardrail.
        labels: What its machine is called besides.
    """
    memory, instances = activity.get("memory") or {}, activity["instances"]
    free = int(memory.get("availableBytes", 0))
    free_vram = sum(int(gpu["availableBytes"]) for gpu in memory.get("gpus") or ())
    needed, needed_vram = 0, 0
    if estimate is not None:
        needed_vram = int(estimate["memory"]["totalVramBytes"])
        needed = int(estimate["memory"]["totalBytes"]) - needed_vram
        if estimate.get("passesGuardrails", True):
            needed, needed_vram = min(needed, free), min(needed_vram, free_vram)
        elif needed <= free and needed_vram <= free_vram:
            needed = free + 1
    return Place(
        device=device,
        name=name,
        has_file=estimate is not None,
        needed_bytes=needed,
        needed_vram_bytes=needed_vram,
        free_bytes=free,
        free_vram_bytes=free_vram,
        requests=sum(int(instance.get("queued", 0)) for instance in instances),
        labels=labels or {},
        held=tuple(_held(instances)),
    )


def fetching(destination: Place, estimates: Iterable[Mapping[str, Any]]) -> Place:
    """Describe a device that has to get the file first: what it would take, others tell.

    It goes onto the GPUs there if it fits there as a whole; its engine says so for sure.
    """
    needed = max(int(estimate["memory"]["totalBytes"]) for estimate in estimates)
    if needed <= destination.free_vram_bytes:
        return replace(destination, can_fetch=True, needed_vram_bytes=needed)
    return replace(destination, can_fetch=True, needed_bytes=needed)


def _held(instances: Iterable[Mapping[str, Any]]) -> Iterable[Held]:
    for instance in instances:
        vram = sum(int(share["memoryBytes"]) for share in instance.get("gpuMemory") or ())
        yield Held(
            reference=instance["instanceReference"],
            memory_bytes=int(instance.get("memoryBytes", 0)),
            vram_bytes=vram,
            is_busy=instance.get("status", "idle") != "idle",
            may_leave=not instance.get("pinned")
            and bool(instance.get("jit") or instance.get("ttlMs")),
            used_at=float(instance.get("lastUsedTime") or 0),
        )
