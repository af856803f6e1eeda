"""Files that only this user reads and writes: what opens a host lies in some of them."""

import contextlib
import os
import stat
import uuid
from pathlib import Path

from lms_jupyter.errors import HostError

MAX_BYTES = 65_536

_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def read_own(file: Path) -> bytes | None:
    """Read a file; `None` if there is none that only its owner can have written."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(file, flags), "rb") as reading:
            return reading.read(MAX_BYTES) if _is_ours(os.fstat(reading.fileno())) else None
    except OSError:
        return None


def write_own(file: Path, content: bytes) -> None:
    """Write a file for this user alone, at once and whole.

    Raises:
        OSError: It cannot be written.
    """
    new = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            writing.write(content)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def private(folder: Path) -> Path:
    """Make a folder that is this user's alone, or take others their rights to it.

    Raises:
        HostError: It is somebody else's, or others keep the right to write to it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "geteuid"):  # Windows: what lies in a user's folders is the user's alone
        return folder
    # By its descriptor, so that it stays the folder that is looked at.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        link, found = os.lstat(folder), os.fstat(opened)
        for uid in (link.st_uid, found.st_uid):
            if uid != os.geteuid():
                raise HostError(
                    f"{folder} belongs to another user ({uid}): what lies there is not trusted.",
                    hint="Set XDG_STATE_HOME to a folder of your own.",
                )
        if stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            with contextlib.suppress(OSError):
                os.fchmod(opened, 0o700)
        if os.fstat(opened).st_mode & _BY_OTHERS:
            raise HostError(
                f"Others may write to {folder}, and this cannot be changed.",
                hint="Set XDG_STATE_HOME to a folder of your own on another disk.",
            )
    finally:
        os.close(opened)
    return folder


def _is_ours(found: os.stat_result) -> bool:
    """Whether a file can only have been written by this user."""
    if not stat.S_ISREG(found.st_mode):
        return False
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & _BY_OTHERS
