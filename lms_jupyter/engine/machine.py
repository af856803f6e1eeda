"""What this machine, or the container around us, has to offer."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

GPU_DEVICES = ("nvidia[0-9]*", "kfd", "dxg", "dri/renderD*")
"""Of NVIDIA, AMD, Windows' subsystem for Linux, and what Vulkan works on."""

_CGROUP = Path("/sys/fs/cgroup")
_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Main memory, limited by the container if there is one."""

    total_bytes: int
    available_bytes: int


def memory() -> Memory:
    """Measure main memory now."""
    here = host_memory()
    limit = _number(_CGROUP / "memory.max")
    used = _number(_CGROUP / "memory.current")
    if limit is None or used is None or limit >= here.total_bytes:
        return here
    free = max(0, min(here.available_bytes, limit - used))
    return Memory(total_bytes=limit, available_bytes=free)


def host_memory() -> Memory:
    """Measure main memory now, whatever a container may have of it."""
    here = psutil.virtual_memory()
    return Memory(total_bytes=here.total, available_bytes=here.available)


def cores() -> int:
    """Return how many cores a compute-bound process can use here: physical ones, at least 1."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    physical = psutil.cpu_count(logical=False) or usable or 1
    return max(1, min(physical, usable or 1, _cpu_quota() or physical))


def cpu_extensions() -> list[str]:
    """Return which of AVX, AVX2 and AdvSIMD the processor has, as far as can be told."""
    if platform.machine().lower() in {"arm64", "aarch64"}:
        return ["AdvSIMD"]  # part of the 64-bit architecture
    try:
        flags = set(re.findall(r"\bavx2?\b", _CPU_INFO.read_text()))
    except OSError:
        return []
    return sorted(flag.upper() for flag in flags)


def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether there is a GPU that llama.cpp may compute on, by the devices of its driver.

    llama.cpp itself would know better, but is only in the processes of models.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return any(True for name in GPU_DEVICES for _ in devices.glob(name))


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process, or 0 if it is gone."""
    try:
        size: int = psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0
    return size


def mapped_bytes(pid: int) -> int:
    """Return how much of a process's resident memory are files; 0 where that cannot be told."""
    try:
        size: int = getattr(psutil.Process(pid).memory_info(), "shared", 0)
    except psutil.Error:
        return 0
    return size


def is_locked(pid: int) -> bool | None:
    """Whether a process has locked memory; `None` where that cannot be told."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"^VmLck:\s+(\d+)", status, re.MULTILINE)
    return None if found is None else int(found[1]) > 0


def _cpu_quota() -> int | None:
    """Return the container's CPU quota in whole cores, if it has one (`cpu.max`: quota period)."""
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
