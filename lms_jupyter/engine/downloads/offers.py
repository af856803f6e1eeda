"""Files that another engine may fetch from here: those of one model, for a while, by a ticket.

The ticket stands in the address, so that who fetches never learns the token of this engine.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from lms_jupyter.engine.downloads.hub import RemoteFile
from lms_jupyter.engine.errors import DownloadFailedError, UnsupportedError
from lms_jupyter.engine.library.deletion import parts_of
from lms_jupyter.engine.library.listing import DownloadedModel

PLACE: Final = "/lms-files/"
"""Where what is offered lies; the ticket is all that it wants."""
IDLE_S: Final = 600.0
"""How long an offer holds after it was last made use of."""
MOST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The files of a model, in the order in which they are numbered."""

    ticket: str
    files: tuple[RemoteFile, ...]


class Offers:
    """What is offered now, and the hashes of files, as long as those stay as they are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._offered: dict[str, tuple[Path, ...]] = {}
        self._used_at: dict[str, float] = {}
        self._hashes: dict[tuple[Path, int, int], str] = {}

    def make(self, model: DownloadedModel) -> Offer:
        """Offer a model. It reads all of its files once: run it in a thread.

        Raises:
            UnsupportedError: A `model.yaml` makes it of another one.
            DownloadFailedError: A file cannot be read.
        """
        if model.virtual is not None:
            raise UnsupportedError(
                f"{model.model_key!r} is made by a model.yaml, and is not copied.",
                hint="Copy the model.yaml to the other machine, and the model that it is made of.",
            )
        files = files_of(model)
        folder = PurePosixPath(model.path).parent
        described = tuple(self._described(folder / file.name, file) for file in files)
        ticket = secrets.token_urlsafe(32)
        self._offered[ticket] = tuple(files)
        self._used_at[ticket] = self._clock()
        self._forget()
        return Offer(ticket=ticket, files=described)

    def find(self, ticket: str, number: str) -> Path | None:
        """Return a file that is offered, `None` if it is not, or not any more."""
        self._forget()
        files = self._offered.get(ticket, ())
        if not number.isdecimal() or len(number) > len(str(MOST)) or int(number) >= len(files):
            return None
        self._used_at[ticket] = self._clock()
        return files[int(number)]

    def withdraw(self, ticket: str) -> None:
        """Offer it no more."""
        self._offered.pop(ticket, None)
        self._used_at.pop(ticket, None)

    def _forget(self) -> None:
        now = self._clock()
        old = [ticket for ticket, at in self._used_at.items() if now - at > IDLE_S]
        many = list(self._used_at)[: max(0, len(self._used_at) - MOST)]
        for ticket in (*old, *many):
            self.withdraw(ticket)

    def _described(self, path: PurePosixPath, file: Path) -> RemoteFile:
        try:
            status = file.stat()
            stamp = file, status.st_mtime_ns, status.st_size
            if stamp not in self._hashes:
                with file.open("rb") as opened:
                    digest = hashlib.file_digest(opened, "sha256").hexdigest()
                while len(self._hashes) >= MOST:
                    del self._hashes[next(iter(self._hashes))]
                self._hashes[stamp] = digest
        except OSError as error:
            raise DownloadFailedError(f"{file} cannot be read: {error.strerror}.") from error
        return RemoteFile(path=str(path), size_bytes=stamp[2], sha256=self._hashes[stamp])


def files_of(model: DownloadedModel) -> Sequence[Path]:
    """Return all files that a model needs."""
    return [*parts_of(model.file), *([model.mmproj] if model.mmproj else [])]
