"""Fetches one file over HTTP: continues what is half there, checks it, then puts it in its place.

While it is under way the file is `name.part`, and beside it `name.part.etag` says which version of
the remote file that is. A file with its final name is always complete.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from lms_jupyter.engine.downloads.rate import Rate
from lms_jupyter.engine.errors import DownloadFailedError

CHUNK_BYTES: Final = 2**20
PROGRESS_BYTES: Final = 2**16
"""Whoever breaks off after fewer bytes than this has failed; after more, we simply go on."""
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_WORTH_RETRYING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNSATISFIABLE: Final = 416


class _BrokenOffError(Exception):
    """The transfer failed in a way that may be different the next time."""


class _WrongFileError(DownloadFailedError):
    """The bytes are not those of the file that was announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often to try again after a failure without any progress, and how long to wait before."""

    attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to fetch, and where to put it."""

    url: str
    file: Path
    size_bytes: int
    sha256: str | None
    rates: tuple[Rate, ...] = ()
    """How fast it may come: as fast as each of them allows."""

    @property
    def part(self) -> Path:
        """The file while it is incomplete."""
        return self.file.with_name(f"{self.file.name}.part")

    @property
    def etag(self) -> Path:
        """Which version of the remote file the part belongs to."""
        return self.file.with_name(f"{self.file.name}.part.etag")

    def have_bytes(self) -> int:
        """Return how much is there already.

        Raises:
            DownloadFailedError: The disk does not tell.
        """
        return next((size for file in (self.file, self.part) if (size := _size(file)) >= 0), 0)

    def is_there(self) -> bool:
        """Whether the whole file is there; raises as `have_bytes` does."""
        return _size(self.file) == self.size_bytes

    def discard(self) -> None:
        """Remove what is incomplete."""
        self.part.unlink(missing_ok=True)
        self.etag.unlink(missing_ok=True)


async def fetch(
    session: aiohttp.ClientSession,
    target: Target,
    *,
    retries: Retries,
    on_bytes: Callable[[int], None],
    on_checking: Callable[[], None],
) -> None:
    """Fetch a file. If this is cancelled or fails, the part stays and the next call continues it.

    `on_bytes` gets the size of the part whenever it changes, `on_checking` is called when all bytes
    are there.

    Raises:
        DownloadFailedError: The source has no such file, it is not the file that was announced
            (then the part is removed), the disk is full, or the source keeps failing.
    """
    try:
        await asyncio.to_thread(_prepare, target)
        while not await _try(session, target, retries, on_bytes):
            pass
        on_checking()
        await asyncio.to_thread(_finish, target)
    except _WrongFileError:
        target.discard()
        raise
    except OSError as error:
        raise _disk_error(error, target) from error


async def _try(
    session: aiohttp.ClientSession,
    target: Target,
    retries: Retries,
    on_bytes: Callable[[int], None],
) -> bool:
    """Transfer as much as one connection gives; return whether that was all."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(_BrokenOffError),
        stop=stop_after_attempt(retries.attempts),
        wait=wait_exponential(multiplier=retries.first_wait_s, max=retries.longest_wait_s)
        + wait_random(0, retries.first_wait_s),
        reraise=True,
    )
    try:
        async for attempt in attempts:
            with attempt:
                return await _transfer(session, target, on_bytes)
    except _BrokenOffError as error:
        raise DownloadFailedError(
            f"{target.file.name}: {error}, {retries.attempts} times in a row.",
            hint="What was downloaded is kept; start it again to continue.",
        ) from error
    raise AssertionError("tenacity tries at least once")


async def _transfer(
    session: aiohttp.ClientSession,
    target: Target,
    on_bytes: Callable[[int], None],
) -> bool:
    have = target.part.stat().st_size
    if have == target.size_bytes:
        return True
    headers = {"Accept-Encoding": "identity"}
    version = target.etag.read_text() if target.etag.exists() else ""
    if have and (version or target.sha256):
        headers["Range"] = f"bytes={have}-"
        if version:
            headers["If-Range"] = version
    begun = have
    try:
        async with session.get(target.url, headers=headers) as response:
            have = _begin(response, target, have, version)
            begun = have
            with target.part.open("ab" if have else "wb") as file:
                on_bytes(have)
                while chunk := await response.content.read(_piece(target.rates)):
                    have += len(chunk)
                    if have > target.size_bytes:
                        raise _wrong(target, f"is larger than the {target.size_bytes} bytes said")
                    await asyncio.to_thread(file.write, chunk)
                    on_bytes(have)
                    for rate in target.rates:
                        await rate.take(len(chunk))
    except (aiohttp.ClientError, TimeoutError) as error:
        if have - begun < PROGRESS_BYTES:
            raise _BrokenOffError(f"the transfer failed ({error or 'no data came'})") from error
    if have < target.size_bytes and have - begun < PROGRESS_BYTES:
        raise _BrokenOffError(f"the transfer ended after {have} of {target.size_bytes} bytes")
    return have == target.size_bytes


def _piece(rates: Sequence[Rate]) -> int:
    return min((rate.piece(CHUNK_BYTES) for rate in rates), default=CHUNK_BYTES)


def _begin(response: aiohttp.ClientResponse, target: Target, have: int, version: str) -> int:
    """Judge the head of an answer; return from which byte on the content is."""
    status = response.status
    if status in _WORTH_RETRYING:
        raise _BrokenOffError(f"the source answered {status}")
    if status == _UNSATISFIABLE:
        target.discard()
        target.part.touch()
        raise _BrokenOffError("the source has fewer bytes than we already have")
    if not response.ok:
        hint = "Set HF_TOKEN to a token that may read this." if status in {401, 403} else ""
        raise DownloadFailedError(
            f"The source answered {status} for {target.file.name}.", hint=hint
        )
    now = response.headers.get("ETag", "")
    start = 0
    if status == 206:  # noqa: PLR2004
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        same_version = not version or not now or now == version
        if found is None or int(found[1]) != have or not same_version:
            target.discard()
            target.part.touch()
            raise _BrokenOffError("the source continued another file than the one we have")
        start = have
    # Weak validators may not be used to continue a transfer.
    if now and not now.startswith("W/"):
        target.etag.write_text(now)
    else:
        target.etag.unlink(missing_ok=True)
    return start


def _prepare(target: Target) -> None:
    target.file.parent.mkdir(parents=True, exist_ok=True)
    target.part.touch()
    if target.part.stat().st_size > target.size_bytes:
        target.discard()
        target.part.touch()
    missing = target.size_bytes - target.part.stat().st_size
    free = shutil.disk_usage(target.file.parent).free
    if missing > free:
        raise DownloadFailedError(
            f"{target.file.name} needs {missing} more bytes, but only {free} are free on the disk.",
            hint="Make room, or choose a smaller quantization.",
        )


def _finish(target: Target) -> None:
    """Check the hash, make the bytes durable, and give the file its name."""
    with target.part.open("r+b") as file:
        if target.sha256 is not None:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != target.sha256:
                raise _wrong(target, f"has the SHA-256 {digest}, not {target.sha256}")
        os.fsync(file.fileno())
    target.part.replace(target.file)
    target.etag.unlink(missing_ok=True)
    _sync_folder(target.file.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too, where folders can be opened."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wrong(target: Target, why: str) -> _WrongFileError:
    return _WrongFileError(
        f"{target.file.name} {why}; what was downloaded has been removed.",
        hint="Try again; if it stays like this, the source is damaged.",
    )


def _size(file: Path) -> int:
    """Return the size of a file, -1 if there is none."""
    try:
        return file.stat().st_size if file.is_file() else -1
    except OSError as error:
        raise DownloadFailedError(
            f"{file} cannot be looked at: {error.strerror or error}.",
            hint="Is its disk there? If it is, give yourself the right to read the folder.",
        ) from error


def _disk_error(error: OSError, target: Target) -> DownloadFailedError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DownloadFailedError(
            f"The disk is full: {target.file} could not be written to the end.",
            hint="Make room and start it again; what was downloaded is kept.",
        )
    return DownloadFailedError(
        f"{target.file} cannot be written: {error.strerror or error}.",
        hint="Give yourself the right to write there, or set XDG_DATA_HOME to another folder.",
    )
