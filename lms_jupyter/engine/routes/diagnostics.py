"""The namespace `diagnostics`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.routes.connection import Channel, Namespace
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, optional_text
from lms_jupyter.engine.wire.logs import log_packet


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    return Namespace("diagnostics", {}, {"streamLogs": partial(_stream_logs, services)})


async def _stream_logs(services: Services, channel: Channel) -> None:
    """Send what was kept and every log entry from now on, until told to stop.

    LM Studio's clients open this without a parameter. One with `last` gets no more of the past than
    that, of these `kinds` and this `modelIdentifier` alone if they are named, each packet of it
    marked as such, and is told where the past ends.
    """
    asked = an_object(channel.parameter or {})
    last, kinds, of = _last(asked), _kinds(asked), optional_text(asked, "modelIdentifier")
    async with channel.interrupted_by("stop"):
        with services.log.listening() as (kept, entries):
            past = [log_packet(noted) for noted in kept]
            if last is not None:
                wanted = [entry for entry in past if _is_wanted(entry["log"]["data"], kinds, of)]
                past = [entry | {"past": True} for entry in wanted[max(0, len(wanted) - last) :]]
                past.append({"type": "pastEnd"})
            for packet in past:
                channel.send(packet)
                await channel.room()
            while True:
                channel.send(log_packet(await entries.get()))
                await channel.room()


def _is_wanted(data: Mapping[str, Any], kinds: tuple[str, ...], identifier: str | None) -> bool:
    is_of_it = identifier in (None, data.get("modelIdentifier"))
    return is_of_it and data["type"].startswith(kinds)


def _last(asked: Mapping[str, Any]) -> int | None:
    """Read how much of the past is asked for; `None` is all that there is."""
    last = asked.get("last")
    if last is None:
        return None
    if isinstance(last, bool) or not isinstance(last, int) or last < 0:
        raise BadRequestError(f"'last' has to be a number of entries from 0 on, not {last!r:.100}.")
    return last


def _kinds(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Read of which kinds it is to be: a kind, or the beginning of some."""
    kinds = asked.get("kinds", [""])
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise BadRequestError(f"'kinds' has to be a list of texts, not {kinds!r:.100}.")
    return tuple(kinds)
