"""Processes that do nothing more from a moment on, until they are resumed."""

from pathlib import Path

import psutil

from tests.waiting import wait_until


def suspend(*processes: psutil.Process) -> None:
    """Stop processes, and return when each of their threads stands still.

    Linux hands the signal to one thread, which has the others stopped once it gets a processor. On
    a busy machine they may answer a whole request before.
    """
    for process in processes:
        process.suspend()
    for process in processes:
        wait_until(lambda process=process: _stands_still(process), f"{process} stands still")  # type: ignore[misc]


def _stands_still(process: psutil.Process) -> bool:
    tasks = Path(f"/proc/{process.pid}/task")
    if not Path("/proc/self").exists():
        return bool(process.status() == psutil.STATUS_STOPPED)
    try:
        states = {file.read_text().rpartition(")")[2].split()[0] for file in tasks.glob("*/stat")}
    except (FileNotFoundError, ProcessLookupError):  # A thread has ended meanwhile.
        return False
    return states <= {"T", "t", "Z"}
