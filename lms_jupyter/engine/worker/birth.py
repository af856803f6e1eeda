"""What both kinds of worker do when they begin."""

from __future__ import annotations

import os
import signal
import sys

UNREADABLE = 2
"""Not 1, as after llama.cpp's own errors: no other template would help."""


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
        path: Of the file.
        inherited: Whether another program opens it, in this process.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        descriptor = os.open(path, os.O_RDONLY)
        os.set_inheritable(descriptor, inherited)
        return f"/proc/self/fd/{descriptor}"
    return path
