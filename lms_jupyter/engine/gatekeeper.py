"""Keeps web pages out: a browser must not reach the engine for a site that the user visits."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lms_jupyter.engine.settings import Settings

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def gatekeeper(settings: Settings) -> Middleware:
    """Return the middleware that answers 403 to foreign origins and, on loopback, foreign hosts.

    A foreign `Host` on loopback means that a site has pointed its own name at this machine.
    """

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        if _is_local(request) and _name(f"//{host}") not in LOOPBACK:
            raise web.HTTPForbidden(text=f"The host {host!r} is not this machine.")
        origin = request.headers.get("Origin")
        if origin is not None and not _is_welcome(origin, host, settings.origins):
            raise web.HTTPForbidden(text=f"Pages of {origin!r} may not use this engine.")
        return await handler(request)

    return keep


def _is_local(request: web.Request) -> bool:
    """Whether the request came in over this machine's own loopback."""
    ours = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(ours, tuple) and _is_loopback(str(ours[0]))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _is_welcome(origin: str, host: str, origins: tuple[str, ...]) -> bool:
    return origin in origins or urlsplit(origin).netloc == host


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
