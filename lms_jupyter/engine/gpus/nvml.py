"""NVIDIA's GPUs, as their driver tells them. The only place that imports `pynvml`.

Whatever goes wrong in the driver ends in less being told, never in an exception: a GPU may fall
off the bus, a container may hide the processes of others, and a slice has no process list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_jupyter.engine.gpus.gpu import Reading, normal_bus_id


class Nvml:
    """Reads NVIDIA's management library; `library` is its Python module, or one that acts so."""

    def __init__(self, library: Any = None) -> None:
        self._library = library
        self._is_absent = False
        self._is_open = False

    def read(self) -> tuple[Reading, ...]:
        """Return what is told now, empty if nothing is."""
        if not self._open():
            return ()
        try:
            count = self._library.nvmlDeviceGetCount()
        except self._library.NVMLError:
            # The driver was reset or replaced: begin anew next time.
            self._close()
            return ()
        return tuple(reading for place in range(count) for reading in self._device(place))

    def energy(self) -> dict[str, float]:
        """Return what each GPU has spent since its driver began, in joules, where it tells that."""
        if not self._open():
            return {}
        library, found = self._library, {}
        try:
            for place in range(library.nvmlDeviceGetCount()):
                device = library.nvmlDeviceGetHandleByIndex(place)
                spent_mj = library.nvmlDeviceGetTotalEnergyConsumption(device)
                found[f"nvml:{place}"] = int(spent_mj) / 1000
        except library.NVMLError:
            # Older GPUs count nothing; what was told of others holds.
            return found
        return found

    def _open(self) -> bool:
        if self._is_absent or self._is_open:
            return self._is_open
        try:
            self._library = self._library or _library()
        except ImportError:
            self._is_absent = True
            return False
        try:
            self._library.nvmlInit()
        except self._library.NVMLError_LibraryNotFound:
            self._is_absent = True
        except (self._library.NVMLError, OSError):
            return False
        else:
            self._is_open = True
        return self._is_open

    def _close(self) -> None:
        self._is_open = False
        try:
            self._library.nvmlShutdown()
        except self._library.NVMLError:
            return

    def _device(self, place: int) -> Iterator[Reading]:
        """Yield a GPU, or the slices that it is divided into."""
        library = self._library
        try:
            device = library.nvmlDeviceGetHandleByIndex(place)
            bus_id = normal_bus_id(_text(library.nvmlDeviceGetPciInfo(device).busId))
        except library.NVMLError:
            return
        slices = list(self._slices(device))
        for handle in slices or [device]:
            try:
                memory = library.nvmlDeviceGetMemoryInfo(handle)
                name = _text(library.nvmlDeviceGetName(handle))
            except library.NVMLError:
                continue
            yield Reading(
                name=name,
                bus_id=bus_id,
                uuid=self._uuid(handle),
                total_bytes=int(memory.total),
                free_bytes=int(memory.free),
                by_process=self._processes(handle),
            )

    def _slices(self, device: Any) -> Iterator[Any]:
        library = self._library
        try:
            current, _ = library.nvmlDeviceGetMigMode(device)
            most = library.nvmlDeviceGetMaxMigDeviceCount(device) if current else 0
        except library.NVMLError:
            return
        for place in range(most):
            try:
                yield library.nvmlDeviceGetMigDeviceHandleByIndex(device, place)
            except library.NVMLError:
                continue

    def _uuid(self, device: Any) -> str:
        try:
            return _text(self._library.nvmlDeviceGetUUID(device))
        except self._library.NVMLError:
            return ""

    def _processes(self, device: Any) -> dict[int, int] | None:
        """Return who holds memory: a process that computes and draws is in both lists, once."""
        library = self._library
        held: dict[int, int] = {}
        is_known = False
        for ask in (
            library.nvmlDeviceGetComputeRunningProcesses,
            library.nvmlDeviceGetGraphicsRunningProcesses,
        ):
            try:
                processes = ask(device)
            except library.NVMLError:
                continue
            is_known = True
            for process in processes:
                if process.usedGpuMemory is None:
                    return None
                held[process.pid] = max(held.get(process.pid, 0), int(process.usedGpuMemory))
        return held if is_known else None


def _library() -> Any:
    import pynvml  # noqa: PLC0415 - only where llama.cpp has found a GPU

    return pynvml


def _text(value: object) -> str:
    """Older releases of the module give bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
