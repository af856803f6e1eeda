"""LM Studio's REST paths, `/api/v1/…`: models, loads and downloads. The chat is in `chat_v1`."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Final

from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.instances.loader import LoadRequest
from lms_jupyter.engine.instances.selection import Query, select
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.prediction.conversations import Conversations
from lms_jupyter.engine.routes.chat_v1 import chat
from lms_jupyter.engine.routes.http import (
    Handler,
    Style,
    add_route,
    answering,
    is_connected,
    read_object,
    reply,
    unknown_path,
)
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.settings import MOST_DOWNLOADS
from lms_jupyter.engine.wire import rest_v1
from lms_jupyter.engine.wire.fields import optional_flag, optional_number, optional_text, text
from lms_jupyter.engine.wire.virtual_models import settings_above

STYLE: Final = Style(rest_v1.error_body, rest_v1.error_event)


def add_routes(application: web.Application, services: Services) -> None:
    """Add the paths. Those to pause, resume, cancel and limit downloads are ours."""

    def add(method: str, path: str, handler: Handler) -> None:
        answer = answering(services, STYLE, handler)
        add_route(application, method, f"/api/v1{path}", answer)

    add("GET", "/models", partial(_models, services))
    add("POST", "/models/load", partial(_load, services))
    add("POST", "/models/unload", partial(_unload, services))
    add("POST", "/models/download", partial(_download, services))
    add("GET", "/models/download/status", partial(_jobs, services))
    add("GET", "/models/download/status/{job_id}", partial(_job, services))
    add("POST", "/models/download/limits", partial(_limits, services))
    for change in ("pause", "resume", "cancel"):
        add("POST", f"/models/download/{change}/{{job_id}}", partial(_change, services, change))
    add("POST", "/chat", partial(chat, services, Conversations()))
    add("*", "/{rest:.*}", unknown_path(STYLE))


async def _models(services: Services, _request: web.Request) -> web.Response:
    entries: list[dict[str, Any]] = []
    for model in await services.catalog.models():
        names = {model.model_key, *model.variants}
        instances = [i for i in services.registry.instances if i.model.model_key in names]
        entries.append(rest_v1.model_entry(model, instances))
    return reply({"models": entries})


async def _load(services: Services, request: web.Request) -> web.Response:
    """Load a new instance, and answer when it is there."""
    body = await read_object(request)
    wanted = LoadRequest(
        name=text(body, "model"),
        settings=(settings := rest_v1.load_settings(body)),
        above=settings_above(settings),
        owner="rest",
    )
    echo = optional_flag(body, "echo_load_config")
    started = time.monotonic()
    begun = await services.loader.load(wanted)
    async with services.registry.waiting(begun.instance, owns=True):
        instance = await begun.instance.settled()
    if not is_connected(request):
        # Nobody waits for it any more, and nobody would know its name.
        await services.registry.unload(instance, "abandoned")
    answer: dict[str, Any] = {
        "type": instance.domain,
        "instance_id": instance.identifier,
        "load_time_seconds": time.monotonic() - started,
        "status": "loaded",
    }
    if echo:
        answer["load_config"] = rest_v1.load_config(instance)
    return reply(answer)


async def _unload(services: Services, request: web.Request) -> web.Response:
    query = Query(identifier=text(await read_object(request), "instance_id"))
    instance = select(services.registry.instances, query, None, sole=True)
    using.get().check_ending(instance.identifier, instance.plan.user)
    await services.registry.unload(instance)
    return reply({"instance_id": instance.identifier})


async def _download(services: Services, request: web.Request) -> web.Response:
    body = await read_object(request)
    job = await services.downloads.start(
        text(body, "model"),
        optional_text(body, "quantization"),
        bytes_per_second=optional_number(body, "max_bytes_per_second"),
    )
    return reply(rest_v1.started_entry(job))


async def _limits(services: Services, request: web.Request) -> web.Response:
    """Change how many downloads go on at once, and how fast all of them may be together."""
    body = await read_object(request)
    at_once = optional_number(body, "at_once")
    if at_once is not None and (at_once != int(at_once) or not 1 <= at_once <= MOST_DOWNLOADS):
        raise BadRequestError(f"'at_once' has to be a whole number from 1 to {MOST_DOWNLOADS}.")
    downloads = services.downloads
    downloads.limit(
        at_once=None if at_once is None else int(at_once),
        bytes_per_second=optional_number(body, "max_bytes_per_second"),
    )
    rate = downloads.rate.bytes_per_second
    return reply({"at_once": downloads.at_once, "max_bytes_per_second": rate})


async def _jobs(services: Services, _request: web.Request) -> web.Response:
    return reply(rest_v1.job_lists(services.downloads.jobs))


async def _job(services: Services, request: web.Request) -> web.Response:
    return reply(rest_v1.job_entry(services.downloads.job(request.match_info["job_id"])))


async def _change(services: Services, change: str, request: web.Request) -> web.Response:
    """Pause, resume or cancel a download."""
    job_id, downloads = request.match_info["job_id"], services.downloads
    if change == "resume":
        return reply(rest_v1.job_entry(downloads.resume(job_id)))
    act = downloads.pause if change == "pause" else downloads.cancel
    return reply(rest_v1.job_entry(await act(job_id)))
