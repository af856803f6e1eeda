"""What a host streams besides loads: answers, downloads and its log."""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import lmstudio

from lms_jupyter.hosts import prediction, sdk_plans, sdk_private
from lms_jupyter.hosts.base import (
    Downloaded,
    DownloadStep,
    LogEntry,
    Offer,
    Past,
    remembers_its_log,
)
from lms_jupyter.hosts.channel import Channel, Parameters, open_channel
from lms_jupyter.hosts.download_plans import BY_PLAN
from lms_jupyter.hosts.prediction import (
    Message,
    Picture,
    PredictionEvent,
    PredictionStats,
    Sampling,
)
from lms_jupyter.hosts.reading import moment, noun, reads, rows, table, text, unreadable
from lms_jupyter.hosts.sdk_downloads import followed
from lms_jupyter.hosts.sdk_private import AsyncSession
from lms_jupyter.protocol.models import HostInfo


async def answer(
    llm: AsyncSession,
    files: AsyncSession,
    specifier: Mapping[str, Any],
    messages: Sequence[Message],
    sampling: Sampling,
) -> AsyncIterator[PredictionEvent]:
    """Continue a conversation; closing the iterator early stops the generation on the host."""
    pictures = {picture for message in messages for picture in message.pictures}
    sent = {picture: await _send(picture, files) for picture in pictures}
    parameters = {
        "modelSpecifier": dict(specifier),
        "history": prediction.history(messages, sent),
        "predictionConfigStack": prediction.stack(sampling),
    }
    async with open_channel(llm, "predict", parameters) as channel:
        ended = False
        try:
            async with aclosing(channel.packets()) as packets:  # type: ignore[type-var]
                async for packet in packets:
                    step = prediction.step(packet)
                    if step is not None:
                        ended = isinstance(step, PredictionStats)
                        yield step
                    if ended:
                        return
            raise unreadable("its answer", "it ends in the middle")
        except lmstudio.LMStudioServerError:
            ended = True
            raise
        finally:
            if not ended:
                await channel.call_off("cancel")


async def _send(picture: Picture, files: AsyncSession) -> dict[str, Any]:
    """Give a picture to the host, and return what a message says about it."""
    content = base64.b64encode(picture.content).decode()
    call: Any = files.remote_call
    reply = await call(
        "uploadFileBase64", Parameters({"name": picture.name, "contentBase64": content})
    )
    return _uploaded(reply)


@reads("a file that was sent")
def _uploaded(raw: Any) -> dict[str, Any]:
    return {name: table(raw)[name] for name in ("identifier", "sizeBytes", "fileType")}


@reads("what can be downloaded")
def names(raw: Any) -> tuple[str, ...]:
    """Read the answer of `searchModels`.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    found = (table(table(result)["identifier"]) for result in rows(table(raw).get("results", [])))
    return tuple(text(identifier["identifier"]) for identifier in found)


@reads("what can be downloaded")
def offers(raw: Any) -> tuple[Offer, ...]:
    """Read the answer of `getModelDownloadOptions`.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    return tuple(_offer(table(result)) for result in rows(table(raw).get("results", [])))


def _offer(raw: Mapping[str, Any]) -> Offer:
    fields = {
        "name": raw.get("name", ""),
        "download_id": raw["downloadIdentifier"],
        "size_bytes": raw.get("sizeBytes", 0),
        "quantization": raw.get("quantization"),
        "recommended": raw.get("recommended", False),
        "fits": raw.get("fitEstimation") != "willNotFit",
    }
    return noun(fields, Offer)


async def download_steps(repository: AsyncSession, wanted: Offer) -> AsyncIterator[DownloadStep]:
    """Fetch a file; closing the iterator early calls the download off on the host."""
    if wanted.download_id.startswith(BY_PLAN):
        async with aclosing(sdk_plans.carry_out(repository, wanted)) as steps:  # type: ignore[type-var]
            async for step in steps:
                yield step
        return
    parameters = {"downloadIdentifier": wanted.download_id}
    async with open_channel(repository, "downloadModel", parameters) as channel:
        steps = followed(channel, wanted, call_off="cancel", fetched=_fetched)
        async with aclosing(steps):  # type: ignore[type-var]
            async for step in steps:
                yield step


@reads("what it has downloaded")
def _fetched(packet: Mapping[str, Any]) -> Downloaded:
    return Downloaded(model_key=text(packet["defaultIdentifier"]))


async def log_entries(
    client: lmstudio.AsyncClient, host: HostInfo, past: Past | None
) -> AsyncIterator[LogEntry]:
    """Yield the host's log until the iterator is closed; see `Host.log`."""
    asked: dict[str, Any] = {}
    if past is not None and remembers_its_log(host):
        asked = {"last": past.last, "kinds": list(past.kinds)}
        if past.identifier is not None:
            asked["modelIdentifier"] = past.identifier
    session = sdk_private.new_session(client, "diagnostics")
    await session.connect()
    try:
        async with open_channel(session, "streamLogs", asked) as channel:
            if past is not None and not asked:
                past.caught_up()
            async with aclosing(entries(channel, past)) as stream:  # type: ignore[type-var]
                async for entry in stream:
                    yield entry
    finally:
        await session.disconnect()


async def entries(channel: Channel, past: Past | None = None) -> AsyncIterator[LogEntry]:
    """Read the packets of `streamLogs`; closing the iterator stops them."""
    async with aclosing(channel.packets()) as packets:  # type: ignore[type-var]
        try:
            async for packet in packets:
                if packet.get("type") == "log":
                    yield _entry(packet)
                elif packet.get("type") == "pastEnd" and past is not None:
                    past.caught_up()
        finally:
            await channel.call_off("stop")


@reads("what it logs")
def _entry(packet: Mapping[str, Any]) -> LogEntry:
    raw = table(packet["log"])
    data = table(raw.get("data") or {})
    content = next((data[n] for n in ("input", "output", "content", "message") if n in data), "")
    fields = {
        "at": moment(raw.get("timestamp", 0)),
        "kind": data.get("type", ""),
        "text": content if isinstance(content, str) else str(content),
        "level": data.get("level", "info"),
        "identifier": data.get("modelIdentifier"),
        "past": packet.get("past") is True,
    }
    return noun(fields, LogEntry)
