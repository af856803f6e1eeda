"""How short memory is: what Linux and the container say of it, and what GPUs have free."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lms_jupyter.engine import machine

STALLED_PERCENT: Final = 5.0
"""Of the last ten seconds in which everything waited for memory: from here on it is short."""

_CGROUP: Final = Path("/sys/fs/cgroup")
_PRESSURE: Final = Path("/proc/pressure/memory")
_STALLED: Final = re.compile(r"^full avg10=([0-9.]+)", re.MULTILINE)
_RECLAIMABLE: Final = re.compile(r"^(?:active|inactive)_file (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """One look at main memory."""

    free_bytes: int
    """What programs can still get, within the limit of the container that holds now."""
    stalled_percent: float = 0.0
    """How much of the last ten seconds everything waited for memory, as Linux tells (PSI)."""

    @property
    def is_stalled(self) -> bool:
        """Whether programs wait for memory now, however much there seems to be."""
        return self.stalled_percent >= STALLED_PERCENT


def look(cgroup: Path = _CGROUP, pressure: Path = _PRESSURE) -> Pressure:
    """Look now; where a figure is not told, it does not count."""
    free = machine.memory().available_bytes
    limit, used = _number(cgroup / "memory.max"), _number(cgroup / "memory.current")
    if limit is not None and used is not None:
        # What is kept of files counts as used, and goes as soon as somebody needs the memory.
        kept = sum(map(int, _RECLAIMABLE.findall(_text(cgroup / "memory.stat"))))
        available = machine.host_memory().available_bytes
        free = min(available, max(0, limit - max(0, used - kept)))
    own = cgroup / "memory.pressure"
    stalled = _STALLED.search(_text(own if limit is not None else pressure))
    return Pressure(free_bytes=free, stalled_percent=float(stalled[1]) if stalled else 0.0)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None
