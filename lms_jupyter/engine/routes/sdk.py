"""The WebSocket paths of LM Studio's SDKs, one per namespace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSMsgType, web

from lms_jupyter.engine.routes import (
    diagnostics,
    embedding,
    files,
    llm,
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

_NAMESPACES: Final = (llm, embedding, system, repository, files, diagnostics, runtime)


def add_routes(application: web.Application, services: Services) -> None:
    """Add one path for each namespace."""
    guests = Guestbook()
    for module in _NAMESPACES:
        namespace = module.namespace(services)
        handler = _handler(namespace, guests, services.usage)
        application.router.add_get(f"/{namespace.name}", handler)


def _handler(
    namespace: Namespace, guests: Guestbook, usage: Usage
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=MAX_FRAME_BYTES, compress=False)
        await socket.prepare(request)
        caller = await introduce(socket)
        if caller is None:
            return socket
        with usage.client(), guests.admit(caller) as is_welcome:
            if is_welcome:
                await socket.send_frame(encode({"success": True}), WSMsgType.TEXT)
                await Connection(socket, request.transport, namespace, caller).serve()
            else:
                await refuse(socket, "Another client with this identifier has another passkey.")
        return socket

    return handle
