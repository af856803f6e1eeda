"""The namespace `system`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from lms_jupyter.engine.routes import extensions
from lms_jupyter.engine.routes.connection import Channel, Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.version import VERSION
from lms_jupyter.engine.wire.fields import an_object, text
from lms_jupyter.engine.wire.sdk import model_info

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
    }
    return Namespace(
        "system",
        {name: partial(call, services) for name, call in calls.items()} | extensions.rpcs(services),
        {"alive": _alive} | extensions.channels(services),
    )


async def _list_downloaded(services: Services, _caller: Caller, _parameter: Any) -> Any:
    return [model_info(model) for model in await services.catalog.models()]


async def _list_variants(services: Services, _caller: Caller, parameter: Any) -> Any:
    model_key = text(an_object(parameter), "modelKey")
    return [model_info(model) for model in await services.catalog.variants(model_key)]


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


async def _alive(_channel: Channel) -> None:
    """Stay open for as long as the engine lives; clients notice its end by the close."""
    await asyncio.Event().wait()
