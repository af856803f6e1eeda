"""The namespace `repository`: models that can be downloaded, and the link that is not there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lms_jupyter.engine.downloads.hub import DownloadOption
from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.routes import fetching
from lms_jupyter.engine.routes.connection import Namespace, refusing
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, optional_text, text
from lms_jupyter.engine.wire.staff_picks import is_exact, staff_picks

DEFAULT_RESULTS = 10
MAX_RESULTS = 25

_NOT_HERE = (
    "downloadArtifact",
    "ensureAuthenticated",
    "pushArtifact",
)
_NO_CALLS = (
    "deauthenticate",
    "getLocalArtifactFiles",
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
    "This engine downloads models by 'createDownloadPlan' or 'downloadModel'; it has no plugins, "
    "accounts or links, and no artifacts of its own."
)
_REFUSE = refusing(_REASON)


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    calls: dict[str, Callable[..., Any]] = {
        "lmLinkStatus": _link_status,
        "searchModels": _search,
        "getModelDownloadOptions": _options,
        "isAuthenticated": _is_authenticated,
        "getAuthenticationStatus": _authentication,
        "getModelCatalog": _catalog,
        "fuzzyFindStaffPicks": _staff_picks,
    }
    fetching_channels = {
        "downloadModel": fetching.download,
        "createDownloadPlan": fetching.plan,
        "createArtifactDownloadPlan": fetching.plan_artifact,
    }
    return Namespace(
        "repository",
        dict.fromkeys(_NO_CALLS, _refuse_call)
        | {name: partial(call, services) for name, call in calls.items()},
        {name: partial(channel, services) for name, channel in fetching_channels.items()}
        | dict.fromkeys(_NOT_HERE, _REFUSE),
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
    term, found = await _found(services, an_object(an_object(parameter).get("opts") or {}))
    results: list[dict[str, Any]] = [
        {"name": name, "identifier": {"type": "hf", "identifier": name}} for name in found
    ]
    for result in results:
        if is_exact(result["name"], term):
            result["exact"] = True
    return {"results": results}


async def _staff_picks(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Search the source: what is picked there, nobody here can say."""
    asked = dict(an_object(parameter or {}))
    if isinstance(asked.get("limit"), int):
        asked["limit"] = min(asked["limit"], MAX_RESULTS)
    term, found = await _found(services, asked)
    return {"results": staff_picks(found, term)}


async def _found(services: Services, asked: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return what is searched for, and what there is."""
    limit = asked.get("limit", DEFAULT_RESULTS)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_RESULTS:
        raise BadRequestError(f"'limit' has to be from 1 to {MAX_RESULTS}, not {limit!r:.100}.")
    term = optional_text(asked, "searchTerm") or ""
    if "gguf" not in (asked.get("compatibilityTypes") or ["gguf"]):
        return term, ()
    return term, await services.hub.search(term, limit)


def _catalog(_services: Services, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    """Say that the source has no catalog: its models are searched for."""
    return {"models": []}


async def _options(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    identifier = an_object(an_object(parameter).get("modelSearchResultIdentifier"))
    repository = text(identifier, "identifier")
    options = await services.hub.options(repository)
    return {"results": [await _option(services, option) for option in options]}


async def _option(services: Services, option: DownloadOption) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": option.files[0].path.removesuffix(".gguf"),
        "sizeBytes": option.size_bytes,
        "fitEstimation": await fetching.option_fits(services, option),
        "downloadIdentifier": option.identifier,
        "indexedModelIdentifier": f"{option.repository}/{option.files[0].path}",
        "compatibilityType": "gguf",
        "recommended": option.recommended,
    }
    if option.quantization:
        written["quantization"] = option.quantization
    return written
