"""Has the SDK's own clients carry the token of an engine of this user.

A client keeps its handshake for good, while an engine has another token with each start: so it is
looked up whenever a connection is opened.

This is used while the SDK is being imported, and imports nothing of it.
"""

from typing import Any

from lms_jupyter.hosts.announcements import announced_token
from lms_jupyter.hosts.sdk_private import HANDSHAKE, address_of
from lms_jupyter.hosts.tokens import parts

_name: list[str] = []
"""What this process is called, for the engine's diary."""


def introduce_as(name: str) -> None:
    """Have this user's engine know what this process is called: its notebook's path."""
    _name[:] = [name]


def carry_tokens(client_base: type) -> None:
    """Let every client of this process carry tokens; `client_base` is the SDK's `ClientBase`."""
    if not isinstance(vars(client_base).get(HANDSHAKE), property):
        setattr(client_base, HANDSHAKE, property(_carried, _keep))


def _carried(client: Any) -> dict[str, Any]:
    address = address_of(client)
    token = announced_token(address) if address else None
    if token is None:
        kept: dict[str, Any] = vars(client)[HANDSHAKE]
        return kept
    identifier, passkey = parts(token)
    shown = {"authVersion": 1, "clientIdentifier": identifier, "clientPasskey": passkey}
    # Only to an engine of this user: LM Studio promises to read no such field.
    return shown | ({"clientName": _name[0]} if _name else {})


def _keep(client: Any, handshake: dict[str, Any]) -> None:
    vars(client)[HANDSHAKE] = handshake
