"""A device that speaks at a rate of its own: 200 tokens a second, whatever this machine has to do.

What a gateway takes of it is the gateway's alone: no model competes with it for the processor.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from lms_jupyter.engine.version import VERSION

from .conftest import meant, saying

NAME: Final = "paced"
EACH_S: Final = 0.005
INSTANCE: Final = {
    "type": "llm",
    "modelKey": NAME,
    "format": "gguf",
    "displayName": NAME,
    "publisher": "a",
    "path": "a/b/c.gguf",
    "indexedModelIdentifier": "a/b/c.gguf",
    "sizeBytes": 1,
    "deviceIdentifier": None,
    "maxContextLength": 4096,
    "contextLength": 4096,
    "vision": False,
    "trainedForToolUse": False,
    "identifier": NAME,
    "instanceReference": "paced-reference",
    "ttlMs": None,
    "lastUsedTime": None,
    "status": "idle",
    "queued": 0,
    "memoryBytes": 1,
    "gpuMemory": [],
    "pinned": False,
    "jit": False,
    "runtime": NAME,
}


@asynccontextmanager
async def paced() -> AsyncIterator[str]:
    """Run such a device; yields its address."""
    application = web.Application()
    application.router.add_get("/lms-status", _status)
    application.router.add_get("/{namespace}", _serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _status(_request: web.Request) -> web.Response:
    return web.json_response({"package": "lms-jupyter-engine", "version": VERSION})


async def _serve(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await socket.receive_json()
    await socket.send_json({"success": True})
    async for message in socket:
        asked = json.loads(message.data)
        if asked["type"] == "channelCreate":
            await _answer(socket, asked)
    return socket


async def _answer(socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
    channel = {"channelId": asked["channelId"]}

    async def send(packet: dict[str, Any]) -> None:
        await socket.send_json({"type": "channelSend", **channel, "message": packet})

    if asked["endpoint"] == "watchActivity":
        now = round(time.time() * 1000)
        told = {"now": now, "instances": [INSTANCE], "loads": [], "memory": {}}
        await send({"type": "activity", **told})
        return
    loop = asyncio.get_running_loop()
    began, tokens = loop.time(), asked["creationParameter"]["tokens"]
    for number in range(tokens):
        # By the clock: what was late once does not make all that follows late.
        await asyncio.sleep(max(0.0, began + number * EACH_S - loop.time()))
        await send({"type": "fragment", "fragment": {"content": "a", "tokensCount": 1}})
    await send({"type": "success", "modelInfo": INSTANCE, "stats": {}})
    await socket.send_json({"type": "channelClose", **channel})


async def seconds(raw: Any, tokens: int) -> float:
    """Ask such a device for tokens; returns how long they took."""
    began = time.perf_counter()
    asked = {"modelSpecifier": meant(NAME), "history": saying("Hello"), "tokens": tokens}
    channel = await raw.open("predict", **asked, predictionConfigStack={"layers": []})
    packets, end = await raw.end(channel)
    assert end["type"] == "channelClose", end
    assert len(packets) == tokens + 1
    return time.perf_counter() - began
