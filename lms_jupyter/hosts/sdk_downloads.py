"""Follows a download on a host to its end, whichever channel it goes over."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import lmstudio

from lms_jupyter.errors import DownloadFailedError
from lms_jupyter.hosts.base import Downloaded, Downloading, DownloadStep, Offer
from lms_jupyter.hosts.channel import Channel
from lms_jupyter.hosts.reading import noun, reads
from lms_jupyter.hosts.sdk_errors import reason_and_hint

Packet = Mapping[str, Any]


async def _nothing(_packet: Packet) -> None:
    """Pass over a packet."""


async def followed(
    channel: Channel,
    wanted: Offer,
    *,
    call_off: str,
    fetched: Callable[[Packet], Downloaded],
    other: Callable[[Packet], Awaitable[None]] = _nothing,
) -> AsyncIterator[DownloadStep]:
    """Yield how far a download is, then what it has brought; closing this early calls it off.

    Args:
        channel: Where the host tells it.
        wanted: What is fetched.
        call_off: What is sent to call it off.
        fetched: Reads the packet that says that it is done.
        other: Gets each packet that is neither progress nor success.

    Raises:
        DownloadFailedError: It could not be fetched.
    """
    has_ended = False
    try:
        async for packet in channel.packets():
            match packet:
                case {"type": "downloadProgress", "update": dict(update)}:
                    yield _moved(update, wanted)
                case {"type": "success"}:
                    has_ended = True
                    yield fetched(packet)
                    return
                case _:
                    await other(packet)
    except lmstudio.LMStudioServerError as error:
        has_ended = True
        reason, hint = reason_and_hint(error)
        raise DownloadFailedError(
            f"{wanted.name} could not be fetched: {reason}", hint=hint
        ) from error
    finally:
        if not has_ended:
            await channel.call_off(call_off)
    raise DownloadFailedError(f"The host broke off fetching {wanted.name} without a reason.")


@reads("how far a download is")
def _moved(raw: Packet, wanted: Offer) -> Downloading:
    fields = {
        "downloaded_bytes": raw.get("downloadedBytes", 0),
        "total_bytes": raw.get("totalBytes", wanted.size_bytes),
        "bytes_per_second": raw.get("speedBytesPerSecond", 0),
    }
    return noun(fields, Downloading)
