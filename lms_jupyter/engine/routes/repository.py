"""The namespace `repository`: models that can be downloaded, and the link that is not there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lms_jupyter.engine import machine
from lms_jupyter.engine.downloads import Job, JobState
from lms_jupyter.engine.errors import BadRequestError, DownloadFailedError, UnsupportedError
from lms_jupyter.engine.hub import DownloadOption
from lms_jupyter.engine.routes.connection import Channel, Namespace, refusing
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, optional_text, text

DEFAULT_RESULTS = 10
MAX_RESULTS = 25

_NOT_HERE = (
    "createArtifactDownloadPlan",
    "createDownloadPlan",
    "downloadArtifact",
    "ensureAuthenticated",
    "pushArtifact",
)
_NO_CALLS = (
    "deauthenticate",
    "fuzzyFindStaffPicks",
    "getAuthenticationStatus",
    "getLocalArtifactFiles",
    "getModelCatalog",
    "getWritableArtifactOwners",
    "installLocalPlugin",
    "installPluginDependencies",
    "lmLinkSetDisabled",
    "lmLinkSetPreferredDevice",
    "lmLinkUpdateDeviceName",
    "loginAsComputeDevice",
    "loginWithPreAuthenticatedKeys",
)
_REASON = (
    "This engine downloads models by 'searchModels', 'getModelDownloadOptions' and "
    "'downloadModel'; it has no artifacts, plugins, accounts or links."
)
_REFUSE = refusing(_REASON)


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    calls: dict[str, Callable[..., Any]] = {
        "lmLinkStatus": _link_status,
        "searchModels": _search,
        "getModelDownloadOptions": _options,
        "isAuthenticated": _is_authenticated,
    }
    return Namespace(
        "repository",
        dict.fromkeys(_NO_CALLS, _refuse_call)
        | {name: partial(call, services) for name, call in calls.items()},
        {"downloadModel": partial(_download, services)} | dict.fromkeys(_NOT_HERE, _REFUSE),
    )


def _refuse_call(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError(_REASON)


def _link_status(_services: Services, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    """Say that there is no link to other machines; the `lms` command asks for it first of all."""
    return {
        "status": "offline",
        "issues": ["deviceDisabled"],
        "peers": [],
        "deviceIdentifier": None,
        "deviceName": socket.gethostname(),
    }


def _is_authenticated(_services: Services, _caller: Caller, _parameter: Any) -> dict[str, bool]:
    """Say that nobody is logged in anywhere."""
    return {"authenticated": False}


def _authentication(_services: Services, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    return {"authenticationStatus": {"type": "none"}}


async def _search(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    asked = an_object(an_object(parameter).get("opts") or {})
    limit = asked.get("limit", DEFAULT_RESULTS)
    if not isinstance(limit, int) or not 1 <= limit <= MAX_RESULTS:
        raise BadRequestError(f"'limit' has to be from 1 to {MAX_RESULTS}, not {limit!r:.100}.")
    term = optional_text(asked, "searchTerm") or ""
    found = await services.hub.search(term, limit)
    return {
        "results": [
            {"name": name, "identifier": {"type": "hf", "identifier": name}} for name in found
        ]
    }


async def _options(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    identifier = an_object(an_object(parameter).get("modelSearchResultIdentifier"))
    repository = text(identifier, "identifier")
    options = await services.hub.options(repository)
    return {"results": [_option(option) for option in options]}


def _option(option: DownloadOption) -> dict[str, Any]:
    available = machine.memory().available_bytes
    fits = "fitWithoutGPU" if option.size_bytes < available else "willNotFit"
    written: dict[str, Any] = {
        "name": option.files[0].path.removesuffix(".gguf"),
        "sizeBytes": option.size_bytes,
        "fitEstimation": fits,
        "downloadIdentifier": option.identifier,
        "indexedModelIdentifier": f"{option.repository}/{option.files[0].path}",
        "compatibilityType": "gguf",
        "recommended": option.recommended,
    }
    if option.quantization:
        written["quantization"] = option.quantization
    return written


async def _download(services: Services, channel: Channel) -> None:
    """`downloadModel`: the job goes on without the client, but not against its will."""
    identifier = text(an_object(channel.parameter), "downloadIdentifier")
    downloads = services.downloads
    job = await downloads.start(identifier)
    finalizing = False
    async with channel.interrupted_by("cancel") as scope:
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
    channel.send({"type": "success", "defaultIdentifier": await _key(services, job)})


def _update(job: Job) -> Mapping[str, Any]:
    return {
        "downloadedBytes": job.downloaded_bytes,
        "totalBytes": job.total_bytes,
        "speedBytesPerSecond": job.bytes_per_second,
    }


async def _key(services: Services, job: Job) -> str:
    """Return the key by which the downloaded model can be loaded."""
    return (await services.catalog.resolve(job.path)).model_key
