"""Who would have to go when a model comes. Pure."""

from collections.abc import Iterable, Sequence

from lms_jupyter.protocol.models import Instance, Memory


def evicted_by_request(instances: Iterable[Instance]) -> tuple[str, ...]:
    """Name what a host unloads before it loads a model that a request has named.

    Only what was itself loaded that way, and never what is pinned or in use. A load that somebody
    asks for evicts nothing.
    """
    return tuple(
        instance.identifier for instance in instances if instance.jit and _is_free(instance)
    )


def making_room(
    instances: Sequence[Instance], needed_bytes: int, memory: Memory | None
) -> tuple[str, ...]:
    """Name what would have to be unloaded for a load to fit, the longest idle first.

    Empty if it fits, if nobody knows, and if unloading all that is idle would not be enough.
    """
    if memory is None:
        return ()
    missing_bytes = needed_bytes - memory.available_bytes
    chosen: list[str] = []
    for instance in sorted(filter(_is_free, instances), key=lambda i: i.idle_since or 0.0):
        if missing_bytes <= 0:
            break
        missing_bytes -= instance.memory_bytes or instance.size_bytes
        chosen.append(instance.identifier)
    return tuple(chosen) if missing_bytes <= 0 else ()


def _is_free(instance: Instance) -> bool:
    return instance.status == "idle" and instance.queued == 0 and not instance.pinned
