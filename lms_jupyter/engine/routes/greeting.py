"""How clients find out who listens here."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from lms_jupyter.engine import machine
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.version import EXTENSIONS, VERSION

GREETINGS: Final = frozenset({"/lmstudio-greeting", "/lms-status"})


def add_routes(
    application: web.Application, token: Token | None, more: tuple[str, ...] = ()
) -> None:
    """Add the two paths that clients probe; nobody needs a token for them."""
    application.router.add_get("/lmstudio-greeting", _greet)
    application.router.add_get("/lms-status", partial(_status, token, more))


async def _greet(_request: web.Request) -> web.Response:
    return web.json_response({"lmstudio": True})


async def _status(token: Token | None, more: tuple[str, ...], request: web.Request) -> web.Response:
    """Name the server; `extensions` says what it can do beyond LM Studio.

    Who has the token may ask for a proof that it is the engine which has it, too, and not a
    stranger on its port.
    """
    reply: dict[str, Any] = {
        "package": "lms-jupyter-engine",
        "version": VERSION,
        "extensions": [
            *EXTENSIONS,
            *(["gpu"] if machine.has_gpu() else []),
            *more,
        ],
        "authentication": token is not None,
    }
    challenge = request.query.get("challenge", "")
    if token is not None and challenge:
        reply["proof"] = token.proof(challenge)
    return web.json_response(reply)
