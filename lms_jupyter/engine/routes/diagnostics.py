"""The namespace `diagnostics`."""

from __future__ import annotations

from functools import partial

from lms_jupyter.engine.routes.connection import Channel, Namespace
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.logs import log_packet


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    return Namespace("diagnostics", {}, {"streamLogs": partial(_stream_logs, services)})


async def _stream_logs(services: Services, channel: Channel) -> None:
    """Send every log entry from now on, until told to stop; the client chooses among them."""
    async with channel.interrupted_by("stop"):
        with services.log.listening() as entries:
            while True:
                channel.send(log_packet(await entries.get()))
                await channel.room()
