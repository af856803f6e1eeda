"""The counters of energy that this machine has: RAPL's of its processors, its drivers' of GPUs.

Most machines let only root read them, and many have none: then nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

POWER_CAPS: Final = Path("/sys/class/powercap")
MICRO: Final = 1e-6

Read: TypeAlias = Callable[[], Mapping[str, float]]
"""Returns counter → joules since some moment."""


class Rapl:
    """The counters of whole processors: what is within one, its cores, is counted there already."""

    def __init__(self, folder: Path = POWER_CAPS) -> None:
        self._folder = folder

    def read(self) -> Mapping[str, float]:
        """Return what can be read now; may take a moment."""
        found: dict[str, float] = {}
        for zone in sorted(self._folder.glob("intel-rapl:[0-9]*")):
            if zone.name.count(":") > 1 or _text(zone / "name") == "psys":
                continue
            microjoules = _text(zone / "energy_uj")
            if microjoules.isdigit():
                found[zone.name] = int(microjoules) * MICRO
        return found

    def ranges(self) -> Mapping[str, float]:
        """Return at which joule each counter begins anew."""
        found = {
            zone.name: _text(zone / "max_energy_range_uj")
            for zone in self._folder.glob("intel-rapl:[0-9]*")
        }
        return {
            name: int(microjoules) * MICRO
            for name, microjoules in found.items()
            if microjoules.isdigit()
        }


class Counters:
    """All counters of this machine as one, in joules, that only grows while it is read."""

    def __init__(
        self, rapl: Rapl | None = None, gpus: Read = dict, has_gpus: Callable[[], bool] = bool
    ) -> None:
        """Count.

        Args:
            rapl: Those of the processors.
            gpus: Reads those of GPUs.
            has_gpus: Whether llama.cpp can use any: else theirs have no part in what it does.
        """
        self._rapl = rapl or Rapl()
        self._gpus = gpus
        self._has_gpus = has_gpus
        self._ranges = self._rapl.ranges()
        self._before: Mapping[str, float] = {}

    def are_there(self) -> bool:
        """Whether this machine may tell anything; waits for nothing."""
        return bool(self._ranges) or self._has_gpus()

    def spent_j(self) -> float | None:
        """Return what was spent since the last call, 0 at the first; `None`: nothing is told.

        Waits for drivers. A counter that is new, or was set back, has counted nothing.
        """
        gpus = self._gpus() if self._has_gpus() else {}
        counters = {**self._rapl.read(), **gpus}
        known = [(name, self._before[name]) for name in counters if name in self._before]
        spent = sum(self._between(name, before, counters[name]) for name, before in known)
        self._before = counters
        return spent if counters else None

    def _between(self, name: str, before: float, now: float) -> float:
        if now >= before:
            return now - before
        # RAPL's counters begin anew every few minutes.
        whole = self._ranges.get(name, 0.0)
        return max(0.0, whole - before + now) if whole >= before else 0.0


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
