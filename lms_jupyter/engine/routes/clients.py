"""Who a client is, in words, for the memory diary."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from lms_jupyter.engine.instances.asking import asking

LONGEST: Final = 256


@web.middleware
async def name_client(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note by which program a request was sent; a socket says more when it is introduced."""
    words = request.headers.get(hdrs.USER_AGENT, "").split()
    asking.set(readable(words[0] if words else ""))
    return await handler(request)


def readable(name: str) -> str:
    """Return what can be shown of a name that a client gives itself."""
    return "".join(letter for letter in name if letter.isprintable())[:LONGEST]
