"""A host that takes nothing but what LM Studio's published schemas describe.

It stands before another host, passes every frame on as it is, and keeps a copy. `wrong` holds the
copies against the schemas: keys that LM Studio does not know, values of another type, fields that
are missing, and calls that there are not, in what a client has sent and in what came back.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from tests.engine.published import node
from tests.loop_thread import loop_thread

Frame = dict[str, Any]
Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse
CARRIES = {
    "rpcCall": ("parameter", "parameter"),
    "channelCreate": ("creation", "creationParameter"),
    "rpcResult": ("result", "result"),
    "rpcError": ("error", "error"),
    "channelError": ("error", "error"),
}
"""What each type of frame is called by the check, and where in it the value is."""


@dataclass
class StrictHost:
    """Where a client finds it, and what has passed."""

    behind: str
    """The address of the host that answers."""
    address: str = ""
    passed: list[Frame] = field(default_factory=list)
    """Each with its namespace, its endpoint, what it is (`kind`), and its value."""

    def wrong(self) -> list[Frame]:
        """Return what LM Studio's schemas do not take, each with what is wrong with it."""
        found: list[Frame] = node("published.mjs", "check", told=self._lines())
        return found

    def sent(self) -> set[tuple[str, str]]:
        """Return the calls and channels that clients have asked for, by namespace and name."""
        asked = {"parameter", "creation"}
        return {(one["namespace"], one["endpoint"]) for one in self.passed if one["kind"] in asked}

    def _lines(self) -> str:
        # Much is said again and again: each is looked at once.
        return "\n".join(dict.fromkeys(json.dumps(one, sort_keys=True) for one in self.passed))

    async def talk(self, request: web.Request) -> web.StreamResponse:
        """Pass on what a client and the host behind say to each other."""
        namespace = request.match_info["namespace"]
        if "Upgrade" not in request.headers:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://{self.behind}/{namespace}") as answer,
            ):
                return web.Response(body=await answer.read(), content_type=answer.content_type)
        client = web.WebSocketResponse()
        await client.prepare(request)
        asked: dict[str, str] = {}
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://{self.behind}/{namespace}") as host,
        ):
            there = asyncio.create_task(self._pass(client, host, namespace, asked))
            back = asyncio.create_task(self._pass(host, client, namespace, asked))
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            await client.close()
        return client

    async def _pass(
        self, source: Socket, target: Socket, namespace: str, asked: dict[str, str]
    ) -> None:
        sent = isinstance(source, web.WebSocketResponse)
        async for message in source:
            if message.type is WSMsgType.TEXT:
                self._note(namespace, json.loads(message.data), asked, sent=sent)
                await target.send_str(message.data)

    def _note(self, namespace: str, frame: Frame, asked: dict[str, str], *, sent: bool) -> None:
        number = f"call {frame.get('callId')}, channel {frame.get('channelId')}"
        match frame:
            case {"type": "channelSend"}:
                kind, name = ("message" if sent else "packet"), "message"
            case {"type": known} if known in CARRIES:
                kind, name = CARRIES[known]
            case _:
                return
        if "endpoint" in frame:
            asked[number] = frame["endpoint"]
        said = {"namespace": namespace, "endpoint": asked[number], "kind": kind}
        self.passed.append(said | ({"value": frame[name]} if name in frame else {}))


@contextmanager
def strict(behind: str) -> Iterator[StrictHost]:
    """Stand before a host, from a thread of its own, until the end of the block."""
    host = StrictHost(behind)
    ready, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        application = web.Application()
        application.router.add_get("/{namespace}", host.talk)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.address = "{}:{}".format(*runner.addresses[0][:2])
        ready.set()
        await over.wait()
        await runner.cleanup()

    thread = loop_thread(loop, serve())
    thread.start()
    try:
        assert ready.wait(10)
        yield host
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
