"""What running engines of this user say about themselves: where they listen, and what opens them.

An engine writes it into a file that nobody else can read: `announcement_path()` for the one that
all of the user's notebooks share, and what `LMS_JUPYTER_ANNOUNCEMENTS` names for engines that were
started for one program. The address may go anywhere; the token is only ever read from the file.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from lms_jupyter.errors import HostError
from lms_jupyter.hosts.own_files import private, read_own
from lms_jupyter.hosts.state_folder import state_folder
from lms_jupyter.hosts.tokens import Token

VARIABLE = "LMS_JUPYTER_ANNOUNCEMENTS"
"""Names more announcements, as `PATH` names folders: no secret, but where one lies."""


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What a running engine writes about itself; older ones have no token."""

    address: str
    pid: int
    version: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Announcement(address={self.address!r}, pid={self.pid})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Leave the token out here, too: msgspec's own has every field."""
        return [("address", self.address), ("pid", self.pid)]


def announcement_path() -> Path:
    """Return the file in which the user's engine says where it listens.

    Raises:
        HostError: Its folder is somebody else's.
        FolderError: There can be none on this machine.
    """
    # Home folders may be shared between machines; an address on loopback is not.
    return private(state_folder()) / f"engine-{socket.gethostname()}.json"


def announced() -> Announcement | None:
    """Return what the last engine announced, whether or not it still runs.

    Raises:
        HostError: The folder of announcements is somebody else's.
    """
    return read(announcement_path())


def read(file: Path) -> Announcement | None:
    """Read an announcement; `None` if there is none that only its owner can have written."""
    written = read_own(file)
    try:
        return None if written is None else msgspec.json.decode(written, type=Announcement)
    except msgspec.MsgspecError:
        return None


def announced_token(address: str, environ: Mapping[str, str] = os.environ) -> Token | None:
    """Return the token of the engine at an address, if it is one of this user's."""
    for known in _all(environ):
        if known.address == address and known.token:
            return Token(known.token)
    return None


def announced_as(address: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the address that an engine itself gives, if another name of it is meant.

    Whoever else listens where `localhost` leads to must not be shown the engine's token.
    """
    host, _, port = address.rpartition(":")
    if host != "localhost":
        return address
    return next(
        (
            known.address
            for known in _all(environ)
            if known.address in (f"127.0.0.1:{port}", f"[::1]:{port}")
        ),
        address,
    )


def is_dead(known: Announcement) -> bool:
    """Whether the process of an announcement is known to have ended, or to be another user's."""
    if os.name != "posix":  # elsewhere this question ends the process
        return False
    try:
        os.kill(known.pid, 0)
    except (OSError, OverflowError, ValueError):
        return True
    return False


def files(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return where engines of this user are announced, whether or not there are any.

    Raises:
        HostError: The folder of the user's own engine is somebody else's.
    """
    return [*_named(environ), announcement_path()]


def _named(environ: Mapping[str, str]) -> list[Path]:
    return [Path(name) for name in environ.get(VARIABLE, "").split(os.pathsep) if name]


def _all(environ: Mapping[str, str]) -> Iterator[Announcement]:
    try:
        places = files(environ)
    except (HostError, OSError):
        places = _named(environ)
    for place in places:
        known = read(place)
        if known is not None and not is_dead(known):
            yield known
