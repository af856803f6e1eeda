"""`/api/v1/chat`: the one REST call that shows how a load goes, and that remembers chats."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from lms_jupyter.engine.errors import EngineError, ModelUnloadedError
from lms_jupyter.engine.instances import selection
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.instances.loader import Begun, LoadRequest
from lms_jupyter.engine.prediction.conversations import Conversations
from lms_jupyter.engine.prediction.prediction import Outcome, Piece, Prediction, PredictionSettings
from lms_jupyter.engine.routes.http import read_object, reply, send, stream_to
from lms_jupyter.engine.routes.passthrough import ATTEMPTS, load_request
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire import rest_v1
from lms_jupyter.engine.wire.chat_v1 import ChatWriter, load_event
from lms_jupyter.engine.wire.fields import optional_flag, optional_text
from lms_jupyter.engine.wire.reasoning_options import with_reasoning
from lms_jupyter.engine.wire.sse import Event, event
from lms_jupyter.engine.wire.virtual_models import settings_above, settings_below


@dataclass(slots=True, kw_only=True)
class _Chat:
    """One message and what comes of it."""

    messages: list[dict[str, Any]]
    settings: PredictionSettings
    reasoning: str | None = None
    writer: ChatWriter = field(default_factory=ChatWriter)
    prediction: Prediction | None = None
    load_s: float | None = None
    response_id: str = ""
    begun: Begun | None = None

    async def begin(self, services: Services, wanted: LoadRequest) -> None:
        """Find the instance that answers, or begin to load it."""
        self.begun = await services.loader.ensure(wanted)

    def result(self) -> dict[str, Any]:
        """Write what has come of it so far."""
        return self.writer.result(
            self.answering, self.outcome, load_s=self.load_s, response_id=self.response_id
        )

    @property
    def outcome(self) -> Outcome:
        """What the model has said so far: nothing before it is asked."""
        return Outcome() if self.prediction is None else self.prediction.outcome

    @property
    def answering(self) -> Instance:
        """The instance that answers, once one has been found."""
        return self.found.instance

    @property
    def found(self) -> Begun:
        """That instance, and how it was found."""
        if self.begun is None:
            raise ValueError("No instance has been found yet.")
        return self.begun


async def chat(
    services: Services, conversations: Conversations, request: web.Request
) -> web.StreamResponse:
    """Answer one message, streamed or whole."""
    body = await read_object(request)
    rest_v1.check_integrations(body)
    streams = optional_flag(body, "stream")
    forgets = body.get("store") is not None and not optional_flag(body, "store")
    keep = None if forgets else conversations
    earlier = conversations.recall(optional_text(body, "previous_response_id"))
    chat = _Chat(
        messages=[*_system(body, earlier), *earlier, *rest_v1.conversation(body)],
        settings=rest_v1.prediction_settings(body),
        reasoning=rest_v1.reasoning(body),
    )
    wanted = load_request(services, body, "llm")
    settings = rest_v1.load_settings(body)
    wanted = replace(wanted, settings=settings, above=settings_above(settings))
    if chat.reasoning is not None:
        # Before a load begins that would come to nothing.
        known = selection.named(wanted.name, services.registry.instances)
        model = known[0].model if known else await services.loader.model(wanted.name, "llm")
        with_reasoning(model, chat.settings, chat.reasoning)
    await chat.begin(services, wanted)
    async with (
        services.registry.waiting(chat.answering),
        aclosing(_events(services, chat, wanted, keep)) as events,
    ):
        if streams:
            return await _stream(request, chat, events)
        async for _ in events:
            pass
        return reply(chat.result())


async def _stream(
    request: web.Request, chat: _Chat, events: AsyncGenerator[Event]
) -> web.StreamResponse:
    """Send the events as they come; an error is one of them, and the end comes in any case."""
    response = await stream_to(request)
    start = {"type": "chat.start", "model_instance_id": chat.answering.identifier}
    await send(request, response, event(start))
    try:
        async for next_event in events:
            await send(request, response, next_event)
    except EngineError as error:
        await send(request, response, rest_v1.error_event(error))
    end = {"type": "chat.end", "result": chat.result()}
    await send(request, response, event(end))
    await response.write_eof()
    return response


async def _events(
    services: Services, chat: _Chat, wanted: LoadRequest, keep: Conversations | None
) -> AsyncGenerator[Event]:
    """Wait for the load if there is one, generate, and remember."""
    async with aclosing(_answer(services, chat, wanted)) as answer:
        async for part in answer:
            for next_event in (part,) if isinstance(part, Event) else chat.writer.write(part):
                yield next_event
    for next_event in chat.writer.end():
        yield next_event
    if chat.outcome.stop_reason == "modelUnloaded":
        name = chat.answering.identifier
        raise ModelUnloadedError(f"{name!r} was unloaded during the request.")
    if keep is not None:
        reply_message = {"role": "assistant", "content": chat.writer.text}
        chat.response_id = keep.remember([*chat.messages, reply_message])


async def _answer(
    services: Services, chat: _Chat, wanted: LoadRequest
) -> AsyncGenerator[Event | Piece]:
    """Yield how the load goes, then the answer; load again what is gone before its first use."""
    for attempt in range(1, ATTEMPTS + 1):
        async for next_event in _loaded(services, chat, wanted):
            yield next_event
        model = chat.answering.model
        settings = with_reasoning(model, settings_below(model, chat.settings), chat.reasoning)
        answer = services.inference.respond(chat.answering, chat.messages, settings)
        chat.prediction = answer
        async with answer:
            pieces = aiter(answer)
            try:
                first = await anext(pieces, None)
                is_gone = first is None and answer.outcome.stop_reason == "modelUnloaded"
            except ModelUnloadedError:
                if attempt == ATTEMPTS:
                    raise
                first, is_gone = None, True
            if is_gone and attempt < ATTEMPTS:
                chat.prediction = None
                await chat.begin(services, wanted)
                continue
            for next_event in chat.writer.begin():
                yield next_event
            if first is not None:
                yield first
            async for piece in pieces:
                yield piece
            return


async def _loaded(services: Services, chat: _Chat, wanted: LoadRequest) -> AsyncGenerator[Event]:
    """Wait until there is an instance that answers, and tell how its load goes."""
    while not chat.answering.is_ready:
        async with services.registry.waiting(chat.answering):
            async for next_event in _load_events(chat):
                yield next_event
        if not chat.answering.is_ready:
            # Somebody else's load, which we waited for, came to nothing.
            await chat.begin(services, wanted)


async def _load_events(chat: _Chat) -> AsyncGenerator[Event]:
    """Tell how the load goes."""
    instance = chat.answering
    started = time.monotonic()
    yield load_event("start", instance)
    async for fraction in instance.progress():
        yield load_event("progress", instance, progress=fraction)
    if await chat.found.settled() is None:
        return
    chat.load_s = time.monotonic() - started
    yield load_event("end", instance, load_time_seconds=chat.load_s)


def _system(body: Mapping[str, Any], earlier: list[Any]) -> list[dict[str, Any]]:
    """Return the system message; a chat that goes on keeps the one that it has."""
    prompt = optional_text(body, "system_prompt")
    if prompt is None or any(message["role"] == "system" for message in earlier):
        return []
    return [{"role": "system", "content": prompt}]
