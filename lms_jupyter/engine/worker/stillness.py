"""Whether a process that is to load a model still gets anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

LOOK_EVERY_S: Final = 1.0
MISSED_S: Final = 10.0
"""Who has not looked for so long was held up as well, or stopped together with the process."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a load may get nowhere before it is ended."""

    idle_s: float = 120.0
    """Without any sign of life: a driver that never comes back."""
    computing_s: float = 900.0
    """While it computes, but reads nothing, takes no memory and says nothing."""


class Stillness:
    """Watches one process."""

    def __init__(
        self, pid: int, patience: Patience, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pid, self._patience, self._clock = pid, patience, clock
        self._process: psutil.Process | None = None
        self._progress: object = None
        self._computed: object = None
        self._got_on = self._computed_at = self._looked = clock()

    def too_long_s(self, report: object) -> float:
        """Return for how many seconds nothing has happened, once that is too long; else 0.

        Args:
            report: What changes with all that the process writes.
        """
        now = self._clock()
        if now - self._looked < LOOK_EVERY_S:
            return 0.0
        if now - self._looked > MISSED_S:
            missed_s = now - self._looked
            self._got_on, self._computed_at = self._got_on + missed_s, self._computed_at + missed_s
        self._looked = now
        try:
            self._process = self._process or psutil.Process(self._pid)
            self._look(self._process, report, now)
        except psutil.Error:
            return 0.0  # It has ended, which others notice.
        still_s = now - self._got_on
        idle_s = now - max(self._got_on, self._computed_at)
        is_long = idle_s >= self._patience.idle_s or still_s >= self._patience.computing_s
        return still_s if is_long else 0.0

    def _look(self, process: psutil.Process, report: object, now: float) -> None:
        with process.oneshot():
            if process.status() == psutil.STATUS_STOPPED:
                # Somebody has stopped it, and may let it go on.
                self._got_on = now
            times = process.cpu_times()
            progress = (report, process.memory_info().rss, _read_bytes(process))
        if progress != self._progress:
            self._progress, self._got_on = progress, now
        if (times.user, times.system) != self._computed:
            self._computed, self._computed_at = (times.user, times.system), now


def _read_bytes(process: psutil.Process) -> int:
    """Return how much it has read, where that may be asked."""
    try:
        return int(process.io_counters().read_bytes)
    except (psutil.Error, AttributeError, OSError):
        return 0
