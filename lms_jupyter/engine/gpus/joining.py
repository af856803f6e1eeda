"""Which of llama.cpp's devices is which GPU of the driver. Pure.

llama.cpp numbers the GPUs that it is allowed to see, the driver all of them by their places on the
bus. An address on the bus settles it, where both tell one; else the name, and among GPUs of the
same name their order, which `CUDA_VISIBLE_DEVICES` may have changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.gpus.gpu import Gpu, Reading, normal_bus_id

VISIBLE = "CUDA_VISIBLE_DEVICES"
_UNIFIED = ("Metal", "MTL")


def joined(
    devices: Sequence[Device],
    readings: Sequence[Reading],
    environment: Mapping[str, str],
    held: Mapping[str, int],
) -> tuple[Gpu, ...]:
    """Return the GPUs in llama.cpp's order.

    `held` is what our own instances hold of each since llama.cpp listed it: where no driver tells
    anything, that much less is free than it said.
    """
    found = _matches(devices, readings, environment)
    return tuple(
        _gpu(device, found.get(device.name), held.get(device.name, 0)) for device in devices
    )


def _matches(
    devices: Sequence[Device], readings: Sequence[Reading], environment: Mapping[str, str]
) -> dict[str, Reading]:
    left = list(readings)
    found: dict[str, Reading] = {}
    for device in devices:
        # Slices of one GPU have the address of the whole: there it settles nothing.
        bus_id = normal_bus_id(device.device_id)
        here = [gpu for gpu in left if bus_id and gpu.bus_id == bus_id]
        if len(here) == 1:
            found[device.name] = here[0]
            left.remove(here[0])
    for device in devices:
        if device.name in found or is_unified(device):
            continue
        ordered = _visible(left, readings, environment) if device.name.startswith("CUDA") else left
        named = [gpu for gpu in ordered if _same_name(gpu.name, device.description)]
        if named:
            found[device.name] = named[0]
            left.remove(named[0])
    return found


def _visible(
    left: Sequence[Reading], readings: Sequence[Reading], environment: Mapping[str, str]
) -> list[Reading]:
    """Return those that CUDA programs may see, in the order in which they see them."""
    visible = environment.get(VISIBLE)
    if visible is None:
        return list(left)
    seen: list[Reading] = []
    for word in (entry.strip() for entry in visible.split(",")):
        if word.isdigit():
            chosen = [readings[int(word)]] if int(word) < len(readings) else []
        else:
            chosen = [reading for reading in readings if word and reading.uuid.startswith(word)]
        if not chosen:
            # CUDA itself stops at the first that does not exist.
            break
        seen += chosen[:1]
    return [gpu for gpu in seen if gpu in left]


def _same_name(reported: str, described: str) -> bool:
    """Whether the driver's name is llama.cpp's; that of a slice goes on after it."""
    reported, described = (" ".join(name.lower().split()) for name in (reported, described))
    return bool(described) and (reported == described or reported.startswith(f"{described} mig "))


def is_unified(device: Device) -> bool:
    """Whether a device computes in main memory."""
    return device.name.startswith(_UNIFIED)


def _gpu(device: Device, reading: Reading | None, held_bytes: int) -> Gpu:
    if reading is None:
        return Gpu(
            gpu_id=device.name,
            name=device.description,
            total_bytes=device.total_bytes,
            free_bytes=max(0, device.free_bytes - held_bytes),
            is_unified=is_unified(device),
        )
    return Gpu(
        gpu_id=device.name,
        name=device.description or reading.name,
        total_bytes=reading.total_bytes,
        free_bytes=reading.free_bytes,
        by_process=reading.by_process or {},
        names_holders=reading.by_process is not None,
        is_measured=True,
    )
