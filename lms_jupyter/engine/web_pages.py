"""Which web pages may use the engine: the names it answers to, the origins it lets in, and CORS."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final

from aiohttp import hdrs, web

ANY: Final = "*"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

_HOST: Final = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_.-]+))(?::\d{1,5})?")
_FIELDS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:\s*,\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_METHODS: Final = "GET, POST, OPTIONS"
_USUAL_FIELDS: Final = "Authorization, Content-Type"
_ALLOWED_S: Final = "600"
_ASKS_FOR_NETWORK: Final = "Access-Control-Request-Private-Network"
"""Chromium's question of a public page that wants to reach a private address."""


def normal_origin(text: str) -> str:
    """Return an origin as browsers write it: no path, no capitals.

    >>> normal_origin("HTTP://Example.org/")
    'http://example.org'
    """
    return text.strip().rstrip("/").lower()


def own_names() -> frozenset[str]:
    """Return the names under which this machine is known besides its addresses."""
    name = socket.gethostname().lower().rstrip(".")
    return frozenset({name, f"{name}.local"})


def is_own_host(host: str, names: Iterable[str], *, over_loopback: bool) -> bool:
    """Whether a `Host` is an address, or a name of this machine.

    A site that points its own name at this machine has that name there; it cannot have an address.
    """
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return False
    name = match["v6"] or match["name"].rstrip(".")
    if name in LOOPBACK or name in names:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not over_loopback


def is_welcome(origin: str, host: str, origins: tuple[str, ...]) -> bool:
    """Whether pages of an origin may use the engine: its own, and those that were allowed."""
    normal = normal_origin(origin)
    own = {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}
    return normal in own or is_allowed(origin, origins)


def is_allowed(origin: str, origins: tuple[str, ...]) -> bool:
    """Whether somebody has allowed the pages of an origin."""
    return ANY in origins or normal_origin(origin) in origins


def is_preflight(request: web.Request) -> bool:
    """Whether a browser asks if a page may make a request."""
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ORIGIN in request.headers
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def permission(request: web.Request) -> web.Response:
    """Answer a browser that asks: `let_read` adds the origin."""
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "").strip()
    headers: dict[str, str] = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: asked if _FIELDS.fullmatch(asked) else _USUAL_FIELDS,
        hdrs.ACCESS_CONTROL_MAX_AGE: _ALLOWED_S,
        hdrs.VARY: f"{hdrs.ACCESS_CONTROL_REQUEST_METHOD}, {hdrs.ACCESS_CONTROL_REQUEST_HEADERS}",
    }
    if request.headers.get(_ASKS_FOR_NETWORK) == "true":
        headers["Access-Control-Allow-Private-Network"] = "true"
    return web.Response(status=204, headers=headers)


def let_read(request: web.Request, response: web.StreamResponse, origins: tuple[str, ...]) -> None:
    """Let the page of an allowed origin read an answer, whatever it says."""
    if not origins:
        return
    # A cache must not give one page the answer that another one was allowed to read.
    vary = response.headers.get(hdrs.VARY)
    response.headers[hdrs.VARY] = f"{vary}, {hdrs.ORIGIN}" if vary else hdrs.ORIGIN
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and is_allowed(origin, origins):
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
