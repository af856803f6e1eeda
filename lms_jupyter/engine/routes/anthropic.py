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
from lms_jupyter.engine.wire.forms import Form, take_message_form
from lms_jupyter.engine.wire.message_chat import MessageOfChat, chat_request
from lms_jupyter.engine.wire.parts import ChatParts, MessageParts
from lms_jupyter.engine.wire.requests import check
from lms_jupyter.engine.wire.tool_choice import settle_anthropic
from lms_jupyter.engine.wire.unsupported import refuse_unsupported

STYLE: Final = Style(anthropic.error_body, anthropic.error_event, says_done=False)


def _settled(body: dict[str, Any]) -> Form | None:
    """Settle what is told, which tools may be called, and what form the answer has to have."""
    settle_blocks(body)
    settle_anthropic(body)
    return take_message_form(body)


MESSAGES: Final = Target(
    path="/v1/messages",
    style=STYLE,
    request=requests.AnthropicMessage,
    # What it asks for is settled before its path is known.
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
    if target is COUNT_TOKENS:
        return await forward(services, request, body, target)
    check(body, requests.AnthropicMessage)
    refuse_unsupported(body, target.path)
    form = _settled(body)
    if form is None:
        return await forward(services, request, body, target)
    asked = chat_request(body)
    return await forward(services, request, asked, _chat(form, asked["max_tokens"]))


def _chat(form: Form, limit: int) -> Target:
    """Return where a message goes whose answer has to have a form."""
    return Target(
        path="/v1/chat/completions",
        style=STYLE,
        request=requests.Chat,
        settle=lambda _body: form,
        parts=lambda _body: ChatParts(is_chat=True, tells_usage=True),
        on_answer=lambda instance: MessageOfChat(instance.identifier, limit).whole,
        on_event=lambda instance: MessageOfChat(instance.identifier, limit).complete,
    )
