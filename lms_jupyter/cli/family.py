"""Ties the life of a child process to ours, also if we are killed."""

import ctypes
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""From Linux's `prctl.h`."""


def dies_with_us() -> Callable[[], None] | None:
    """Return what a child must call before it runs, `None` where the system has no such thing.

    Linux sends the child SIGTERM when the thread that started it is gone. Elsewhere a child
    outlives a parent that is killed, and ends only when it is told to.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
