"""Who would have to go when a model comes. Pure."""

from collections.abc import Iterable, Sequence

from lms_jupyter.protocol.models import Estimate, Instance, Memory


def evicted_by_request(instances: Iterable[Instance]) -> tuple[str, ...]:
    """Name what a host unloads before it loads a model that a request has named.

    Only what was itself loaded that way, and never what is pinned or in use. A load that somebody
    asks for evicts nothing.
    """
    return tuple(
        instance.identifier for instance in instances if instance.jit and _is_free(instance)
    )


def making_room(
    instances: Sequence[Instance], needed: Estimate, memory: Memory | None
) -> tuple[str, ...]:
    """Name what would have to be unloaded for a load to fit, the longest idle first.

    Both pools count where the host tells of GPUs: what has nothing in the one that is short stays.
    Empty if it fits, if nobody knows, and if unloading all that is idle would not be enough.
    """
    if memory is None:
        return ()
    on_gpus = needed.vram_bytes if memory.gpus else 0
    main_bytes = needed.total_bytes - on_gpus - memory.available_bytes
    gpu_bytes = on_gpus - sum(gpu.available_bytes for gpu in memory.gpus or ())
    chosen: list[str] = []
    for instance in sorted(filter(_is_free, instances), key=lambda i: i.idle_since or 0.0):
        main, gpu = _taken(instance)
        if (main_bytes > 0 and main > 0) or (gpu_bytes > 0 and gpu > 0):
            main_bytes -= main
            gpu_bytes -= gpu
            chosen.append(instance.identifier)
    return tuple(chosen) if max(main_bytes, gpu_bytes) <= 0 else ()


def _taken(instance: Instance) -> tuple[int, int]:
    """Say what an instance takes of main memory, and of GPUs."""
    main = instance.size_bytes if instance.memory_bytes is None else instance.memory_bytes
    return main, sum(share.memory_bytes for share in instance.gpu_memory)


def _is_free(instance: Instance) -> bool:
    return instance.status == "idle" and instance.queued == 0 and not instance.pinned
