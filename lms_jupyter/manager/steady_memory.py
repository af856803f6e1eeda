"""When free memory is what it was, as far as anybody could see in a bar. Pure."""

from lms_jupyter.protocol.models import GpuMemory, Memory, MemoryUser

STEADY_PARTS = 50
"""A change of the free memory by less than this part of all is no change of the slice by itself."""


def is_steady(known: Memory | None, new: Memory | None) -> bool:
    """Whether no pool of memory has changed by as much as could be seen."""
    if known is None or new is None or known.total_bytes != new.total_bytes:
        return known == new
    if not _is_near(known.available_bytes, new.available_bytes, known.total_bytes):
        return False
    if known.gpus is None or new.gpus is None or len(known.gpus) != len(new.gpus):
        return known.gpus == new.gpus
    return all(map(_is_steady_gpu, known.gpus, new.gpus))


def _is_steady_gpu(known: GpuMemory, new: GpuMemory) -> bool:
    mark, mark_now = (_mark(gpu) for gpu in (known, new))
    return (
        mark == mark_now
        and _is_near(known.available_bytes, new.available_bytes, known.total_bytes)
        and all(
            _is_near(user.memory_bytes, now.memory_bytes, known.total_bytes)
            for user, now in zip(known.users, new.users, strict=True)
        )
    )


def _mark(gpu: GpuMemory) -> tuple[str, str, int, list[tuple[str, bool, int | None]]]:
    """Return what must not change unseen."""
    return gpu.gpu_id, gpu.name, gpu.total_bytes, [_who(user) for user in gpu.users]


def _who(user: MemoryUser) -> tuple[str, bool, int | None]:
    return user.name, user.is_notebook, user.pid


def _is_near(known: int, new: int, total: int) -> bool:
    return abs(known - new) * STEADY_PARTS < total
