"""What has to be made anew in a forked child: threads are not there, and locks may be held by one.

`multiprocessing` forks on Linux up to Python 3.13, and so do joblib and many others.
"""

import os
import sys
import threading
import weakref
from collections.abc import Callable

_locks: "weakref.WeakSet[threading.Lock]" = weakref.WeakSet()
_is_forked = False


def fork_safe_lock() -> threading.Lock:
    """Return a lock that is free in a forked child, whoever held it when the child was made."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def in_child(renew: Callable[[], None]) -> None:
    """Call a function in each child that this process is forked into from now on."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


def is_worker() -> bool:
    """Whether this process was made by another of Python's to work for it.

    It has the arguments and the environment of that one, and is not the same kernel.
    """
    processes = sys.modules.get("multiprocessing.process")
    return _is_forked or (processes is not None and processes.parent_process() is not None)


def _renew() -> None:
    global _is_forked  # noqa: PLW0603 - this is a fact of the process
    _is_forked = True
    for lock in _locks:
        lock._at_fork_reinit()  # type: ignore[attr-defined]


in_child(_renew)
