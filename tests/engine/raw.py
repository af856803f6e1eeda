"""A WebSocket client that says exactly what a test wants it to say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.waiting import PATIENCE_S

HELLO = {"authVersion": 1, "clientIdentifier": "tester", "clientPasskey": "pass"}


class Raw:
    """One socket of one namespace."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._next = 0

    async def read(self) -> dict[str, Any]:
        """Return the next frame."""
        frame: dict[str, Any] = await self.socket.receive_json(timeout=PATIENCE_S)
        return frame

    async def introduce(self, **changes: Any) -> dict[str, Any]:
        """Send the first frame and return the answer."""
        await self.socket.send_json(HELLO | changes)
        return await self.read()

    async def call(self, endpoint: str, **parameter: Any) -> Any:
        """Call and return the result; an error frame is returned as it is."""
        self._next += 1
        frame = {"type": "rpcCall", "endpoint": endpoint, "callId": self._next}
        await self.socket.send_json(frame | ({"parameter": parameter} if parameter else {}))
        answer = await self.read()
        assert answer["callId"] == self._next, answer
        return answer.get("result") if answer["type"] == "rpcResult" else answer

    async def open(self, endpoint: str, **parameter: Any) -> int:
        """Open a channel and return its id."""
        self._next += 1
        frame = {"type": "channelCreate", "endpoint": endpoint, "channelId": self._next}
        await self.socket.send_json(frame | ({"creationParameter": parameter} if parameter else {}))
        return self._next

    async def say(self, channel: int, kind: str) -> None:
        """Send a message on a channel."""
        message = {"type": kind}
        await self.socket.send_json(
            {"type": "channelSend", "channelId": channel, "message": message}
        )

    async def packet(self, channel: int, kind: str) -> dict[str, Any]:
        """Skip to the next packet of this type; fails if the channel ends first."""
        while True:
            frame = await self.read()
            assert frame["channelId"] == channel, frame
            assert frame["type"] == "channelSend", frame
            if frame["message"]["type"] == kind:
                message: dict[str, Any] = frame["message"]
                return message

    async def end(self, channel: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Read a channel to its end; return its packets and the last frame."""
        packets = []
        while True:
            frame = await self.read()
            assert frame["channelId"] == channel, frame
            if frame["type"] != "channelSend":
                return packets, frame
            packets.append(frame["message"])


@asynccontextmanager
async def connected(address: str, namespace: str) -> AsyncIterator[Raw]:
    """Connect without introducing ourselves."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{address}/{namespace}", max_msg_size=0) as socket,
    ):
        yield Raw(socket)


@asynccontextmanager
async def introduced(address: str, namespace: str, **changes: Any) -> AsyncIterator[Raw]:
    """Connect and introduce ourselves."""
    async with connected(address, namespace) as raw:
        assert await raw.introduce(**changes) == {"success": True}
        yield raw
