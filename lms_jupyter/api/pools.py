"""The memory of each GPU: how much is taken, and by whom."""

from collections.abc import Sequence
from pathlib import PurePath

from lms_jupyter.api.sizes import format_size
from lms_jupyter.protocol.models import GpuMemory, Instance, Memory

HEADING = ("POOL", "USED", "FREE", "TOTAL", "HELD BY")
OTHERS = "other programs"
"""What holds the rest, by whatever name."""


def gpu_bytes(instance: Instance) -> int:
    """Add up what an instance takes on all GPUs."""
    return sum(share.memory_bytes for share in instance.gpu_memory)


def gpu_name(place: int, gpus: Sequence[GpuMemory]) -> str:
    """Name a GPU: with its number, which settings go by, where there are several."""
    name = gpus[place].name
    return name if len(gpus) == 1 else f"GPU {place}: {name}"


def rows(memory: Memory, instances: Sequence[Instance]) -> list[tuple[str, ...]]:
    """Return a row for main memory and for each GPU; none where there is no GPU, or none told."""
    gpus = memory.gpus or ()
    if not gpus:
        return []
    main = _row("Main memory", memory.total_bytes, memory.available_bytes, "")
    return [
        main,
        *(
            _row(
                gpu_name(place, gpus),
                gpu.total_bytes,
                gpu.available_bytes,
                ", ".join(held_by(gpu, instances)),
            )
            for place, gpu in enumerate(gpus)
        ),
    ]


def held_by(gpu: GpuMemory, instances: Sequence[Instance]) -> list[str]:
    """Say who holds how much of a GPU: notebooks, then instances, then the rest together."""
    shares = [
        (f"notebook {PurePath(user.name).name}", user.memory_bytes)
        for user in gpu.users
        if user.is_notebook
    ]
    shares += [
        (instance.identifier, share.memory_bytes)
        for instance in instances
        if instance.device is None
        for share in instance.gpu_memory
        if share.gpu_id == gpu.gpu_id
    ]
    taken = max(0, gpu.total_bytes - gpu.available_bytes)
    rest = taken - sum(size for _, size in shares)
    held = [(name, size) for name, size in (*shares, (OTHERS, rest)) if size > 0]
    return [f"{name} {format_size(size)}" for name, size in held]


def _row(name: str, total: int, free: int, held: str) -> tuple[str, ...]:
    sizes = (max(0, total - free), free, total)
    return (name, *map(format_size, sizes), held)
