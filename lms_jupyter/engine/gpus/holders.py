"""Who the processes are that a driver names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_FIRST_NAMESPACE: Final = "pid:[4026531836]"
"""What Linux calls the namespace of all processes; a container has another one."""
_GPU_FILES: Final = re.compile(r"nvidia|libcuda|/dev/dri|libamdhip")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds memory of a GPU."""

    name: str
    """Of its program; empty if it cannot be told."""
    parent: int | None
    """The process that has started it."""


UNKNOWN: Final = Holder("", None)


def holders(pids: Iterable[int], processes: Path = Path("/proc")) -> Mapping[int, Holder]:
    """Say who these processes are.

    In a container, a driver may give the numbers that they have outside, where here another
    process has the same one: there, only what clearly uses a GPU is taken for the one that is
    meant.
    """
    is_outside = _is_outside(processes)
    return {pid: _holder(pid, None if is_outside else processes) for pid in pids}


def _holder(pid: int, processes: Path | None) -> Holder:
    if processes is not None and not _uses_gpu(processes / str(pid)):
        return UNKNOWN
    try:
        process = psutil.Process(pid)
        return Holder(process.name(), process.ppid())
    except psutil.Error:
        return UNKNOWN


def _is_outside(processes: Path) -> bool:
    """Whether we see processes by the numbers that a driver gives."""
    link = processes / "self" / "ns" / "pid"
    try:
        return str(link.readlink()) == _FIRST_NAMESPACE
    except OSError:
        # No Linux, no containers.
        return os.name == "nt" or not processes.exists()


def _uses_gpu(process: Path) -> bool:
    try:
        return _GPU_FILES.search((process / "maps").read_text(errors="replace")) is not None
    except OSError:
        return False
