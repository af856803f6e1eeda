"""Walks the models folders: which GGUF files lie there, by name, size and time only."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

MAX_DEPTH: Final = 8
SUFFIX: Final = ".gguf"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as the folder shows it. Equal to an earlier one if nothing was written to it."""

    path: Path
    relative: PurePosixPath
    """Below the models folder that it was found in."""
    size_bytes: int
    modified_ns: int


def scan(folders: Sequence[Path]) -> tuple[FoundFile, ...]:
    """Find the GGUF files below the folders, in the order of their relative paths.

    Two folders with the same relative path hold the same model: the earlier folder's file counts.
    What vanishes or cannot be read while we look is passed over. Links are followed, never twice
    into the same folder.
    """
    found: dict[str, FoundFile] = {}
    for folder in folders:
        for file in _walk(folder, PurePosixPath(), set(), MAX_DEPTH):
            found.setdefault(str(file.relative).lower(), file)
    return tuple(found[key] for key in sorted(found))


def _walk(
    folder: Path, relative: PurePosixPath, seen: set[tuple[int, int]], depth: int
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
        _log.debug("passing over the folder %s: %s", folder, error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                if depth:
                    below = relative / entry.name
                    yield from _walk(Path(entry.path), below, seen, depth - 1)
            elif entry.name.lower().endswith(SUFFIX):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    yield FoundFile(
                        Path(entry.path),
                        relative / entry.name,
                        status.st_size,
                        status.st_mtime_ns,
                    )
        except OSError as error:
            _log.debug("passing over %s: %s", entry.path, error)
