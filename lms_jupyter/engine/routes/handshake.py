"""Who a client says it is: the first frame of every socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from lms_jupyter.engine.routes.clients import readable
from lms_jupyter.engine.wire.frames import decode, encode
from lms_jupyter.engine.wire.nesting import TooDeepError

HANDSHAKE_S = 10.0
MAX_CREDENTIAL = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """A client as it introduced itself."""

    identifier: str
    passkey: str
    name: str = ""
    """What people call it, a notebook's path; only this package's own clients say so."""

    @property
    def kind(self) -> str:
        """What kind of client it is, as far as its identifier tells: `lms`, `panel`, or empty."""
        if self.identifier.startswith("lms-cli"):
            return "lms"
        kind, colon, _ = self.identifier.partition(":")
        return kind if colon and kind != "guest" else ""


class Guestbook:
    """Remembers each identifier's passkey for as long as it has a connection; first come wins."""

    def __init__(self, on_gone: Callable[[str], None] = lambda _identifier: None) -> None:
        self._here: dict[str, tuple[str, int]] = {}
        self._on_gone = on_gone

    def __len__(self) -> int:
        return len(self._here)

    @contextmanager
    def admit(self, caller: Caller) -> Iterator[bool]:
        """Count a connection in and, at the end, out; yields whether the passkey is right."""
        passkey, connections = self._here.get(caller.identifier, (caller.passkey, 0))
        if passkey != caller.passkey:
            yield False
            return
        self._here[caller.identifier] = (passkey, connections + 1)
        try:
            yield True
        finally:
            passkey, connections = self._here.pop(caller.identifier)
            if connections > 1:
                self._here[caller.identifier] = (passkey, connections - 1)
            else:
                self._on_gone(caller.identifier)


async def introduce(socket: web.WebSocketResponse) -> Caller | None:
    """Wait for a valid introduction; `None` if the client left or took too long.

    Frames that are no introduction are ignored, as the reference does.
    """
    try:
        async with asyncio.timeout(HANDSHAKE_S):
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    caller = _introduced(message.data)
                    if caller is not None:
                        return caller
    except TimeoutError:
        await refuse(socket, f"No valid introduction came within {HANDSHAKE_S:.0f} seconds.")
    return None


async def refuse(socket: web.WebSocketResponse, reason: str) -> None:
    """Say why the client is not let in, and close."""
    await socket.send_frame(encode({"success": False, "error": reason}), WSMsgType.TEXT)
    await socket.close()


def _introduced(data: str) -> Caller | None:
    try:
        return _caller(decode(data))
    except TooDeepError:
        return None


def _caller(frame: dict[str, Any] | None) -> Caller | None:
    if frame is None or frame.get("authVersion") != 1:
        return None
    identifier, passkey = frame.get("clientIdentifier"), frame.get("clientPasskey")
    for credential in (identifier, passkey):
        if not isinstance(credential, str) or len(credential) > MAX_CREDENTIAL:
            return None
    name = frame.get("clientName")
    return Caller(str(identifier), str(passkey), readable(name) if isinstance(name, str) else "")
