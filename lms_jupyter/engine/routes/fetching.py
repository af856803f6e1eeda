"""The channels of `repository` that fetch a model: with a plan before it, and without."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lms_jupyter.engine import machine
from lms_jupyter.engine.downloads.downloads import RUNNING, Job, JobState
from lms_jupyter.engine.downloads.fit import Fit, fit
from lms_jupyter.engine.downloads.hub import DownloadOption
from lms_jupyter.engine.downloads.plan import (
    Availability,
    Choice,
    DownloadPlan,
    preferences,
    select,
)
from lms_jupyter.engine.errors import (
    BadRequestError,
    DownloadFailedError,
    PathNotFoundError,
    UnsupportedError,
)
from lms_jupyter.engine.routes.connection import Channel
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.download_plan import plan_info
from lms_jupyter.engine.wire.fields import an_object, text

MOST_RESULTS = 25


async def download(services: Services, channel: Channel) -> None:
    """`downloadModel`: the job goes on without the client, but not against its will."""
    identifier = text(an_object(channel.parameter), "downloadIdentifier")
    job = await _follow(services, channel, identifier, "cancel")
    key = (await services.catalog.resolve(job.path)).model_key
    channel.send({"type": "success", "defaultIdentifier": key})


async def plan(services: Services, channel: Channel) -> None:
    """`createDownloadPlan`: show what there is and what would be fetched, and fetch it if asked to.

    LM Studio's hub has artifacts; to this engine's source, one is a repository of the same name in
    any case of letters, with or without `-GGUF` at its end.
    """
    asked = an_object(channel.parameter)
    options = an_object(asked.get("opts") or {})
    wanted = preferences(options)
    if "gguf" not in (options.get("compatibilityTypes") or ["gguf"]):
        raise UnsupportedError("This engine runs GGUF files alone.")
    known = _begun(an_object(asked.get("target")))
    _show(channel, "planUpdated", known)
    repository = await _repository(services, known)
    found = await services.hub.options(repository)
    if not found:
        raise DownloadFailedError(f"{repository} has no GGUF files.")
    choices = tuple([await _choice(services, option) for option in found])
    known = replace(
        known,
        label=repository,
        choices=choices,
        selected=select(choices, wanted),
        version=known.version + 1,
    )
    _show(channel, "planReady", known)
    await _decided(services, channel, known)


async def plan_artifact(services: Services, channel: Channel) -> None:
    """`createArtifactDownloadPlan`: the same as older clients ask for it."""
    asked = an_object(channel.parameter)
    channel.parameter = {"target": {"type": "artifact", **asked}}
    await plan(services, channel)


async def option_fits(services: Services, option: DownloadOption) -> Fit:
    """Say whether a model would fit into memory now, and into that of GPUs."""
    gpus = [gpu for gpu in await services.gpus.look() if not gpu.is_unified]
    return fit(
        option.size_bytes,
        main_bytes=machine.memory().available_bytes,
        gpu_bytes=sum(gpu.free_bytes for gpu in gpus),
    )


async def _decided(services: Services, channel: Channel, known: DownloadPlan) -> None:
    """Change the plan as the client says, until it is to be carried out or given up."""
    while True:
        message = await channel.next()
        match message:
            case {"type": "setSelectedDownloadOptionIndex"}:
                known = _changed(known, message)
                _show(channel, "planUpdated", known)
            case {"type": "commit"}:
                break
            case {"type": "cancelPlan" | "cancel" | "cancelDownload"}:
                return
            case _:
                raise BadRequestError(f"A plan is not told {message.get('type')!r:.100}.")
    if known.chosen is not None:
        await _follow(services, channel, known.chosen.option.identifier, "cancelDownload", "cancel")
    channel.send({"type": "success"})


async def _follow(services: Services, channel: Channel, identifier: str, *cancels: str) -> Job:
    """Start a download, or join it, and tell how it goes until it is there."""
    downloads = services.downloads
    job = await downloads.start(identifier)
    finalizing = False
    async with channel.interrupted_by(*cancels) as scope:
        async for now in downloads.watch(job):
            channel.send({"type": "downloadProgress", "update": _update(now)})
            if now.state is JobState.CHECKING and not finalizing:
                finalizing = True
                channel.send({"type": "startFinalizing"})
            await channel.room()
    if scope.expired():
        await downloads.cancel(job.job_id)
        raise DownloadFailedError(f"The download of {identifier!r} was cancelled.")
    if job.error is not None:
        raise job.error
    if job.state is JobState.CANCELLED:
        raise DownloadFailedError(f"The download of {identifier!r} was cancelled by somebody else.")
    if not finalizing:
        channel.send({"type": "startFinalizing"})
    return job


def _update(job: Job) -> Mapping[str, Any]:
    return {
        "downloadedBytes": job.downloaded_bytes,
        "totalBytes": job.total_bytes,
        "speedBytesPerSecond": job.bytes_per_second,
    }


def _begun(target: Mapping[str, Any]) -> DownloadPlan:
    """Read what is to be planned."""
    match target.get("type"):
        case "artifact":
            owner, name = text(target, "owner"), text(target, "name")
            return DownloadPlan(artifact=(owner, name), label=f"{owner}/{name}")
        case "model":
            source = an_object(target.get("source"))
            if source.get("type") != "huggingface":
                raise UnsupportedError(
                    f"This engine has no source {source.get('type')!r:.100}, only 'huggingface'."
                )
            return DownloadPlan(label=f"{text(source, 'user')}/{text(source, 'repo')}")
        case other:
            raise BadRequestError(
                f"The target of a plan is an 'artifact' or a 'model', not {other!r:.100}."
            )


async def _repository(services: Services, known: DownloadPlan) -> str:
    """Return what the source calls the repository that is meant."""
    if known.artifact is None:
        return known.label
    wanted = known.label.casefold().removesuffix("-gguf")
    found = await services.hub.search(wanted, MOST_RESULTS)
    for name in (known.label.casefold(), wanted, f"{wanted}-gguf"):
        for repository in found:
            if repository.casefold() == name:
                return repository
    for repository in (known.label, f"{wanted}-GGUF"):
        # A search has an end, and what is asked for may lie behind it.
        with contextlib.suppress(PathNotFoundError):
            await services.hub.options(repository)
            return repository
    raise DownloadFailedError(
        f"{services.hub.endpoint} has no model {known.label!r}.",
        hint=f"It has {', '.join(found[:5])}." if found else "Name it as publisher/repository.",
    )


async def _choice(services: Services, option: DownloadOption) -> Choice:
    """Find out how much of an option there is."""
    availability: Availability = "notDownloaded"
    key = job_id = ""
    try:
        path = f"{option.repository}/{option.files[0].path}"
        model = await services.catalog.resolve(path)
    except PathNotFoundError:
        pass
    else:
        if model.vision or not option.has_projector:
            availability, key = "downloaded", model.model_key
    for job in services.downloads.jobs:
        if job.option.identifier == option.identifier and job.state in RUNNING:
            availability, job_id = "downloading", job.job_id
    return Choice(
        option=option,
        availability=availability,
        model_key=key,
        job_id=job_id,
        fits=await option_fits(services, option),
    )


def _changed(known: DownloadPlan, message: Mapping[str, Any]) -> DownloadPlan:
    """Choose another option; the version that the client waits for is reached with it."""
    selected, wanted = (
        message.get("selectedDownloadOptionIndex"),
        message.get("requestedPlanVersion"),
    )
    if selected is not None and (isinstance(selected, bool) or not isinstance(selected, int)):
        raise BadRequestError(f"An option is chosen by its number, not by {selected!r:.100}.")
    if message.get("nodeIndex") != int(known.artifact is not None):
        raise BadRequestError(
            f"The node {message.get('nodeIndex')!r:.100} of this plan has no options."
        )
    known.check(selected)
    version = wanted if isinstance(wanted, int) else 0
    return replace(known, selected=selected, version=max(version, known.version + 1))


def _show(channel: Channel, kind: str, known: DownloadPlan) -> None:
    channel.send({"type": kind, "plan": plan_info(known)})
