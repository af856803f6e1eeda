"""AMD's GPUs, as Linux tells them in `/sys` and `/proc`."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from lms_jupyter.engine.gpus.gpu import Reading

_DRIVER = "amdgpu"


class Amd:
    """Reads the files of the kernel's driver."""

    def __init__(
        self, cards: Path = Path("/sys/class/drm"), processes: Path = Path("/proc")
    ) -> None:
        self._cards = cards
        self._processes = processes

    def read(self) -> tuple[Reading, ...]:
        """Return what is told now, empty if nothing is."""
        known = sorted(self._cards.glob("card[0-9]*/device"))
        found = [(card, size) for card in known if (size := _number(card / "mem_info_vram_total"))]
        if not found:
            return ()
        holders = self._holders()
        readings = []
        for card, total in found:
            used = _number(card / "mem_info_vram_used")
            if used is None:
                continue
            bus_id = card.resolve().name.lower()
            readings.append(
                Reading(
                    name=_line(card / "product_name") or "AMD GPU",
                    bus_id=bus_id,
                    total_bytes=total,
                    free_bytes=max(0, total - used),
                    by_process=holders.get(bus_id, {}),
                )
            )
        return tuple(readings)

    def _holders(self) -> dict[str, dict[int, int]]:
        """Return bus id → process id → bytes, of the processes that we may look at."""
        held: dict[str, dict[int, int]] = {}
        for process in self._processes.glob("[0-9]*"):
            for bus_id, size in _held_by(process).items():
                held.setdefault(bus_id, {})[int(process.name)] = size
        return held


def _held_by(process: Path) -> dict[str, int]:
    """Add up a process's clients of the driver: several descriptors may be the same one."""
    clients: dict[tuple[str, str], int] = {}
    try:
        descriptors = [entry.name for entry in os.scandir(process / "fd") if _is_card(entry.path)]
    except OSError:
        return {}
    for descriptor in descriptors:
        try:
            lines = (process / "fdinfo" / descriptor).read_text().splitlines()
        except OSError:
            continue
        fields = {
            key.strip(): value.strip() for key, _, value in (ln.partition(":") for ln in lines)
        }
        if fields.get("drm-driver") != _DRIVER:
            continue
        number, _, unit = fields.get("drm-memory-vram", "0").partition(" ")
        size = int(number) * {"KiB": 2**10, "MiB": 2**20}.get(unit, 1) if number.isdigit() else 0
        clients[fields.get("drm-pdev", "").lower(), fields.get("drm-client-id", descriptor)] = size
    held = Counter[str]()
    for (bus_id, _), size in clients.items():
        held[bus_id] += size
    return held


def _is_card(link: str) -> bool:
    try:
        return "/dri/" in str(Path(link).readlink())
    except OSError:
        return False


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _line(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
