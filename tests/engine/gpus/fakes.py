"""A driver of NVIDIA's that answers as it is told to, and GPUs to place models on."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.gpus.gpu import Gpu

GB = 10**9


class NVMLError(Exception):
    pass


class NVMLError_LibraryNotFound(NVMLError):  # noqa: N801, N818 - NVML's own name
    pass


@dataclass
class Card:
    """One GPU, or one slice of one."""

    name: str = "NVIDIA GeForce RTX 4090"
    uuid: str = "GPU-1"
    bus_id: str = "00000000:01:00.0"
    total: int = 24 * GB
    free: int = 20 * GB
    computing: dict[int, int | None] = field(default_factory=dict)
    drawing: dict[int, int | None] = field(default_factory=dict)
    slices: list[Card] = field(default_factory=list)
    spent_mj: int | None = None
    """What it has spent; `None`: it does not count."""
    broken: set[str] = field(default_factory=set)
    """The calls that fail."""


@dataclass
class FakeNvml:
    """What of the module `pynvml` is used. Older releases give bytes for texts."""

    cards: list[Card]
    in_bytes: bool = False
    is_lost: bool = False
    opened: int = 0
    NVMLError: type[Exception] = NVMLError
    NVMLError_LibraryNotFound: type[Exception] = NVMLError_LibraryNotFound

    def nvmlInit(self) -> None:  # noqa: N802
        self.opened += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self._fail_if(self.is_lost)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        self._fail_if(self.is_lost)
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, place: int) -> Card:  # noqa: N802
        return self._answer(self.cards[place], "handle", self.cards[place])

    def nvmlDeviceGetTotalEnergyConsumption(self, card: Card) -> int:  # noqa: N802
        self._fail_if(card.spent_mj is None)
        return card.spent_mj or 0

    def nvmlDeviceGetName(self, card: Card) -> Any:  # noqa: N802
        return self._answer(card, "name", self._text(card.name))

    def nvmlDeviceGetUUID(self, card: Card) -> Any:  # noqa: N802
        return self._answer(card, "uuid", self._text(card.uuid))

    def nvmlDeviceGetPciInfo(self, card: Card) -> Any:  # noqa: N802
        return self._answer(card, "pci", SimpleNamespace(busId=self._text(card.bus_id)))

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> Any:  # noqa: N802
        return self._answer(card, "memory", SimpleNamespace(total=card.total, free=card.free))

    def nvmlDeviceGetMigMode(self, card: Card) -> tuple[int, int]:  # noqa: N802
        return self._answer(card, "mig", (int(bool(card.slices)),) * 2)

    def nvmlDeviceGetMaxMigDeviceCount(self, card: Card) -> int:  # noqa: N802
        return self._answer(card, "mig", len(card.slices) + 1)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: Card, place: int) -> Card:  # noqa: N802
        self._fail_if(place >= len(card.slices))
        return card.slices[place]

    def nvmlDeviceGetComputeRunningProcesses(self, card: Card) -> list[Any]:  # noqa: N802
        return self._answer(card, "computing", _processes(card.computing))

    def nvmlDeviceGetGraphicsRunningProcesses(self, card: Card) -> list[Any]:  # noqa: N802
        return self._answer(card, "drawing", _processes(card.drawing))

    def _text(self, text: str) -> Any:
        return text.encode() if self.in_bytes else text

    def _answer(self, card: Card, call: str, answer: Any) -> Any:
        self._fail_if(self.is_lost or call in card.broken)
        return answer

    @staticmethod
    def _fail_if(broken: bool) -> None:  # noqa: FBT001
        if broken:
            raise NVMLError("GPU is lost")


def _processes(held: dict[int, int | None]) -> list[Any]:
    return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in held.items()]


def device(name: str = "CUDA0", **more: Any) -> Device:
    """A device as llama.cpp lists it."""
    values = {
        "description": "NVIDIA GeForce RTX 4090",
        "total_bytes": 24 * GB,
        "free_bytes": 23 * GB,
    } | more
    return Device(name=name, **values)


def gpu(gpu_id: str = "CUDA0", *, free: float = 20 * GB, **more: Any) -> Gpu:
    """A GPU with that much memory free."""
    values = {"name": "NVIDIA GeForce RTX 4090", "total_bytes": 24 * GB} | more
    return Gpu(gpu_id=gpu_id, free_bytes=int(free), **values)
