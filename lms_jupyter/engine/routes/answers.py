"""Answers of llama.cpp, streamed or whole, with the room that they take in a shared context."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from aiohttp import web

from lms_jupyter.engine.errors import (
    ContextFullError,
    EngineError,
    InferenceError,
    ModelUnloadedError,
)
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.instances.room import Seat, ahead
from lms_jupyter.engine.prediction.llama_http import LlamaHttp, problem
from lms_jupyter.engine.prediction.tool_calls import used_by_chat
from lms_jupyter.engine.routes.http import Style, send, stream_to
from lms_jupyter.engine.wire import openai, sse
from lms_jupyter.engine.wire.parts import Parts
from lms_jupyter.engine.wire.transcript import Transcript

_TIMINGS: Final = b'"timings":'
_ERROR: Final = b'{"error":'
_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict")
_COUNTED_AT: Final = {
    "/v1/chat/completions": "/v1/chat/completions/input_tokens",
    "/v1/responses": "/v1/responses/input_tokens",
    "/v1/messages": "/v1/messages/count_tokens",
}

_SERVER_ERRORS: Final = 500

EventFilter: TypeAlias = Callable[[sse.Event], Sequence[sse.Event]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer on its way."""

    llama: LlamaHttp
    instance: Instance
    path: str
    body: Mapping[str, Any]
    parts: Parts
    on_words: Callable[[], None]
    """Called when the model has begun to speak."""
    log: Transcript | None

    async def whole(self) -> dict[str, Any]:
        """Return the answer when all has been said."""
        try:
            async with aclosing(self._events()) as events:
                async for _ in events:
                    pass
        except InferenceError as error:
            raise error_of_use(self.instance, error) from error
        return self.parts.whole()

    async def stream(
        self, request: web.Request, style: Style, change: EventFilter
    ) -> web.StreamResponse:
        """Send the answer as it comes."""
        async with aclosing(self._events()) as events:
            # An error before the first event is still an answer with a status of its own.
            first = await anext(events, None)
            response = await stream_to(request)
            try:
                if first is not None:
                    await self._send(request, response, first, change)
                async for event in events:
                    if event.data != sse.DONE or style.says_done:
                        await self._send(request, response, event, change)
            except (ConnectionError, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001 - a stream that has begun ends with its error
                await send(request, response, style.event(_error_to_send(self.instance, error)))
        await response.write_eof()
        return response

    @staticmethod
    async def _send(
        request: web.Request,
        response: web.StreamResponse,
        event: sse.Event,
        change: EventFilter,
    ) -> None:
        for changed in (event,) if event.data == sse.DONE else change(event):
            await send(request, response, changed)

    async def _events(self) -> AsyncGenerator[sse.Event]:
        """Yield what llama.cpp says, and an end of ours if there is no room for its own."""
        async with _seat(self.llama, self.instance, self.path, self.body) as seat:
            raw = self.llama.raw(self.instance, self.path, self.body)
            is_full = False
            try:
                async with aclosing(ahead(_good(raw), seat, _used)) as events:
                    async for event in events:
                        yield self._logged(event)
            except ContextFullError:
                is_full = True
            if is_full or (seat is not None and seat.is_over):
                for event in self.parts.ending():
                    yield self._logged(event)

    def _logged(self, event: sse.Event) -> sse.Event:
        if self.log is not None:
            self.log.hear(event)
        if event.data == sse.DONE:
            return event
        content = event.decode()
        if openai.PROGRESS not in event.data:
            self.on_words()
        self.parts.hear(content)
        if _TIMINGS in event.data and not _is_last(content):
            del content["timings"]
            return sse.Event(msgspec.json.encode(content), event.name)
        return event


@asynccontextmanager
async def _seat(
    llama: LlamaHttp, instance: Instance, path: str, body: Mapping[str, Any]
) -> AsyncIterator[Seat | None]:
    """Wait until there is room in the context, where requests share it."""
    room = instance.room
    if room is None:
        yield None
        return
    prompt = await _length(llama, instance, path, body) if room.is_shared else 0
    limits = [body[name] for name in _LIMITS if isinstance(body.get(name), int)]
    at_most = limits[0] if limits and limits[0] >= 0 else None
    many = body.get("n") if isinstance(body.get("n"), int) else 1
    prompts = body.get("prompt")
    several = isinstance(prompts, list) and not all(isinstance(token, int) for token in prompts)
    times = max(1, many or 1) * (len(prompts) if several and prompts else 1)
    async with room.seat(prompt, at_most, times) as seat:
        if not instance.is_ready:
            raise ModelUnloadedError(f"{instance.identifier!r} was unloaded meanwhile.")
        yield seat


async def _length(llama: LlamaHttp, instance: Instance, path: str, body: Mapping[str, Any]) -> int:
    """Return how many tokens a prompt has, 0 where llama.cpp cannot tell."""
    try:
        if path in _COUNTED_AT:
            answer = await llama.post(instance, _COUNTED_AT[path], body)
            return int(answer.get("input_tokens", 0))
        text = {"content": str(body.get("prompt") or ""), "add_special": True}
        return len((await llama.post(instance, "/tokenize", text))["tokens"])
    except EngineError:
        return 0


async def _good(raw: AsyncGenerator[bytes]) -> AsyncGenerator[sse.Event]:
    """Yield all events; raise the error that one of them tells."""
    async with aclosing(raw) as chunks:
        async for event in sse.events(chunks):
            if event.name == "error" or event.data.startswith(_ERROR):
                raise _error_in(event)
            yield event


def _error_in(event: sse.Event) -> EngineError:
    try:
        content = event.decode()
    except msgspec.DecodeError:
        return InferenceError(
            f"llama.cpp broke the answer off: {event.data.decode(errors='replace'):.200}."
        )
    inner = content.get("error")
    error = problem(_SERVER_ERRORS, msgspec.json.encode({"error": inner or content}))
    if isinstance(error, InferenceError):
        return error
    return InferenceError(error.title.replace("refused the request", "broke the answer off"))


def _used(event: sse.Event, before: int) -> int:
    """Return how many tokens of the context there are by now."""
    if openai.PROGRESS in event.data or _TIMINGS in event.data:
        return used_by_chat(event.decode(), before)
    return before + 1


def _is_last(content: Mapping[str, Any]) -> bool:
    """Whether an event is one that tells the figures of the whole answer."""
    if content.get("type") in {"response.completed", "response.incomplete"}:
        return True
    return any(choice.get("finish_reason") for choice in content.get("choices") or ())


def _error_to_send(instance: Instance, error: Exception) -> EngineError:
    """Return the error to tell; what is not ours is a mistake here, and logged."""
    if isinstance(error, EngineError):
        return error_of_use(instance, error)
    logger.error("a stream of %s broke", instance.identifier, exc_info=error)
    return EngineError(f"The engine failed: {type(error).__name__}.")


def error_of_use(instance: Instance, error: EngineError) -> EngineError:
    """Return the error to tell: a connection that breaks because of an unload says so."""
    if instance.is_ready or not isinstance(error, InferenceError):
        return error
    return ModelUnloadedError(f"{instance.identifier!r} was unloaded during the request.")
