"""The namespace `system`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, NoVariantsError, UnsupportedError
from lms_jupyter.engine.routes import extensions
from lms_jupyter.engine.routes.connection import Channel, Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.version import VERSION
from lms_jupyter.engine.wire.fields import an_object, optional_text, text
from lms_jupyter.engine.wire.sdk import model_info

DEFAULT_PORT = 1234
PORTS = range(1, 65_536)

logger = logging.getLogger(__name__)


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    calls: dict[str, Callable[..., Any]] = {
        "listDownloadedModels": _list_downloaded,
        "listDownloadedModelVariants": _list_variants,
        "version": _version,
        "info": _info,
        "notify": _notify,
        "requestShutdown": _shut_down,
        "startHttpServer": _start_http,
        "stopHttpServer": _stop_http,
        "setExperimentFlag": _set_flag,
        "getExperimentFlags": _flags,
    }
    return Namespace(
        "system",
        {name: partial(call, services) for name, call in calls.items()} | extensions.rpcs(services),
        {"alive": _alive} | extensions.channels(services),
    )


async def _list_downloaded(services: Services, _caller: Caller, _parameter: Any) -> Any:
    problems = services.registry.template_problems
    models = await services.catalog.models()
    return [model_info(model, problems.of(model)) for model in models]


async def _list_variants(services: Services, _caller: Caller, parameter: Any) -> Any:
    model_key = text(an_object(parameter), "modelKey")
    variants = await services.catalog.variants(model_key)
    if not variants:
        raise NoVariantsError(model_key)
    problems = services.registry.template_problems
    return [model_info(model, problems.of(model)) for model in variants]


def _version(_services: Services, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    return {"version": VERSION, "build": 1}


def _info(_services: Services, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    return {"pid": os.getpid(), "isDaemon": True, "version": VERSION}


def _notify(_services: Services, _caller: Caller, parameter: Any) -> None:
    """Show a notice; the log is the only place that there is."""
    logger.info("notice: %s", text(an_object(parameter), "title"))


def _shut_down(services: Services, _caller: Caller, _parameter: Any) -> None:
    """Answer first, then end."""
    asyncio.get_running_loop().call_later(0.05, services.shut_down)


async def _start_http(services: Services, _caller: Caller, parameter: Any) -> None:
    """Listen on one more port; everything that the engine offers is there, too."""
    asked = an_object(parameter or {})
    port = asked.get("port") or DEFAULT_PORT
    if not isinstance(port, int) or port not in PORTS:
        raise BadRequestError(f"A port is from 1 to {PORTS[-1]}, not {port!r:.100}.")
    host = optional_text(asked, "networkInterface") or services.settings.host
    await services.listeners.open(host, port)


async def _stop_http(services: Services, _caller: Caller, _parameter: Any) -> None:
    await services.listeners.close()


def _set_flag(_services: Services, _caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError("This engine has no experiment flags.")


def _flags(_services: Services, _caller: Caller, _parameter: Any) -> list[str]:
    return []


async def _alive(_channel: Channel) -> None:
    """Stay open for as long as the engine lives; clients notice its end by the close."""
    await asyncio.Event().wait()
