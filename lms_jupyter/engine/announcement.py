"""A file that says where a running engine listens and what opens it, for its owner's eyes alone."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.version import VERSION


@contextmanager
def made(file: Path | None, address: str, token: Token | None) -> Iterator[None]:
    """Write the file at once as a whole; remove it at the end, if it is still ours.

    Raises:
        BadRequestError: It cannot be written, or others could put another into its place.
    """
    if file is None:
        yield
        return
    entries: dict[str, object] = {"address": address, "pid": os.getpid(), "version": VERSION}
    if token is not None:
        entries["token"] = token.reveal()
    content = msgspec.json.encode(entries)
    try:
        _put(file, content)
    except OSError as error:
        raise BadRequestError(
            f"{file} cannot be written: {error.strerror}.",
            hint="Announce the engine in a folder of your own.",
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if file.read_bytes() == content:
                file.unlink()


def _put(file: Path, content: bytes) -> None:
    """Write a file that nobody else can read, not even for a moment."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    if not hasattr(os, "geteuid"):  # Windows: what lies in a user's folders is the user's alone
        draft.write_bytes(content)
        draft.replace(file)
        return
    # By its descriptor, so that it stays the folder that was looked at.
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _look_at(file.parent, os.fstat(folder))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft.name, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(draft.name, flags, 0o600, dir_fd=folder), "wb") as writing:
            writing.write(content)
        os.replace(draft.name, file.name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _look_at(folder: Path, found: os.stat_result) -> None:
    """Refuse a folder in which others could put an announcement of their own."""
    if found.st_uid != os.geteuid():
        raise BadRequestError(
            f"{folder} belongs to another user ({found.st_uid}): no engine is announced there.",
            hint="Announce it in a folder of your own.",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BadRequestError(
            f"Others may write to {folder}: no engine is announced there.",
            hint=f"Take that right away: chmod 700 {folder}",
        )
