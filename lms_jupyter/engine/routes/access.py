"""Lets in whom the engine is for: no foreign web page, and nobody without its token."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from lms_jupyter.engine.downloads.offers import PLACE
from lms_jupyter.engine.errors import EngineError, TokenMissingError
from lms_jupyter.engine.guest_tokens import PermissionMissingError
from lms_jupyter.engine.limits import ReadOnlyError, using
from lms_jupyter.engine.routes import anthropic, openai, permissions, rest_v1, who
from lms_jupyter.engine.routes.greeting import GREETINGS
from lms_jupyter.engine.routes.http import Style, failure
from lms_jupyter.engine.routes.sdk import SOCKETS
from lms_jupyter.engine.settings import Settings
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.web_pages import (
    is_own_host,
    is_preflight,
    is_welcome,
    let_read,
    own_names,
    permission,
)

OPEN: Final = GREETINGS | SOCKETS
"""What is answered without a token: who this is, and sockets, whose first frame carries it."""

_STYLES: Final = (("/v1/messages", anthropic.STYLE), ("/api/v1/", rest_v1.STYLE))


def guard(application: web.Application, settings: Settings) -> None:
    """Put a gatekeeper before everything that an application serves."""

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        let_read(request, response, settings.origins)

    application.middlewares.append(_gatekeeper(settings))
    application.on_response_prepare.append(add_headers)


def _gatekeeper(settings: Settings) -> Middleware:
    """Return the middleware: foreign hosts, then foreign origins, then who has no token."""
    names = own_names() | settings.names

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get(hdrs.HOST, "")
        if not is_own_host(host, names, over_loopback=_is_local(request)):
            raise web.HTTPForbidden(
                text=f"The host {host!r} is not this machine. "
                "Who starts the engine can give it that name: --allow-host"
            )
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not is_welcome(origin, host, settings.origins):
            raise web.HTTPForbidden(
                text=f"Pages of {origin!r} may not use this engine. "
                "Who starts it can allow them: --allow-origin"
            )
        if is_preflight(request):
            return permission(request)
        if settings.token is not None and not _is_open(request.path):
            error = _refusal(request, settings.token, settings)
            if error is not None:
                answer = failure(_style(request.path), error)
                if isinstance(error, TokenMissingError):
                    answer.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
                return answer
        elif settings.token is None and (error := _as_owner(request, settings)) is not None:
            return failure(_style(request.path), error)
        return await handler(request)

    return keep


def _is_open(path: str) -> bool:
    """Whether a path wants no token, or has a ticket in it: files offered to another engine."""
    return path in OPEN or path.startswith(PLACE)


def _as_owner(request: web.Request, settings: Settings) -> EngineError | None:
    """Note that a request is worked for the owner, or for whom a gateway names."""
    user = who.named_by(request.headers.get(who.HEADER, ""), who.owner(settings))
    using.set(user)
    if _is_open(request.path):
        return None
    try:
        who.check(user, permissions.of_path(request.method, request.path))
    except ReadOnlyError as error:
        return error
    return None


def _refusal(request: web.Request, token: Token, settings: Settings) -> EngineError | None:
    """Return why a request is not let in; if it is, `None`, and note for whom it is worked."""
    scheme, _, bearer = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    shown = [request.headers.get("X-Api-Key", "")]
    if scheme.lower() == "bearer":
        shown.append(bearer)
    if any([token.is_shown_by(text.strip()) for text in shown]):  # noqa: C419 - all take as long
        return _as_owner(request, settings)
    guest = settings.guests.shown_by(shown)
    if guest is None:
        return TokenMissingError(shown=any(shown))
    needed, user = permissions.of_path(request.method, request.path), who.guest(settings, guest)
    try:
        permissions.check(guest, needed)
        who.check(user, needed)
    except (PermissionMissingError, ReadOnlyError) as error:
        return error
    using.set(user)
    return None


def _style(path: str) -> Style:
    """Return how errors of a path are written."""
    return next((style for start, style in _STYLES if path.startswith(start)), openai.STYLE)


def _is_local(request: web.Request) -> bool:
    """Whether the request came in over this machine's own loopback."""
    ours = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(ours, tuple) and _is_loopback(str(ours[0]))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
