"""Ties the life of a child process to ours, also if we are killed."""

import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

END_TIMEOUT_S = 10.0
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


@contextlib.contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """End a process with the block: politely, then for good."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
