"""How clients find out who listens here."""

from __future__ import annotations

from aiohttp import web

from lms_jupyter.engine.version import EXTENSIONS, VERSION


def add_routes(application: web.Application) -> None:
    """Add the two paths that clients probe."""
    application.router.add_get("/lmstudio-greeting", _greet)
    application.router.add_get("/lms-status", _status)


async def _greet(_request: web.Request) -> web.Response:
    return web.json_response({"lmstudio": True})


async def _status(_request: web.Request) -> web.Response:
    """Name the server; `extensions` says what it can do beyond LM Studio."""
    return web.json_response(
        {
            "package": "lms-jupyter-engine",
            "version": VERSION,
            "extensions": list(EXTENSIONS),
        }
    )
