"""Which notebook holds memory of a GPU: the host names processes, we know which are kernels."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from socket import gethostname

from msgspec.structs import replace

from lms_jupyter.manager.identity import Identity, kernel_at
from lms_jupyter.manager.leases import LeaseBook, is_present
from lms_jupyter.manager.load_lock import LOOPBACK
from lms_jupyter.protocol.models import GpuMemory, Memory, MemoryUser

GENERATIONS = 8
"""A notebook's `!python train.py` is a grandchild of its kernel; nobody is much further off."""
PROC = Path("/proc")


def known_kernels(leases: LeaseBook | None, own: Identity | None) -> Iterator[Identity]:
    """Yield the kernels of this machine that have written something down, and our own last."""
    if leases is not None:
        for lease in leases.all():
            if lease.holder.machine == gethostname() and is_present(lease.holder):
                yield lease.holder
    if own is not None:
        yield own


def kernels_on(
    memory: Memory | None, address: str, kernels: Iterable[Identity], proc: Path = PROC
) -> dict[int, Identity]:
    """Say which kernel is behind each process that holds memory of a GPU, where one is.

    Numbers of processes mean something on their own machine alone. Nothing is read while nobody
    holds any.

    Args:
        memory: What the host says.
        address: Where the host is.
        kernels: Those that are known.
        proc: Where the system tells of processes.
    """
    gpus = () if memory is None else memory.gpus or ()
    pids = {user.pid for gpu in gpus for user in gpu.users if user.pid}
    if not pids or LOOPBACK.fullmatch(address) is None:
        return {}
    known = {identity.pid: identity for identity in kernels}
    behind = ((pid, _kernel_behind(pid, known, proc)) for pid in sorted(pids))
    return {pid: kernel for pid, kernel in behind if kernel is not None}


def kernel_of(
    pid: int | None, address: str, kernels: Iterable[Identity], proc: Path = PROC
) -> Identity | None:
    """Say which kernel is behind a process of the host's machine, if that is this machine."""
    if pid is None or LOOPBACK.fullmatch(address) is None:
        return None
    return _kernel_behind(pid, {identity.pid: identity for identity in kernels}, proc)


def named(memory: Memory, kernels: Mapping[int, Identity]) -> Memory:
    """Call the processes of notebooks by their notebooks. Pure."""
    if not kernels or not memory.gpus:
        return memory
    return replace(memory, gpus=tuple(_named_gpu(gpu, kernels) for gpu in memory.gpus))


def _named_gpu(gpu: GpuMemory, kernels: Mapping[int, Identity]) -> GpuMemory:
    return replace(gpu, users=tuple(_named_user(user, kernels) for user in gpu.users))


def _named_user(user: MemoryUser, kernels: Mapping[int, Identity]) -> MemoryUser:
    kernel = None if user.pid is None else kernels.get(user.pid)
    if kernel is None:
        return user
    if kernel.notebook is None:
        return replace(user, name=kernel.label)
    return replace(user, name=kernel.notebook, is_notebook=True)


def _kernel_behind(pid: int, known: Mapping[int, Identity], proc: Path) -> Identity | None:
    """Find the kernel that a process is, or that has started it: one that is known, or any."""
    for process in _line(pid, proc):
        if (kernel := known.get(process) or kernel_at(proc / str(process))) is not None:
            return kernel
    return None


def _line(pid: int, proc: Path) -> Iterator[int]:
    """Yield a process and its parents, as far as the system tells (proc(5))."""
    for _ in range(GENERATIONS):
        yield pid
        try:
            stat = (proc / str(pid) / "stat").read_bytes()
            # The name before it is in brackets, and may hold anything.
            pid = int(stat.rpartition(b") ")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
        if pid <= 1:
            return
