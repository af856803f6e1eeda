"""What programs have said of themselves, kept for the next engine as long as their files stay.

Only what the file alone decides is kept: its version and its flags. Its devices are asked for each
time. That a program does not answer is kept as well, for an hour: whoever starts an engine again
does not wait for it again.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from lms_jupyter.engine.version import VERSION

SILENT_FOR_S: Final = 3600.0
MOST: Final = 100
"""Programs that are remembered."""
MAX_BYTES: Final = 2**22


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What one program has said, and which file it was then."""

    size: int
    changed_ns: int
    asked_at: float
    version: str = ""
    flags: frozenset[str] = frozenset()
    problem: str = ""
    """Why there was no answer, as the end of a sentence."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    engine: str
    """Which release has read the answers: another one may read them otherwise."""
    programs: dict[str, Answers]


class KeptAnswers:
    """A file of answers by the paths of programs; without one, they last as long as this object."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._answers = _read(file)
        self._turn = threading.Lock()

    def of(self, program: Path) -> Answers | None:
        """Return what a program has said, if it is still the same file."""
        found = self._answers.get(_key(program))
        if found is None or _stamp(program) != (found.size, found.changed_ns):
            return None
        is_recent = 0 <= self._clock() - found.asked_at < SILENT_FOR_S
        return found if is_recent or not found.problem else None

    def keep(
        self,
        program: Path,
        *,
        version: str = "",
        flags: frozenset[str] = frozenset(),
        problem: str = "",
    ) -> None:
        """Keep what a program has said, or why it has said nothing."""
        stamp = _stamp(program)
        if stamp is None:
            return
        with self._turn:
            self._answers.pop(_key(program), None)
            while len(self._answers) >= MOST:
                del self._answers[next(iter(self._answers))]
            self._answers[_key(program)] = Answers(
                size=stamp[0],
                changed_ns=stamp[1],
                asked_at=self._clock(),
                version=version,
                flags=flags,
                problem=problem,
            )
            if self._file is not None:
                # A disk that is full costs only the time to ask again.
                with contextlib.suppress(OSError):
                    _write(self._file, self._answers)


def _key(program: Path) -> str:
    """Return its path as text that any file can hold."""
    return os.fsencode(program).decode(errors="backslashreplace")


def _stamp(program: Path) -> tuple[int, int] | None:
    """Return what changes whenever a file does, or another takes its place."""
    try:
        found = program.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _read(file: Path | None) -> dict[str, Answers]:
    """Read the file; one that is damaged, or of another release, says nothing."""
    try:
        if file is None or file.stat().st_size > MAX_BYTES:
            return {}
        kept = msgspec.json.decode(file.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return {}
    return kept.programs if kept.engine == VERSION else {}


def _write(file: Path, answers: Mapping[str, Answers]) -> None:
    """Write the file whole: another engine may read it now."""
    text = msgspec.json.encode(_File(engine=VERSION, programs=dict(answers)))
    handle, draft = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(text)
        Path(draft).replace(file)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
