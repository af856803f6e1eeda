"""OpenAI's paths, `/v1/…`. llama.cpp speaks the format; we find, load and count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.library.names import spelled
from lms_jupyter.engine.prediction.conversations import Conversations
from lms_jupyter.engine.routes.answers import EventFilter
from lms_jupyter.engine.routes.http import (
    Handler,
    Style,
    add_route,
    answering,
    read_object,
    reply,
    unknown_path,
)
from lms_jupyter.engine.routes.passthrough import Target, forward
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire import openai, requests
from lms_jupyter.engine.wire.completion_logprobs import CompletionLogprobs
from lms_jupyter.engine.wire.fields import optional_text
from lms_jupyter.engine.wire.forms import Form, take_form
from lms_jupyter.engine.wire.parts import ChatParts, ResponseParts
from lms_jupyter.engine.wire.requests import check
from lms_jupyter.engine.wire.response_chat import (
    ResponseOfChat,
    chat_request,
    wants_probabilities,
)
from lms_jupyter.engine.wire.response_items import settle_items
from lms_jupyter.engine.wire.tool_choice import settle_openai
from lms_jupyter.engine.wire.unsupported import refuse_unsupported

STYLE: Final = Style(openai.error_body, openai.error_event)


def _settled(body: dict[str, Any]) -> Form | None:
    """Settle which tools may be called, and what form the answer has to have."""
    settle_openai(body)
    return take_form(body)


def _parts(body: Mapping[str, Any], *, is_chat: bool) -> ChatParts:
    tells_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    return ChatParts(is_chat=is_chat, tells_usage=tells_usage)


CHAT: Final = Target(
    path="/v1/chat/completions",
    style=STYLE,
    request=requests.Chat,
    settle=_settled,
    parts=partial(_parts, is_chat=True),
    on_event=lambda _instance: openai.ChatEvents().complete,
)
COMPLETION: Final = Target(
    path="/v1/completions",
    style=STYLE,
    request=requests.Completion,
    settle=take_form,
    parts=partial(_parts, is_chat=False),
    on_answer=lambda _instance: CompletionLogprobs().whole,
    on_event=lambda _instance: CompletionLogprobs().complete,
)
EMBEDDINGS: Final = Target(
    path="/v1/embeddings", style=STYLE, request=requests.Embedding, domain="embedding"
)


def add_routes(application: web.Application, services: Services) -> None:
    """Add the paths below `/v1`; what Anthropic has there must be added before."""

    def add(method: str, path: str, handler: Handler) -> None:
        add_route(application, method, path, answering(services, STYLE, handler))

    add("GET", "/v1/models", partial(_models, services))
    add("GET", "/v1/models/{name:.+}", partial(_model, services))
    add("POST", "/v1/chat/completions", partial(_pass, services, CHAT))
    add("POST", "/v1/completions", partial(_pass, services, COMPLETION))
    add("POST", "/v1/embeddings", partial(_pass, services, EMBEDDINGS))
    add("POST", "/v1/responses", partial(_respond, services, Conversations()))
    add("*", "/v1/{rest:.*}", unknown_path(STYLE))


async def _models(services: Services, _request: web.Request) -> web.Response:
    models = await services.catalog.models()
    loaded = [instance.identifier for instance in services.registry.instances]
    return reply(openai.model_list(models, loaded))


async def _model(services: Services, request: web.Request) -> web.Response:
    name = request.match_info["name"]
    for instance in services.registry.instances:
        if spelled(instance.identifier) == spelled(name):
            return reply(openai.model_entry(instance.identifier, instance.model.publisher))
    model = await services.loader.model(name)
    return reply(openai.model_entry(model.model_key, model.publisher))


async def _pass(services: Services, target: Target, request: web.Request) -> web.StreamResponse:
    return await forward(services, request, await read_object(request), target)


async def _respond(
    services: Services, conversations: Conversations, request: web.Request
) -> web.StreamResponse:
    """`/v1/responses`: llama.cpp keeps no responses, so what came before is repeated for it."""
    body = await read_object(request)
    asked = openai.echo(body)
    store = body.pop("store", None)
    if store not in (None, True, False):
        raise BadRequestError(f"'store' has to be true or false, not {store!r:.100}.")
    items = conversations.recall(optional_text(body, "previous_response_id"))
    body.pop("previous_response_id", None)
    items += settle_items(openai.input_items(body))
    body["input"] = items
    remember = _forget if store is False else partial(_remember, conversations, items)
    finish = partial(_finished, asked, remember)
    if wants_probabilities(body):
        check(body, requests.Response)
        refuse_unsupported(body, "/v1/responses")
        writer = ResponseOfChat(body.get("top_logprobs") or 0)
        target = replace(
            CHAT,
            on_answer=lambda instance: lambda answer: finish(instance, writer.whole(answer)),
            on_event=lambda instance: _through(
                writer.complete, openai.ResponseEvents(instance, asked, remember).complete
            ),
        )
        return await forward(services, request, chat_request(body), target)
    target = Target(
        path="/v1/responses",
        style=STYLE,
        request=requests.Response,
        settle=_settled,
        parts=lambda _body: ResponseParts(),
        on_answer=lambda instance: partial(finish, instance),
        on_event=lambda instance: openai.ResponseEvents(instance, asked, remember).complete,
    )
    return await forward(services, request, body, target)


def _through(first: EventFilter, second: EventFilter) -> EventFilter:
    return lambda event: [last for part in first(event) for last in second(part)]


def _finished(
    asked: Mapping[str, Any],
    remember: Callable[[Mapping[str, Any]], None],
    instance: Instance,
    answer: Mapping[str, Any],
) -> dict[str, Any]:
    response = openai.whole_response(answer, instance, asked)
    remember(response)
    return response


def _remember(conversations: Conversations, items: list[Any], response: Mapping[str, Any]) -> None:
    conversations.remember(
        openai.kept_items([*items, *response["output"]]), str(response.get("id", ""))
    )


def _forget(_response: Mapping[str, Any]) -> None:
    """Do not keep the response: the client asked for that."""
