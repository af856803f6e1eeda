"""LM Studio's older REST paths, `/api/v0/…`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from aiohttp import web

from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.routes import openai
from lms_jupyter.engine.routes.answers import EventFilter
from lms_jupyter.engine.routes.http import (
    Handler,
    add_route,
    answering,
    read_object,
    reply,
    unknown_path,
)
from lms_jupyter.engine.routes.passthrough import Target, as_it_is, forward
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.rest_v0 import WithFigures, model_entry

_TARGETS: Final = {
    "/api/v0/chat/completions": openai.CHAT,
    "/api/v0/completions": openai.COMPLETION,
}


def add_routes(application: web.Application, services: Services) -> None:
    """Add the paths."""

    def add(method: str, path: str, handler: Handler) -> None:
        answer = answering(services, openai.STYLE, handler)
        add_route(application, method, path, answer)

    add("GET", "/api/v0/models", partial(_models, services))
    add("GET", "/api/v0/models/{name:.+}", partial(_model, services))
    for path, target in _TARGETS.items():
        add("POST", path, partial(_pass, services, target))
    add("POST", "/api/v0/embeddings", partial(_embed, services))
    add("*", "/api/v0/{rest:.*}", unknown_path(openai.STYLE))


async def _models(services: Services, _request: web.Request) -> web.Response:
    loaded = {instance.model.model_key for instance in services.registry.instances}
    models = await services.catalog.models()
    entries = [model_entry(model, is_loaded=model.model_key in loaded) for model in models]
    return reply({"object": "list", "data": entries})


async def _model(services: Services, request: web.Request) -> web.Response:
    model = await services.loader.model(request.match_info["name"])
    loaded = {instance.model.model_key for instance in services.registry.instances}
    return reply(model_entry(model, is_loaded=model.model_key in loaded))


async def _pass(services: Services, target: Target, request: web.Request) -> web.StreamResponse:
    body = await read_object(request)
    limits = (body.get("max_completion_tokens"), body.get("max_tokens"))
    limit = next((limit for limit in limits if isinstance(limit, int) and limit >= 0), None)

    def figured_event(instance: Instance) -> EventFilter:
        complete = target.on_event(instance) if target.on_event else as_it_is
        return WithFigures(instance, limit, complete).event

    figured = replace(
        target,
        on_answer=lambda instance: WithFigures(instance, limit).answer,
        on_event=figured_event,
    )
    return await forward(services, request, body, figured)


async def _embed(services: Services, request: web.Request) -> web.StreamResponse:
    return await forward(services, request, await read_object(request), openai.EMBEDDINGS)
