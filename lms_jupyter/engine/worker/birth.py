"""What both kinds of worker do when they begin."""

from __future__ import annotations

import os
import signal
import sys
import threading

from lms_jupyter.engine.worker.messages import Order, read_order
from lms_jupyter.engine.worker.priority import lower_priority

UNREADABLE = 2
"""Not 1, as after llama.cpp's own errors: no other template would help."""


def begin() -> threading.Thread | None:
    """Be the engine's child: die with it, leave interrupts to it, stand back behind it.

    The arguments of the process are the engine's process id, and how nice to be. Returns the
    thread that still tries to stand back, if there is one.
    """
    die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return lower_priority(int(sys.argv[2]))


def receive_order() -> Order:
    """Wait for the order; without one, or with one that cannot be read, the process ends."""
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(0)
    try:
        return read_order(line)
    except ValueError as error:
        sys.stderr.write(f"E the order cannot be read: {error}\n")
        sys.exit(UNREADABLE)


def die_with(parent: int) -> None:
    """Ask Linux to kill this process when the engine dies; make sure that it has not already."""
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def reachable(path: str, *, inherited: bool = False) -> str:
    """Return a path that llama.cpp can open: one that is no UTF-8 is reached by its descriptor.

    Args:
        path: Of the file or folder.
        inherited: Whether another program opens it, in this process.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        descriptor = os.open(path, os.O_RDONLY)
        os.set_inheritable(descriptor, inherited)
        return f"/proc/self/fd/{descriptor}"
    return path
