"""Where the API token of a named host is kept: in the keyring of the system, else in a file.

The file is this user's alone. A token is kept by the host's address, so that it is shown to nobody
who has taken over the name; it comes from here as a `Token`, which has no readable `repr`.
"""

import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.own_files import private, read_own, write_own
from lms_jupyter.hosts.state_folder import state_folder
from lms_jupyter.hosts.tokens import Token

Place = Literal["", "keyring", "file"]
"""Where a token is kept; empty: nowhere, there is none."""
FILE: Place = "file"
SERVICE = "lms-jupyter"
KEYRING_TIMEOUT_S = 10.0
"""A keyring that is locked may ask the user to open it, on a screen that nobody looks at."""


def token_file() -> Path:
    """Return the file of the tokens that no keyring keeps."""
    return private(state_folder()) / "host-tokens.json"


def keep(address: str, token: str) -> Place:
    """Keep a token; return where it is now.

    Raises:
        CommandError: It can be kept nowhere.
    """
    if _in_keyring(address, token):
        # One that an earlier call kept in the file is of no use any more.
        _change(lambda tokens: tokens.pop(address, None))
        return "keyring"
    _change(lambda tokens: tokens.update({address: str(token)}))
    return FILE


def kept(address: str, place: Place) -> Token | None:
    """Return the token of an address from where it was put; `None` if it is there no more."""
    if place == FILE:
        found = _read().get(address)
    else:
        found = _bounded(lambda: _keyring().get_password(SERVICE, address)) if place else None
    return Token(found) if isinstance(found, str) and found else None


def forget(address: str, place: Place) -> None:
    """Keep a token no longer."""
    if place == "keyring":
        _bounded(lambda: _keyring().delete_password(SERVICE, address))
    elif place == FILE:
        _change(lambda tokens: tokens.pop(address, None))


def _in_keyring(address: str, token: str) -> bool:
    """Put a token into the keyring, if there is one; some take whatever they are given."""

    def put() -> str | None:
        _keyring().set_password(SERVICE, address, str(token))
        found: str | None = _keyring().get_password(SERVICE, address)
        return found

    return _bounded(put) == token


def _keyring() -> Any:
    """Return the package `keyring`, which not everybody has."""
    return importlib.import_module("keyring")


def _bounded(ask: Callable[[], str | None]) -> str | None:
    """Ask the keyring; `None` if there is none, or if it does not answer in time."""
    answers: list[str | None] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception:  # noqa: BLE001 - each of its many backends has errors of its own
            return

    asking = threading.Thread(target=run, name="lms-keyring", daemon=True)
    asking.start()
    asking.join(KEYRING_TIMEOUT_S)
    return next(iter(answers), None)


def _read() -> dict[str, str]:
    try:
        return msgspec.json.decode(read_own(token_file()) or b"{}", type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


def _change(change: Callable[[dict[str, str]], object]) -> None:
    before = _read()
    after = dict(before)
    change(after)
    if after == before:
        return
    try:
        write_own(token_file(), msgspec.json.encode(after))
    except OSError as error:
        raise CommandError(
            f"The API token cannot be kept in {token_file()}: {error.strerror or error}.",
            hint="Make room, or set XDG_STATE_HOME to a folder that you may write to.",
        ) from None
