"""One download job: where it stands, how much is there, how fast it goes."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from lms_jupyter.engine.downloads.fetch import Target
from lms_jupyter.engine.downloads.hub import DownloadOption
from lms_jupyter.engine.downloads.rate import Rate
from lms_jupyter.engine.errors import EngineError

SPEED_OVER_S: Final = 5.0


class JobState(Enum):
    """Where a job stands."""

    QUEUED = "queued"
    DOWNLOADING = "downloading"
    CHECKING = "checking"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUNNING: Final = frozenset({JobState.QUEUED, JobState.DOWNLOADING, JobState.CHECKING})
OVER: Final = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


@dataclass(slots=True, eq=False)
class Job:
    """One download: an option of a repository, with all its files. Only `Downloads` changes it."""

    option: DownloadOption
    targets: tuple[Target, ...]
    state: JobState = JobState.DOWNLOADING
    already_there: bool = False
    """Whether there was nothing to do."""
    job_id: str = field(default_factory=lambda: secrets.token_hex(8))
    started_at: float = field(default_factory=time.time)
    """Unix seconds."""
    completed_at: float | None = None
    error: EngineError | None = None
    rate: Rate = field(default_factory=Rate)
    """Its own limit, beside that of all."""
    place: int = 0
    """In the queue, from 1 on; 0 when it is not in it."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _have: dict[Path, int] = field(default_factory=dict, init=False)
    _speed: deque[tuple[float, int]] = field(default_factory=deque, init=False)

    @property
    def total_bytes(self) -> int:
        """The size of all files."""
        return self.option.size_bytes

    @property
    def downloaded_bytes(self) -> int:
        """How much of them is on the disk."""
        return sum(self._have.values())

    @property
    def bytes_per_second(self) -> float:
        """The speed over the last seconds, 0 while nothing comes."""
        if self.state is not JobState.DOWNLOADING or len(self._speed) < 2:  # noqa: PLR2004
            return 0.0
        (since, before), (_, last) = self._speed[0], self._speed[-1]
        return max(0.0, (last - before) / max(time.monotonic() - since, 1e-3))

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this speed; `None` if nobody can say."""
        speed = self.bytes_per_second
        return (self.total_bytes - self.downloaded_bytes) / speed if speed else None

    @property
    def path(self) -> str:
        """The path of the (first) model file, as the catalogue will list it."""
        return f"{self.option.repository}/{self.option.files[0].path}"

    def note(self, file: Path, have: int) -> None:
        """Take in how much of a file is there."""
        self._have[file] = have
        now = time.monotonic()
        self._speed.append((now, self.downloaded_bytes))
        while now - self._speed[0][0] > SPEED_OVER_S:
            self._speed.popleft()
        self.tell()

    def tell(self) -> None:
        """Wake those who watch."""
        self.changed.set()
        self.changed = asyncio.Event()

    def restart_clock(self) -> None:
        """Forget the speed of before a pause."""
        self._speed.clear()
