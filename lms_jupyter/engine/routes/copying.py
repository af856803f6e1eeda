"""Models that go from one engine to another: offered here, fetched there, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from lms_jupyter.engine.downloads.copies import Copy, copy
from lms_jupyter.engine.downloads.hub import RemoteFile
from lms_jupyter.engine.downloads.offers import PLACE
from lms_jupyter.engine.errors import BadRequestError, LoadCancelledError
from lms_jupyter.engine.routes.connection import Channel
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, text

MOST_FILES = 1000
TELL_EVERY_S = 0.2


def add_routes(application: web.Application, services: Services) -> None:
    """Add the path where offered files are fetched; the ticket in it is all that it wants."""
    application.router.add_get(f"{PLACE}{{ticket}}/{{number}}", partial(_send, services))


async def _send(services: Services, request: web.Request) -> web.StreamResponse:
    found = services.offers.find(request.match_info["ticket"], request.match_info["number"])
    if found is None:
        raise web.HTTPNotFound(text="Nothing is offered here, or not any more.")
    return web.FileResponse(found, chunk_size=2**20)


async def offer_model(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Offer the files of a model to another engine, which needs no token for them."""
    name = text(an_object(parameter), "modelKey")
    model = await services.catalog.resolve(name)
    offer = await asyncio.to_thread(services.offers.make, model)
    return {
        "ticket": offer.ticket,
        "files": [
            {"path": file.path, "sizeBytes": file.size_bytes, "sha256": file.sha256}
            for file in offer.files
        ],
    }


async def copy_model(services: Services, channel: Channel) -> None:
    """Fetch what another engine offers, and say how far it is; `cancel` removes what came."""
    wanted = _wanted(an_object(channel.parameter))
    have = 0

    def note(size: int) -> None:
        nonlocal have
        have = size

    async def tell() -> None:
        reported = -1
        while True:
            if have != reported:
                reported = have
                channel.send({"type": "progress", "copiedBytes": have})
            await asyncio.sleep(TELL_EVERY_S)

    telling = asyncio.create_task(tell())
    try:
        async with channel.interrupted_by("cancel") as scope:
            await copy(services.settings.downloads, wanted, note)
    finally:
        telling.cancel()
    if scope.expired():
        raise LoadCancelledError(wanted.files[0].path)
    channel.send({"type": "success"})


def _wanted(asked: Mapping[str, Any]) -> Copy:
    files = asked.get("files")
    if not isinstance(files, list) or not 1 <= len(files) <= MOST_FILES:
        raise BadRequestError(f"'files' has to be a list of 1 to {MOST_FILES} files.")
    return Copy(
        address=text(asked, "from"),
        ticket=text(asked, "ticket"),
        files=tuple(_file(an_object(file)) for file in files),
    )


def _file(entry: Mapping[str, Any]) -> RemoteFile:
    size = entry.get("sizeBytes")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise BadRequestError(f"'sizeBytes' has to be a number of bytes, not {size!r:.100}.")
    return RemoteFile(
        path=text(entry, "path"), size_bytes=size, sha256=text(entry, "sha256").lower()
    )
