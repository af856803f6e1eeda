"""For whom a request is worked: the engine's owner, a guest, or whom a gateway names."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

import msgspec

from lms_jupyter.engine.guest_tokens import Guest
from lms_jupyter.engine.limits import Limits, ReadOnlyError, User
from lms_jupyter.engine.settings import Settings

HEADER = "X-LMS-Jupyter-User"
"""Names the user to a device of a fleet; counts from its owner alone, who is the gateway."""


def owner(settings: Settings) -> User:
    """Return the engine's owner, with their limits where the file has some for them."""
    return settings.limits.owner(_account(), has_guests=settings.guests.are_named)


def guest(settings: Settings, who: Guest) -> User:
    """Return the user that a token belongs to."""
    manages = "manage" in who.permissions
    return User(name=who.name, limits=settings.limits.of(who.name), may_manage=manages)


def named(entry: Any, otherwise: User) -> User:
    """Return the user that a gateway names."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        return otherwise
    rate = entry.get("tokensPerSecond")
    is_rate = isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0
    return User(
        name=entry["name"][:256],
        limits=Limits(tokens_per_second=float(rate) if is_rate and rate is not None else None),
        may_manage=entry.get("mayManage") is True,
    )


def named_by(header: str, otherwise: User) -> User:
    """Return the user that a gateway names over HTTP."""
    try:
        return named(msgspec.json.decode(header.encode()), otherwise)
    except (msgspec.DecodeError, UnicodeError):
        return otherwise


def as_entry(user: User) -> dict[str, Any] | None:
    """Return how a gateway names a user to its devices; `None` for its own owner."""
    if not user.name:
        return None
    rate = user.limits.tokens_per_second
    return {"name": user.name, "mayManage": user.may_manage} | (
        {} if rate is None else {"tokensPerSecond": rate}
    )


def check(user: User, needed: str) -> None:
    """Raise `ReadOnlyError` if a user may only look and wants more."""
    if user.limits.read_only and needed not in {"read", "manage"}:
        raise ReadOnlyError(user.name)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "owner"
