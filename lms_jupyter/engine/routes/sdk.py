"""The WebSocket paths of LM Studio's SDKs, one per namespace."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakSet

from aiohttp import WSCloseCode, WSMsgType, web

from lms_jupyter.engine.routes import (
    diagnostics,
    embedding,
    files,
    llm,
    plugins,
    repository,
    runtime,
    system,
)
from lms_jupyter.engine.routes.connection import Connection, Namespace
from lms_jupyter.engine.routes.handshake import Guestbook, introduce, refuse
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.usage import Usage
from lms_jupyter.engine.wire.frames import encode

MAX_FRAME_BYTES: Final = 128 * 2**20
"""Images come as base64 inside a frame."""

GOODBYE_S: Final = 0.5

_PROBES: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence before the system asks, seconds between two questions, and how many."""

_NAMESPACES: Final = (llm, embedding, system, repository, files, diagnostics, runtime, plugins)


def add_routes(application: web.Application, services: Services) -> None:
    """Add one path for each namespace."""
    guests = Guestbook()
    sockets: WeakSet[web.WebSocketResponse] = WeakSet()

    async def close_sockets(_application: web.Application) -> None:
        """Say goodbye to every client, for a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await asyncio.gather(
                    *(one.close(code=WSCloseCode.GOING_AWAY) for one in set(sockets))
                )

    application.on_shutdown.append(close_sockets)
    for module in _NAMESPACES:
        namespace = module.namespace(services)
        handler = _handler(namespace, guests, sockets, services.usage)
        application.router.add_get(f"/{namespace.name}", handler)


def notice_loss(connection: socket.socket) -> None:
    """Let the system find out within minutes that a peer has gone without saying so.

    The peer's system answers for it, so that a client which is merely stopped is not lost.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _handler(
    namespace: Namespace,
    guests: Guestbook,
    sockets: WeakSet[web.WebSocketResponse],
    usage: Usage,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.WebSocketResponse(max_msg_size=MAX_FRAME_BYTES, compress=False)
        try:
            await response.prepare(request)
        except ConnectionError:
            return web.Response(status=499, reason="Client Closed Request")
        sockets.add(response)
        if request.transport is not None:
            notice_loss(request.transport.get_extra_info("socket"))
        caller = await introduce(response)
        if caller is None:
            return response
        with usage.client(), guests.admit(caller) as is_welcome:
            if is_welcome:
                await response.send_frame(encode({"success": True}), WSMsgType.TEXT)
                await Connection(response, request.transport, namespace, caller).serve()
            else:
                await refuse(response, "Another client with this identifier has another passkey.")
        return response

    return handle
