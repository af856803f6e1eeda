"""The panel's script: what notebook cells get from their kernel, the sidebar gets from here."""

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from lms_jupyter.server.handlers import LmsHandler
from lms_jupyter.widgets import STATIC

PARTS = {"script": "panel.js", "live": "live.js", "style": "panel.css"}
"""Which file is which part of the answer."""


class PanelHandler(LmsHandler):
    """`GET lms/panel`: the panel as text, in the parts that it is built in."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Reply with the parts; a page that has them already is told so (by their ETag)."""
        try:
            parts = await asyncio.to_thread(_read)
        except FileNotFoundError as error:
            raise HTTPError(
                404, f"{error.filename} was never built (npm run build does)."
            ) from error
        await self.finish_json(parts)


def _read() -> dict[str, str]:
    return {part: (STATIC / name).read_text("utf-8") for part, name in PARTS.items()}
