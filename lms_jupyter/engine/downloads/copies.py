"""Fetches what another engine offers. All of it comes, its hashes checked, or nothing stays."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from lms_jupyter.engine.downloads.fetch import Retries, Target, fetch
from lms_jupyter.engine.downloads.hub import CONNECT_S, SILENCE_S, RemoteFile, is_safe
from lms_jupyter.engine.downloads.offers import PLACE
from lms_jupyter.engine.errors import BadRequestError, DownloadFailedError

RETRIES: Final = Retries(attempts=3, longest_wait_s=2.0)
SUFFIX: Final = ".gguf"

OnCopied = Callable[[int], None]
"""Is told how many bytes are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What is to be fetched, and whence."""

    address: str
    """`http://host:port` of the engine that offers it."""
    ticket: str
    files: tuple[RemoteFile, ...]

    def __post_init__(self) -> None:
        """Raise `BadRequestError` where this cannot be what an engine offers."""
        if not self.address.startswith("http://"):
            raise BadRequestError(f"{self.address!r:.100} is no address of an engine.")
        for file in self.files:
            if not is_safe(file.path) or not file.path.lower().endswith(SUFFIX):
                raise BadRequestError(f"{file.path!r:.100} is no file of a model.")
            if file.sha256 is None:
                raise BadRequestError(f"The hash of {file.path!r:.100} is missing.")

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)


async def copy(folder: Path, wanted: Copy, on_copied: OnCopied, retries: Retries = RETRIES) -> None:
    """Fetch files into a models folder, continuing what breaks off.

    If it fails or is cancelled, what it brought is removed.

    Raises:
        DownloadFailedError: The disk is full, the other engine is gone or has another file, or a
            file of this name is there already, and is another.
    """
    came: list[Target] = []
    done = 0
    timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=SILENCE_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for number, file in enumerate(wanted.files):
                target = _target(folder, wanted, number)
                if not await asyncio.to_thread(_is_there, target):
                    came.append(target)
                    await fetch(
                        session,
                        target,
                        retries=retries,
                        on_bytes=lambda have, before=done: on_copied(before + have),  # type: ignore[misc]
                        on_checking=lambda: None,
                    )
                done += file.size_bytes
                on_copied(done)
    except BaseException:
        _remove(folder, came)
        raise


def _target(folder: Path, wanted: Copy, number: int) -> Target:
    file = wanted.files[number]
    return Target(
        url=f"{wanted.address}{PLACE}{wanted.ticket}/{number}",
        file=folder / file.path,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )


def _is_there(target: Target) -> bool:
    """Whether the very file is there; raises where another one has its name."""
    try:
        if not target.file.exists():
            return False
        with target.file.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == target.sha256
    except OSError as error:
        raise DownloadFailedError(
            f"{target.file} cannot be read: {error.strerror or error}."
        ) from error
    if not is_same:
        raise DownloadFailedError(
            f"{target.file} is there already, and is another file.",
            hint="Delete or rename it, or load the one that is there.",
        )
    return True


def _remove(folder: Path, came: Sequence[Target]) -> None:
    """Remove files, and the folders that they leave empty."""
    for target in came:
        target.discard()
        with contextlib.suppress(OSError):
            target.file.unlink(missing_ok=True)
        for parent in target.file.parents:
            if parent == folder or not parent.is_relative_to(folder):
                break
            with contextlib.suppress(OSError):
                parent.rmdir()
