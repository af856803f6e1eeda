"""How clients find out who listens here."""

from __future__ import annotations

from functools import partial
from typing import Final

from aiohttp import web

from lms_jupyter.engine.version import EXTENSIONS, VERSION

GREETINGS: Final = frozenset({"/lmstudio-greeting", "/lms-status"})


def add_routes(application: web.Application, *, wants_token: bool) -> None:
    """Add the two paths that clients probe; nobody needs a token for them."""
    application.router.add_get("/lmstudio-greeting", _greet)
    application.router.add_get("/lms-status", partial(_status, wants_token=wants_token))


async def _greet(_request: web.Request) -> web.Response:
    return web.json_response({"lmstudio": True})


async def _status(_request: web.Request, *, wants_token: bool) -> web.Response:
    """Name the server; `extensions` says what it can do beyond LM Studio."""
    return web.json_response(
        {
            "package": "lms-jupyter-engine",
            "version": VERSION,
            "extensions": list(EXTENSIONS),
            "authentication": wants_token,
        }
    )
