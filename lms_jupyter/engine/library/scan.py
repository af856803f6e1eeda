"""Walks the models folders: which GGUF files lie there, by name, size and time only."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from lms_jupyter.engine.errors import ModelsUnreadableError
from lms_jupyter.engine.safe_text import safe

MAX_DEPTH: Final = 8
SUFFIX: Final = ".gguf"

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""Nothing is there, or nothing any more."""
_NOBODY_CAN_LOOK: Final = {
    errno.EMFILE: "Close what is not needed, or raise the limit of open files (ulimit -n).",
    errno.ENFILE: "Close what is not needed, or raise the limit of open files of this machine.",
    errno.ENOMEM: "The machine is out of memory: unload something.",
}
"""What says nothing about the place that was looked at."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as the folder shows it. Equal to an earlier one if nothing was written to it."""

    path: Path
    relative: PurePosixPath
    """Below the models folder that it was found in; made safe to be sent and shown."""
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a look at the folders saw, and what it could not see."""

    files: tuple[FoundFile, ...]
    """In the order of their relative paths."""
    unseen: tuple[tuple[str, str], ...]
    """Places that could not be looked at, each with the system's reason."""


def scan(folders: Sequence[Path]) -> Sighting:
    """Find the GGUF files below the folders.

    Two folders with the same relative path hold the same model: the earlier folder's file counts.
    What vanishes while we look is passed over. Links are followed, never twice into the same
    folder.

    Raises:
        ModelsUnreadableError: The system lets nobody look now.
    """
    found: dict[str, FoundFile] = {}
    unseen: dict[str, str] = {}
    for folder in folders:
        for file in _walk(folder, PurePosixPath(), set(), MAX_DEPTH, unseen):
            found.setdefault(str(file.relative).lower(), file)
    return Sighting(tuple(found[key] for key in sorted(found)), tuple(unseen.items()))


def note_failure(error: OSError, path: Path, unseen: dict[str, str]) -> None:
    """Note that a place could not be looked at, unless it is just not there.

    Raises:
        ModelsUnreadableError: The system lets nobody look now.
    """
    place, reason = safe(str(path)), error.strerror or str(error)
    if error.errno in _NOBODY_CAN_LOOK:
        raise ModelsUnreadableError(place, reason, hint=_NOBODY_CAN_LOOK[error.errno]) from error
    if error.errno in _GONE:
        _log.debug("passing over %s: %s", place, reason)
    else:
        unseen[place] = reason


def _walk(
    folder: Path,
    relative: PurePosixPath,
    seen: set[tuple[int, int]],
    depth: int,
    unseen: dict[str, str],
) -> Iterator[FoundFile]:
    try:
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return
        seen.add(identity)
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        note_failure(error, folder, unseen)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path, below = Path(entry.path), relative / safe(entry.name)
        try:
            if entry.is_dir():
                if depth:
                    yield from _walk(path, below, seen, depth - 1, unseen)
            elif entry.name.lower().endswith(SUFFIX):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    yield FoundFile(path, below, status.st_size, status.st_mtime_ns)
        except OSError as error:
            note_failure(error, path, unseen)
