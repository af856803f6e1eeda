"""Fetches a model that no device has, from the source of models, straight to where it will run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lms_jupyter.engine.downloads.downloads import Downloads
from lms_jupyter.engine.downloads.hub import DownloadOption
from lms_jupyter.engine.errors import BadRequestError, EngineError, PathNotFoundError
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.lines import Line
from lms_jupyter.engine.limits import using

CANCEL_S: Final = 5.0
"""How long a device may take to remove what it has fetched of a model."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source of models, as the gateway sees it; what a device fetches it checks by itself."""

    downloads: Downloads

    async def option(self, model_key: str) -> DownloadOption | None:
        """Return what would be fetched for a name that no device knows; `None` for nothing.

        A user who may not manage models has nothing fetched by a load.

        Raises:
            DownloadFailedError: The source does not answer, or has nothing of this kind.
        """
        if not using.get().may_manage:
            return None
        try:
            return await self.downloads.option(model_key)
        except (BadRequestError, PathNotFoundError):
            return None


def needed(option: DownloadOption) -> Mapping[str, Any]:
    """Return what a load would take at least, as `estimateModelUsage` writes it.

    Its engine says it for sure, once the file is there.
    """
    return {"memory": {"totalBytes": option.size_bytes, "totalVramBytes": 0}}


async def fetched(device: Device, option: DownloadOption) -> AsyncGenerator[int]:
    """Have a device fetch a model; yields how many bytes are there. Left early, nothing stays."""
    asked = {"downloadIdentifier": option.identifier}
    async with (
        device.line("repository") as line,
        aclosing(line.packets("downloadModel", asked)) as packets,
    ):
        try:
            async for packet in packets:
                payload = msgspec.json.decode(packet)
                if payload["type"] == "downloadProgress":
                    yield int(payload["update"]["downloadedBytes"])
        except (GeneratorExit, asyncio.CancelledError):
            await _call_off(line)
            raise


async def _call_off(line: Line) -> None:
    """Have a device give up what it fetches: by itself it would go on."""
    with suppress(EngineError, TimeoutError):
        async with asyncio.timeout(CANCEL_S):
            await line.say({"type": "cancel"})
            await line.over()
