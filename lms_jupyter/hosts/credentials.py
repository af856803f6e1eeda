"""API tokens: where they come from, how they reach the host, and what a refusal is called.

A token is only ever read from an engine's announcement, from where the tokens of named hosts are
kept, from the environment, or from what the user told the SDK. It is kept in the SDK's handshake
and nowhere else: no trait, no sentence and no log of ours holds it.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import lmstudio
from lmstudio.json_api import ClientBase

from lms_jupyter.errors import HostRefusedError, LmsError
from lms_jupyter.hosts import sdk_private
from lms_jupyter.hosts.announcements import announced_token
from lms_jupyter.hosts.carrying import carry_tokens
from lms_jupyter.hosts.host_names import kept_token
from lms_jupyter.hosts.sdk_sockets import open_quickly
from lms_jupyter.hosts.tokens import Token, malformed, parts

# A host that goes away is told in our words; the SDK's own line would turn up below some cell, in
# red. Whoever has set up logging still gets it.
logging.getLogger("AsyncWebsocketHandler").addHandler(logging.NullHandler())

TOKEN_VARIABLES = ("LMSTUDIO_API_TOKEN", "LM_API_TOKEN")

_withheld: set[str] = set()
"""The addresses at which somebody else's program listens: what it is shown, it could use."""

SomeClient = TypeVar("SomeClient", bound=ClientBase)


def api_token(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the API token that the environment holds; never one from a notebook's cell."""
    return next((Token(environ[name]) for name in TOKEN_VARIABLES if environ.get(name)), None)


def token_for(address: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return what the host at an address is to be shown, if anything.

    An engine of this user's is shown its own token, a host that has a name the one that is kept
    for it; whoever was only met on a port, and is not this user's, is shown none. To ask a keyring
    may take long: call it where nobody waits.
    """
    own = announced_token(address, environ) or kept_token(address)
    return own or (None if address in _withheld else api_token(environ))


def withhold(address: str, *, on: bool) -> None:
    """Show the environment's token to the host at an address no more, or again."""
    (_withheld.add if on else _withheld.discard)(address)


def equip_clients() -> None:
    """Have every client of the SDK in this process carry the token of an engine of this user."""
    carry_tokens(ClientBase)


def new_client(kind: type[SomeClient], address: str, token: str | None = None) -> SomeClient:
    """Return a client of the SDK that carries a token and is not connected yet.

    SDK 1.5 takes no token, and 1.6 loses it on some ways; on the wire it is just a pair of names.

    Raises:
        CommandError: The token is none. It is not repeated: errors end up in saved notebooks.
    """
    open_quickly(address)
    equip_clients()
    if token is not None:
        parts(token)
    try:
        client = kind(address)
    except lmstudio.LMStudioValueError:
        # SDK 1.6 reads the environment by itself, and repeats what it found there.
        raise malformed() from None
    if token is not None:
        sdk_private.show(client, handshake(client, token))
    elif address in _withheld:
        # SDK 1.6 has found the environment's by itself.
        sdk_private.show(client, sdk_private.handshake(client))
    return client


def handshake(client: ClientBase, token: str) -> dict[str, Any]:
    """Return the handshake that carries a token.

    Raises:
        CommandError: The token is none.
    """
    return sdk_private.handshake(client, *parts(token))


@contextmanager
def let_in(address: str, token: str | None) -> Iterator[None]:
    """Turn a refused handshake into one of our errors, which never holds a part of the token."""
    try:
        yield
    except LmsError:
        raise
    except lmstudio.LMStudioServerError as error:
        if "Authentication failed" not in str(error):
            raise
        raise refused(address, token, _reason(error)) from None
    except ValueError as error:
        # SDK 1.5 stumbles over a refusal that is told in words: that is what its own hides.
        if "dictionary update sequence" not in str(error):
            raise
        raise refused(address, token) from None


def refused(address: str, token: str | None, reason: str = "") -> HostRefusedError:
    """Return the error of a host that does not let us in.

    Args:
        address: Where the host is.
        token: What was shown to it, if anything.
        reason: What the host said about it.
    """
    because = f": {reason.rstrip('.')}" if reason and not _holds(reason, token) else ""
    if token is None:
        return HostRefusedError(
            f"The host at {address} lets nobody in without an API token{because}.",
            hint=f"`%lms host add NAME {address} --token` asks for one and keeps it; or set "
            f"{TOKEN_VARIABLES[0]} where Jupyter is started, then restart the kernel.",
        )
    return HostRefusedError(
        f"The host at {address} does not accept the API token{because}.",
        hint=f"`%lms host add NAME {address} --token` asks for another and keeps it; or look at "
        f"{' and '.join(TOKEN_VARIABLES)} where Jupyter is started.",
    )


def _reason(error: lmstudio.LMStudioServerError) -> str:
    raw = getattr(error, "_raw_error", None)
    words = (raw.get("cause") or raw.get("title")) if isinstance(raw, Mapping) else None
    return str(words or "").strip()


def _holds(text: str, token: str | None) -> bool:
    return token is not None and any(part in text for part in parts(token))
