"""Sockets to the engine of one device: each serves one call or one channel at a time.

So what a client does not read is not read from the device either, and a client that leaves makes
the device stop: the socket is closed, and the device's engine notices as with any client.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from lms_jupyter.engine.fleet.errors import DeviceLostError, RelayedError, other_version
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes import who
from lms_jupyter.engine.version import VERSION
from lms_jupyter.engine.wire.frames import encode

PACKAGE: Final = "lms-jupyter-engine"
CONNECT_S: Final = 5.0
"""How long a device may take to let us in: a firewall may say nothing at all."""
HEARTBEAT_S: Final = 5.0
"""How often a line that waits asks whether the device is still there."""
IDLE: Final = 8
"""How many lines of a namespace are kept for the next ones to ask."""


class _Frame(msgspec.Struct, rename="camel"):
    """What is read of a frame; the rest is handed on unread."""

    type: str
    result: msgspec.Raw = msgspec.Raw(b"null")
    message: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] = {}


_decode: Final = msgspec.json.Decoder(_Frame).decode


class Line:
    """One socket of one namespace."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, name: str) -> None:
        self.socket = socket
        self.is_busy = False
        self._name = name
        self._number = 0

    async def call(self, endpoint: str, parameter: Any = None) -> Any:
        """Make a call and return its result.

        Raises:
            RelayedError: The device refuses.
            DeviceLostError: It went away.
        """
        self._number += 1
        frame = {"type": "rpcCall", "endpoint": endpoint, "callId": self._number}
        parameter = _for_user(parameter)
        await self._begin(frame | ({} if parameter is None else {"parameter": parameter}))
        while True:
            reply = await self._next()
            if reply.type == "rpcResult":
                self.is_busy = False
                return msgspec.json.decode(reply.result)
            if reply.type == "rpcError":
                self.is_busy = False
                raise RelayedError(reply.error)

    async def packets(self, endpoint: str, parameter: Any = None) -> AsyncGenerator[msgspec.Raw]:
        """Open a channel and yield what comes, unread, until it is closed.

        Raises:
            RelayedError: It ended with an error.
            DeviceLostError: The device went away.
        """
        self._number += 1
        frame = {"type": "channelCreate", "endpoint": endpoint, "channelId": self._number}
        parameter = _for_user(parameter)
        await self._begin(frame | ({} if parameter is None else {"creationParameter": parameter}))
        while True:
            reply = await self._next()
            if reply.type == "channelSend":
                yield reply.message
            elif reply.type == "channelClose":
                self.is_busy = False
                return
            elif reply.type == "channelError":
                self.is_busy = False
                raise RelayedError(reply.error)

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send a message on the channel that is open."""
        await self._send(
            {"type": "channelSend", "channelId": self._number, "message": dict(message)}
        )

    async def over(self) -> None:
        """Wait for the end of the channel that is open, whatever comes before it."""
        while (await self._next()).type not in {"channelClose", "channelError"}:
            continue
        self.is_busy = False

    async def _begin(self, frame: Mapping[str, Any]) -> None:
        self.is_busy = True
        await self._send(frame)

    async def _send(self, frame: Mapping[str, Any]) -> None:
        try:
            await self.socket.send_frame(encode(frame), aiohttp.WSMsgType.TEXT)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise DeviceLostError(self._name) from error

    async def _next(self) -> _Frame:
        message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise DeviceLostError(self._name)
        return _decode(message.data)


def _for_user(parameter: Any) -> Any:
    """Name the user for whom something is asked; what a client itself says of it does not count."""
    if not isinstance(parameter, Mapping):
        return parameter
    user = who.as_entry(using.get())
    asked = {name: value for name, value in parameter.items() if name != "user"}
    return asked if user is None else asked | {"user": user}


class Lines:
    """The lines to one device."""

    def __init__(
        self, session: aiohttp.ClientSession, node: Node, connect_s: float = CONNECT_S
    ) -> None:
        self._session = session
        self._connect_s = connect_s
        self._node = node
        self._idle: dict[str, list[Line]] = defaultdict(list)
        self._used: set[Line] = set()
        self._caller = f"fleet:{secrets.token_hex(8)}", secrets.token_hex(16)

    @property
    def headers(self) -> dict[str, str]:
        """What a request over HTTP carries: the token."""
        token = self._node.token
        return {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}

    def url(self, path: str) -> str:
        """Return where a path of the device is."""
        return f"http://{self._node.address}{path}"

    @asynccontextmanager
    async def line(self, namespace: str) -> AsyncIterator[Line]:
        """Lend a line; one that is left in the midst of something is closed.

        Raises:
            DeviceLostError: The device cannot be reached.
            RelayedError: It does not let us in.
        """
        idle = self._idle[namespace]
        line = idle.pop() if idle else await self._connect(namespace)
        self._used.add(line)
        try:
            yield line
        finally:
            self._used.discard(line)
            if line.is_busy or line.socket.closed or len(idle) >= IDLE:
                await line.socket.close()
            else:
                idle.append(line)

    async def greet(self) -> None:
        """Ask who listens there.

        Raises:
            DeviceLostError: Nobody does, or a firewall keeps us from them.
            RelayedError: It is no engine of this version.
        """
        patience = aiohttp.ClientTimeout(total=self._connect_s)
        try:
            async with self._session.get(self.url("/lms-status"), timeout=patience) as answer:
                status = msgspec.json.decode(await answer.read())
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise DeviceLostError(self._node.name) from error
        except msgspec.DecodeError:
            status = None
        if not isinstance(status, dict) or status.get("package") != PACKAGE:
            raise RelayedError({"title": f"{self._node.address} is no engine of lms-jupyter."})
        if status.get("version") != VERSION:
            raise RelayedError({"title": other_version(status.get("version"))})

    async def close(self) -> None:
        """Close all lines; whoever waits at one is told that the device went away."""
        lines = [*self._used, *(line for idle in self._idle.values() for line in idle)]
        for idle in self._idle.values():
            idle.clear()
        for line in lines:
            await line.socket.close()

    async def _connect(self, namespace: str) -> Line:
        node = self._node
        identifier, passkey = self._caller if node.token is None else node.token.credentials()
        hello = {"authVersion": 1, "clientIdentifier": identifier, "clientPasskey": passkey}
        try:
            async with asyncio.timeout(self._connect_s):
                socket = await self._session.ws_connect(
                    self.url(f"/{namespace}"),
                    max_msg_size=0,
                    compress=0,
                    heartbeat=HEARTBEAT_S,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise DeviceLostError(node.name) from error
        try:
            await socket.send_frame(encode(hello), aiohttp.WSMsgType.TEXT)
            message = await socket.receive(timeout=self._connect_s)
            answer = msgspec.json.decode(message.data) if isinstance(message.data, str) else {}
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            await socket.close()
            raise DeviceLostError(node.name) from error
        if not answer.get("success"):
            await socket.close()
            raise RelayedError({"title": str(answer.get("error") or "It does not let us in.")})
        return Line(socket, node.name)
