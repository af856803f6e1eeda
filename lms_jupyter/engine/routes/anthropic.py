"""Anthropic's path, `/v1/messages`, which llama.cpp speaks, too."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.routes.http import Style, answering, read_object
from lms_jupyter.engine.routes.passthrough import Target, forward
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire import anthropic, requests
from lms_jupyter.engine.wire.blocks import settle_blocks
from lms_jupyter.engine.wire.forms import refuse_form
from lms_jupyter.engine.wire.parts import MessageParts
from lms_jupyter.engine.wire.tool_choice import settle_anthropic

STYLE: Final = Style(anthropic.error_body, anthropic.error_event)


def _settled(body: dict[str, Any]) -> None:
    """Settle what is told, and which tools may be called; no form of the answer can be had."""
    settle_blocks(body)
    settle_anthropic(body)
    refuse_form(body)


MESSAGES: Final = Target(
    path="/v1/messages",
    style=STYLE,
    request=requests.AnthropicMessage,
    settle=_settled,
    parts=lambda body: MessageParts(str(body["model"])),
    on_answer=lambda _instance: anthropic.whole_message,
    on_event=lambda instance: anthropic.MessageEvents(instance.identifier).complete,
)
COUNT_TOKENS: Final = Target(
    path="/v1/messages/count_tokens",
    style=STYLE,
    request=requests.AnthropicMessage,
    settle=_settled,
)


def add_routes(application: web.Application, services: Services) -> None:
    """Add the paths."""
    for target in (MESSAGES, COUNT_TOKENS):
        handler = answering(services, STYLE, partial(_pass, services, target))
        application.router.add_post(target.path, handler)


async def _pass(services: Services, target: Target, request: web.Request) -> web.StreamResponse:
    body = await read_object(request)
    if not isinstance(body.get("messages"), list):
        raise BadRequestError("'messages' has to be a list of messages.")
    return await forward(services, request, body, target)
