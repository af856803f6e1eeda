"""The WebSocket paths of LM Studio's SDKs, one per namespace."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias
from weakref import WeakSet

from aiohttp import WSCloseCode, WSMsgType, web

from lms_jupyter.engine.errors import TokenMissingError
from lms_jupyter.engine.instances.asking import asking
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes import (
    diagnostics,
    embedding,
    files,
    llm,
    permissions,
    plugins,
    repository,
    runtime,
    system,
    who,
)
from lms_jupyter.engine.routes.connection import Connection, Namespace
from lms_jupyter.engine.routes.handshake import Guestbook, introduce, refuse
from lms_jupyter.engine.routes.peers import is_owners_lms
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.frames import encode

MAX_FRAME_BYTES: Final = 128 * 2**20
"""Images come as base64 inside a frame."""

GOODBYE_S: Final = 0.5

_PROBES: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence before the system asks, seconds between two questions, and how many."""

_NAMESPACES: Final = (llm, embedding, system, repository, files, diagnostics, runtime, plugins)

SOCKETS: Final = frozenset(f"/{module.__name__.rpartition('.')[2]}" for module in _NAMESPACES)
"""The paths. Who connects there shows the token in the first frame."""


Over: TypeAlias = Callable[[Namespace], Namespace]
"""What a namespace becomes, where this engine is more than itself."""


def add_routes(
    application: web.Application, services: Services, over: Over = lambda local: local
) -> None:
    """Add one path for each namespace."""
    guests = Guestbook(services.uploads.forget)
    sockets: WeakSet[web.WebSocketResponse] = WeakSet()

    async def close_sockets(_application: web.Application) -> None:
        """Say goodbye to every client, for a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await asyncio.gather(
                    *(socket.close(code=WSCloseCode.GOING_AWAY) for socket in set(sockets))
                )

    application.on_shutdown.append(close_sockets)
    for module in _NAMESPACES:
        namespace = over(module.namespace(services))
        handler = _handler(namespace, guests, sockets, services)
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
    services: Services,
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
        asking.set(caller.name or caller.kind)
        token, guests_of = services.settings.token, services.settings.guests
        is_owner = (
            token is None
            or token.is_carried_by(caller.identifier, caller.passkey)
            or await is_owners_lms(request, caller)
        )
        if not is_owner and guests_of.carried_by(caller.identifier, caller.passkey) is None:
            await refuse(response, TokenMissingError(shown=False).title)
            return response

        def check(endpoint: str, parameter: Any) -> None:
            """Ask anew at each call: a token may have been taken back since."""
            needed, settings = permissions.of_endpoint(endpoint), services.settings
            if is_owner:
                entry = parameter.get("user") if isinstance(parameter, Mapping) else None
                user = who.named(entry, who.owner(settings))
            else:
                guest = guests_of.carried_by(caller.identifier, caller.passkey)
                if guest is None:
                    raise TokenMissingError(shown=True)
                permissions.check(guest, needed)
                user = who.guest(settings, guest)
            who.check(user, needed)
            using.set(user)

        with services.usage.client(), guests.admit(caller) as is_welcome:
            if is_welcome:
                await response.send_frame(encode({"success": True}), WSMsgType.TEXT)
                await Connection(response, request.transport, namespace, caller, check).serve()
            else:
                await refuse(response, "Another client with this identifier has another passkey.")
        return response

    return handle
