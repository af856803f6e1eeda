"""Who uses the engine, and how much of it each may take.

    # --limits FILE
    [default]
    instances = 1
    memory-gb = 4
    tokens-per-second = 50

    [ada]
    instances = 3

    [visitor]
    read-only = true

The file is read anew when it was changed; one that makes no sense then leaves what held before.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.file_stamp import NOT_READ, stamp

DEFAULT: Final = "default"
"""Whom the file means by this: everybody whom it does not name."""
_MAX_BYTES: Final = 2**20
_MOST: Final = 1e15

logger = logging.getLogger(__name__)


class LimitReachedError(EngineError):
    """A user has all that they may have."""

    code = "limit_reached"
    http_status = 429


class NotYoursError(EngineError):
    """A user wants to change what another one has loaded."""

    code = "not_yours"
    http_status = 403

    def __init__(self, identifier: str, user: str) -> None:
        super().__init__(
            f"{identifier!r} was loaded by {user or 'the owner of this engine'}, not by you.",
            hint="Ask them, or wait until it goes; you may end what you have loaded yourself.",
        )


class ReadOnlyError(EngineError):
    """A user may look, and nothing else."""

    code = "read_only"
    http_status = 403

    def __init__(self, user: str) -> None:
        super().__init__(
            f"{user} may see what is in memory here, and change or ask nothing.",
            hint="Who runs the engine can change that, in the file of --limits.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of an engine somebody may take; `None` is as much as there is."""

    instances: int | None = None
    memory_bytes: int | None = None
    tokens_per_second: float | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks for something."""

    name: str = ""
    """Empty for the engine's owner where nobody has limits."""
    limits: Limits = field(default_factory=Limits)
    may_manage: bool = True
    """Whether they may end what others have loaded."""

    def check_ending(self, identifier: str, user: str) -> None:
        """Raise `NotYoursError` if they may not end or change an instance of a user."""
        if not self.may_manage and user != self.name:
            raise NotYoursError(identifier, user)


using: Final[ContextVar[User]] = ContextVar("using", default=User())  # noqa: B039 - it is frozen
"""The user for whom this task works."""


class LimitsFile:
    """The limits of users by their names; none without a file."""

    def __init__(self, file: Path | None = None) -> None:
        """Read the file.

        Raises:
            BadRequestError: It cannot be read, or says something else.
        """
        self._file = file
        self._stamp = NOT_READ
        self._limits: Mapping[str, Limits] = {}
        if file is not None:
            self._stamp, self._limits = stamp(file), read(file)

    def of(self, name: str) -> Limits:
        """Return what holds for a user."""
        self._refresh()
        return self._limits.get(name) or self._limits.get(DEFAULT) or Limits()

    def owner(self, name: str, *, has_guests: bool) -> User:
        """Return the engine's owner.

        Who lends their engine to others is bound by an entry with their own name alone.
        """
        self._refresh()
        if has_guests and name not in self._limits:
            return User()
        return User(name=name, limits=self.of(name)) if self._limits else User()

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            found = stamp(self._file)
            if found != self._stamp:
                self._stamp = found
                self._limits = read(self._file)
        except BadRequestError as error:
            logger.warning("the limits of users stay as they were: %s", error.title)


def read(file: Path) -> Mapping[str, Limits]:
    """Return the limits that a file says, by user.

    Raises:
        BadRequestError: It cannot be read, or says something else.
    """
    try:
        with file.open("rb") as opened:
            entries = tomllib.loads(opened.read(_MAX_BYTES).decode())
    except OSError as error:
        raise BadRequestError(f"{file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRequestError(f"{file} is no TOML: {error}.") from error
    return {name: _limits(name, entry, file) for name, entry in entries.items()}


_KNOWN: Final = ("instances", "memory-gb", "tokens-per-second", "read-only")


def _limits(name: str, entry: Any, file: Path) -> Limits:
    if not isinstance(entry, Mapping):
        raise BadRequestError(f"{name!r} in {file} is no table of limits.", hint=f"[{name}]")
    unknown = ", ".join(repr(key) for key in entry if key not in _KNOWN)
    if unknown:
        raise BadRequestError(
            f"{name!r} in {file} has the limit {unknown}; there are {', '.join(_KNOWN)}."
        )
    where = f"{name!r} in {file}"
    instances = _number(entry, "instances", where)
    if instances is not None and instances != int(instances):
        raise BadRequestError(f"'instances' of {where} has to be a whole number, not {instances}.")
    memory, rate = _number(entry, "memory-gb", where), _number(entry, "tokens-per-second", where)
    if rate == 0:
        raise BadRequestError(
            f"'tokens-per-second' of {where} cannot be 0.", hint="Say read-only = true."
        )
    read_only = entry.get("read-only", False)
    if not isinstance(read_only, bool):
        raise BadRequestError(f"'read-only' of {where} is true or false, not {read_only!r:.100}.")
    return Limits(
        instances=None if instances is None else int(instances),
        memory_bytes=None if memory is None else round(memory * 1e9),
        tokens_per_second=rate,
        read_only=read_only,
    )


def _number(entry: Mapping[str, Any], key: str, where: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MOST:
        raise BadRequestError(f"{key!r} of {where} has to be a number from 0, not {value!r:.100}.")
    return float(value)
