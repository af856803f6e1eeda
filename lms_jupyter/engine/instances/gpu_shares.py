"""What one instance holds on each GPU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.instances.instance import Instance


def held_by(instance: Instance, gpus: Iterable[Gpu]) -> Mapping[str, int]:
    """Return GPU → bytes of one instance: what the driver says, else what llama.cpp says."""
    worker = instance.worker
    if worker is None:
        return {}
    buffers = worker.buffers.by_device
    held = {
        gpu.gpu_id: gpu.by_process.get(worker.pid) or buffers.get(gpu.gpu_id, 0) for gpu in gpus
    }
    return {gpu_id: size for gpu_id, size in held.items() if size}


def held_by_all(instances: Iterable[Instance]) -> Mapping[str, int]:
    """Return GPU → bytes of all instances together, as llama.cpp says it."""
    held: dict[str, int] = {}
    for instance in instances:
        for gpu_id, size in instance.worker.buffers.by_device.items() if instance.worker else ():
            held[gpu_id] = held.get(gpu_id, 0) + size
    return held
