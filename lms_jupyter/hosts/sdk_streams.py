"""What a host streams besides loads: answers, downloads and its log."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import lmstudio
from lmstudio.async_api import _AsyncSession

from lms_jupyter.errors import DownloadFailedError
from lms_jupyter.hosts import talk
from lms_jupyter.hosts.base import (
    Downloaded,
    Downloading,
    DownloadStep,
    LogEntry,
    Offer,
    Past,
    remembers_its_log,
)
from lms_jupyter.hosts.channel import Parameters, open_channel
from lms_jupyter.hosts.talk import Message, Picture, Sampling, TalkStep, Told
from lms_jupyter.protocol.models import HostInfo


class Diagnostics(_AsyncSession):
    """The host's log; the SDK has no session for it."""

    API_NAMESPACE = "diagnostics"


async def answer(
    llm: _AsyncSession,
    files: _AsyncSession,
    identifier: str,
    messages: Sequence[Message],
    sampling: Sampling,
) -> AsyncIterator[TalkStep]:
    """Continue a conversation; closing the iterator early stops the generation on the host."""
    pictures = {picture for message in messages for picture in message.pictures}
    sent = {picture: await _send(picture, files) for picture in pictures}
    parameters = {
        "modelSpecifier": {"type": "query", "query": {"identifier": identifier}},
        "history": talk.history(messages, sent),
        "predictionConfigStack": talk.stack(sampling),
    }
    async with open_channel(llm, "predict", parameters) as channel:
        ended = False
        try:
            async with aclosing(channel.packets()) as packets:  # type: ignore[type-var]
                async for packet in packets:
                    step = talk.step(packet)
                    if step is not None:
                        ended = isinstance(step, Told)
                        yield step
                    if ended:
                        return
        except lmstudio.LMStudioServerError:
            ended = True
            raise
        finally:
            if not ended:
                await channel.call_off("cancel")


async def _send(picture: Picture, files: _AsyncSession) -> dict[str, Any]:
    """Give a picture to the host, and return what a message says about it."""
    content = base64.b64encode(picture.content).decode()
    call: Any = files.remote_call
    told = await call(
        "uploadFileBase64", Parameters({"name": picture.name, "contentBase64": content})
    )
    return {name: told[name] for name in ("identifier", "sizeBytes", "fileType")}


def offer(raw: dict[str, Any]) -> Offer:
    """Read one entry of `getModelDownloadOptions`."""
    return Offer(
        name=str(raw.get("name", "")),
        download_id=str(raw["downloadIdentifier"]),
        size_bytes=int(raw.get("sizeBytes", 0)),
        quantization=raw.get("quantization"),
        recommended=bool(raw.get("recommended", False)),
        fits=raw.get("fitEstimation") != "willNotFit",
    )


async def download_steps(repository: _AsyncSession, wanted: Offer) -> AsyncIterator[DownloadStep]:
    """Fetch a file; closing the iterator early calls the download off on the host."""
    parameters = {"downloadIdentifier": wanted.download_id}
    async with open_channel(repository, "downloadModel", parameters) as channel:
        ended = False
        try:
            async for packet in channel.packets():
                match packet:
                    case {"type": "downloadProgress", "update": dict(update)}:
                        yield Downloading(
                            downloaded_bytes=int(update.get("downloadedBytes", 0)),
                            total_bytes=int(update.get("totalBytes", wanted.size_bytes)),
                            bytes_per_second=float(update.get("speedBytesPerSecond", 0)),
                        )
                    case {"type": "success", "defaultIdentifier": str(key)}:
                        ended = True
                        yield Downloaded(model_key=key)
                        return
                    case _:
                        continue
        except lmstudio.LMStudioServerError as error:
            ended = True
            raise DownloadFailedError(
                f"{wanted.name} could not be fetched: {str(error).strip()}"
            ) from error
        finally:
            if not ended:
                await channel.call_off("cancel")
    raise DownloadFailedError(f"The host broke off fetching {wanted.name} without a reason.")


async def log_entries(
    client: lmstudio.AsyncClient, host: HostInfo, past: Past | None
) -> AsyncIterator[LogEntry]:
    """Yield the host's log until the iterator is closed; see `Host.log`."""
    asked: dict[str, Any] = {}
    if past is not None and remembers_its_log(host):
        asked = {"last": past.last, "kinds": list(past.kinds)}
    session = Diagnostics(client)
    await session.connect()
    try:
        async with open_channel(session, "streamLogs", asked) as channel:
            if past is not None and not asked:
                past.caught_up()
            async with aclosing(channel.packets()) as packets:  # type: ignore[type-var]
                try:
                    async for packet in packets:
                        if packet.get("type") == "log":
                            yield _entry(packet["log"], past=packet.get("past") is True)
                        elif packet.get("type") == "pastEnd" and past is not None:
                            past.caught_up()
                finally:
                    await channel.call_off("stop")
    finally:
        await session.disconnect()


def _entry(raw: dict[str, Any], *, past: bool) -> LogEntry:
    data = raw.get("data") or {}
    text = next((data[n] for n in ("input", "output", "content", "message") if n in data), "")
    return LogEntry(
        at=float(raw.get("timestamp", 0)) / 1000,
        kind=str(data.get("type", "")),
        text=str(text),
        level=str(data.get("level", "info")),
        identifier=data.get("modelIdentifier"),
        past=past,
    )
