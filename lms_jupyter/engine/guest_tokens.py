"""Tokens for others than the engine's owner, each with what it may be used for.

    # --guest-tokens FILE
    [dashboard]
    token = "sk-lm-…"
    permissions = ["read"]

The file is read anew when it was changed: a token that is taken out is worth nothing from then on.
"""

from __future__ import annotations

import logging
import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.file_stamp import NOT_READ, stamp
from lms_jupyter.engine.token import Token

Permission: TypeAlias = Literal["read", "predict", "load", "download", "manage"]
"""See what there is; ask models, which may load them just in time; load and unload; fetch files;
all the rest."""
PERMISSIONS: Final[frozenset[str]] = frozenset(get_args(Permission))
_MAX_BYTES: Final = 2**20

logger = logging.getLogger(__name__)


class PermissionMissingError(EngineError):
    """The client's token is known, and not good for this."""

    code = "permission_denied"
    http_status = 403

    def __init__(self, name: str, needed: str, granted: Iterable[str]) -> None:
        has = ", ".join(sorted(granted)) or "no permission"
        super().__init__(
            f"The token {name!r} may not do this: it needs {needed!r} and has {has}.",
            hint="The engine's owner grants permissions, in the file of --guest-tokens.",
        )


@dataclass(frozen=True, slots=True)
class Guest:
    """Who has a token that is not the owner's."""

    name: str
    token: Token
    permissions: frozenset[str]


class GuestTokens:
    """The tokens of a file; none without a file."""

    def __init__(self, file: Path | None = None) -> None:
        """Read the file.

        Raises:
            BadRequestError: It cannot be read, or says something else.
        """
        self._file = file
        self._stamp = NOT_READ
        self._guests: tuple[Guest, ...] = ()
        if file is not None:
            self._stamp, self._guests = stamp(file), _read(file)

    @property
    def are_named(self) -> bool:
        """Whether there is a file for tokens of others."""
        return self._file is not None

    def shown_by(self, texts: Iterable[str]) -> Guest | None:
        """Return whose token one of these texts is."""
        self._refresh()
        shown = [text.strip() for text in texts]
        found = [
            guest
            for guest in self._guests
            # All are compared, so that it takes as long whoever asks.
            if any([guest.token.is_shown_by(text) for text in shown])  # noqa: C419
        ]
        return found[0] if found else None

    def carried_by(self, identifier: str, passkey: str) -> Guest | None:
        """Return whose token the first frame of a socket carries."""
        self._refresh()
        found = [guest for guest in self._guests if guest.token.is_carried_by(identifier, passkey)]
        return found[0] if found else None

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            found = stamp(self._file)
            if found != self._stamp:
                self._stamp, self._guests = found, _read(self._file)
        except BadRequestError as error:
            # Whoever was taken out of a file that is broken now must not stay in.
            self._stamp, self._guests = NOT_READ, ()
            logger.warning("no guest is let in: %s", error.title)


def _read(file: Path) -> tuple[Guest, ...]:
    try:
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            if hasattr(os, "geteuid") and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise BadRequestError(
                    f"{file} holds tokens, and others may open it.", hint=f"Run: chmod 600 {file}"
                )
            entries = tomllib.loads(opened.read(_MAX_BYTES).decode())
    except OSError as error:
        raise BadRequestError(f"{file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        # The reason would repeat a part of the file.
        raise BadRequestError(f"{file} is no TOML.") from None
    return tuple(_guest(name, entry, file) for name, entry in entries.items())


def _guest(name: str, entry: Any, file: Path) -> Guest:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("token"), str):
        raise BadRequestError(f"{name!r} in {file} has no token.")
    given = entry.get("permissions")
    if not isinstance(given, list) or not all(isinstance(permission, str) for permission in given):
        raise BadRequestError(f"{name!r} in {file} has no list of permissions.")
    unknown = ", ".join(repr(permission) for permission in given if permission not in PERMISSIONS)
    if unknown:
        known = ", ".join(get_args(Permission))
        raise BadRequestError(
            f"{name!r} in {file} has the permission {unknown}; there are {known}."
        )
    return Guest(name, Token(entry["token"]), frozenset(given))
