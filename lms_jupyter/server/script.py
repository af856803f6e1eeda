"""The panel's script: what notebook cells get from their kernel, the sidebar gets from here."""

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from lms_jupyter.server.handlers import LmsHandler
from lms_jupyter.widgets import STATIC

PARTS = {"script": "panel.js", "live": "live.js", "style": "panel.css"}
"""Which file is which part of the answer."""
DETAILS = {"details": "details.js"}
"""The part that a page asks for with its first use."""


class PanelHandler(LmsHandler):
    """`GET lms/panel`: the panel as text, in the parts that it is built in."""

    parts = PARTS

    @authenticated
    @authorized
    async def get(self) -> None:
        """Reply with the parts; a page that has them already is told so (by their ETag)."""
        try:
            parts = await asyncio.to_thread(_read, self.parts)
        except FileNotFoundError as error:
            raise HTTPError(
                404, f"{error.filename} was never built (npm run build does)."
            ) from error
        await self.finish_json(parts)


class DetailsHandler(PanelHandler):
    """`GET lms/panel/details`: what opens in the panel."""

    parts = DETAILS


def _read(parts: dict[str, str]) -> dict[str, str]:
    return {part: (STATIC / name).read_text("utf-8") for part, name in parts.items()}
