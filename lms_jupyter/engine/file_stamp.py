"""When a file that is read again at need was written."""

from __future__ import annotations

from pathlib import Path

from lms_jupyter.engine.errors import BadRequestError

Stamp = tuple[int, int, int]
NOT_READ: Stamp = (0, 0, 0)
"""The stamp of no file."""


def stamp(file: Path) -> Stamp:
    """Return what is another number whenever a file was written or put in another's place.

    Raises:
        BadRequestError: It cannot be looked at.
    """
    try:
        found = file.stat()
    except OSError as error:
        raise BadRequestError(f"{file} cannot be read: {error.strerror}.") from error
    return found.st_mtime_ns, found.st_size, found.st_ino
