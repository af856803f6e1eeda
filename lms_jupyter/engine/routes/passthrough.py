"""Passes a request on to the llama.cpp of the instance that it names, loading it if need be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from aiohttp import web

from lms_jupyter.engine import logs
from lms_jupyter.engine.errors import (
    BadRequestError,
    EngineError,
    InferenceError,
    ModelUnloadedError,
    PresetNotFoundError,
)
from lms_jupyter.engine.instance import Instance, Request, Work
from lms_jupyter.engine.load_settings import Domain, LoadSettings
from lms_jupyter.engine.loader import LoadRequest
from lms_jupyter.engine.routes.http import Style, reply, send, stream_to
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire import content, openai, sse
from lms_jupyter.engine.wire.fields import optional_flag, optional_text
from lms_jupyter.engine.wire.forms import Form
from lms_jupyter.engine.wire.requests import check
from lms_jupyter.engine.wire.transcript import Transcript

ATTEMPTS: Final = 3
"""How often an instance may be unloaded between our finding and our using it."""

_PROMPT_FIELDS: Final = ("system", "instructions", "messages", "input", "tools")

logger = logging.getLogger(__name__)

EventFilter = Callable[[sse.Event], Sequence[sse.Event]]
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes, and what is changed about the answer."""

    path: str
    """Of llama.cpp's server."""
    style: Style
    request: type[msgspec.Struct]
    """What a request has to be."""
    domain: Domain = "llm"
    settle: Callable[[dict[str, Any]], Form | None] = lambda _body: None
    """Rewrites what says how the answer has to be, and returns its form."""
    on_answer: Callable[[Instance], Change] | None = None
    on_event: Callable[[Instance], EventFilter] | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """An instance that is being used, the mark that it bears meanwhile, and what is told of it."""

    instance: Instance
    marker: Request
    log: Transcript | None = None


async def forward(
    services: Services, request: web.Request, body: Mapping[str, Any], target: Target
) -> web.StreamResponse:
    """Answer a request with llama.cpp's answer."""
    async with AsyncExitStack() as stack:
        passed = dict(body)
        wanted = load_request(services, passed, target.domain)
        embeds, streams = target.domain == "embedding", optional_flag(passed, "stream")
        check(passed, target.request)
        form = target.settle(passed)
        work = Work.COMPUTING_EMBEDDING if embeds else Work.GENERATING
        work = Work.PROCESSING_PROMPT if streams else work
        use = await occupy(services, stack, wanted, work)
        await services.loader.check_draft(use.instance, wanted.settings.draft_model)
        content.settle(passed, name=use.instance.identifier, vision=use.instance.model.vision)
        if form is not None:
            passed["grammar"] = await _grammar(services, use.instance, form)
        passed["model"] = use.instance.identifier
        log = await stack.enter_async_context(_logged(services, use.instance, passed, target))
        use = replace(use, log=log)
        if streams:
            # llama.cpp notices that we are gone only when it has something to say.
            passed["return_progress"] = True
            return await _stream(services, request, use, passed, target)
        return await _once(services, use, passed, target)


async def _grammar(services: Services, instance: Instance, form: Form) -> str:
    """Return the grammar of a form; raises `ConstraintError` if it would not be kept."""
    if form.grammar is not None:
        return form.grammar
    return await services.constraints.grammar(instance, form.schema, form.name)


@asynccontextmanager
async def _logged(
    services: Services, instance: Instance, body: Mapping[str, Any], target: Target
) -> AsyncIterator[Transcript | None]:
    """Tell those who listen to the log what is asked and, in the end, what was answered."""
    if target.domain != "llm":
        yield None
        return
    transcript = Transcript()
    services.log.publish(logs.Input(instance, await _prompt(services, instance, body)))
    try:
        yield transcript
    finally:
        outcome = transcript.end(unloaded=not instance.is_ready)
        services.log.publish(logs.Output(instance, outcome))


async def _prompt(services: Services, instance: Instance, body: Mapping[str, Any]) -> str:
    """Return the prompt as the model gets it, or, where llama.cpp cannot tell, as it was sent."""
    prompt = body.get("prompt")
    if isinstance(prompt, str):
        return prompt
    said = {name: body[name] for name in _PROMPT_FIELDS if name in body}
    if not services.log.is_heard:
        # Nobody waits for it: what was sent is kept, without asking llama.cpp to write it out.
        return msgspec.json.encode(said).decode()
    try:
        answer = await services.llama.post(instance, "/apply-template", said)
    except EngineError:
        return msgspec.json.encode(said).decode()
    return str(answer.get("prompt", ""))


def load_request(services: Services, body: dict[str, Any], domain: Domain) -> LoadRequest:
    """Take out of a body what says which model is wanted, and how to load it if it is not there.

    Without a name it is what is loaded.
    """
    name = optional_text(body, "model")
    if not name:
        loaded = [one for one in services.registry.instances if one.domain == domain]
        if not loaded:
            raise BadRequestError("'model' has to be there: nothing is loaded.")
        name = loaded[0].identifier
    preset = optional_text(body, "preset")
    if preset:
        raise PresetNotFoundError(preset)
    return LoadRequest(
        name=name,
        domain=domain,
        settings=LoadSettings(draft_model=optional_text(body, "draft_model")),
        ttl_s=_ttl(body.pop("ttl", None)),
    )


async def occupy(services: Services, stack: AsyncExitStack, wanted: LoadRequest, work: Work) -> Use:
    """Load what is wanted if it is not there, and use it until the stack is closed."""
    attempts = 0
    while True:
        begun = await services.loader.ensure(wanted)
        async with services.registry.waiting(begun.instance):
            instance = await begun.settled()
        if instance is None:
            continue
        try:
            marker = await stack.enter_async_context(services.registry.request(instance, work))
        except ModelUnloadedError:
            attempts += 1
            if attempts == ATTEMPTS:
                raise
        else:
            return Use(instance, marker)


async def _once(
    services: Services, use: Use, body: Mapping[str, Any], target: Target
) -> web.Response:
    instance = use.instance
    try:
        answer = await services.llama.post(instance, target.path, body)
    except InferenceError as error:
        raise _meant(instance, error) from error
    if use.log is not None:
        use.log.read(answer)
    change = target.on_answer(instance) if target.on_answer else None
    return reply(change(answer) if change else answer)


async def _stream(
    services: Services,
    request: web.Request,
    use: Use,
    body: Mapping[str, Any],
    target: Target,
) -> web.StreamResponse:
    instance = use.instance
    change = target.on_event(instance) if target.on_event else as_it_is
    async with aclosing(services.llama.raw(instance, target.path, body)) as chunks:
        events = sse.events(chunks)
        # An error before the first event is still an answer with a status of its own.
        first = await anext(events, None)
        response = await stream_to(request)
        try:
            async for event in _after(first, events):
                if use.log is not None:
                    use.log.hear(event)
                if openai.PROGRESS not in event.data:
                    services.registry.mark(use.marker, Work.GENERATING)
                for changed in (event,) if event.data == sse.DONE else change(event):
                    await send(request, response, changed)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a stream that has begun ends with its error
            await send(request, response, target.style.event(_told(instance, error)))
    await response.write_eof()
    return response


async def _after(
    first: sse.Event | None, events: AsyncIterator[sse.Event]
) -> AsyncIterator[sse.Event]:
    """Yield all events; raise the error that one of them tells."""
    if first is not None:
        yield _good(first)
    async for event in events:
        yield _good(event)


def _good(event: sse.Event) -> sse.Event:
    if event.name == "error":
        raise _said(event)
    return event


def as_it_is(event: sse.Event) -> Sequence[sse.Event]:
    """Change nothing."""
    return (event,)


def _told(instance: Instance, error: Exception) -> EngineError:
    """Return the error to tell; what is not ours is a mistake here, and logged."""
    if isinstance(error, EngineError):
        return _meant(instance, error)
    logger.error("a stream of %s broke", instance.identifier, exc_info=error)
    return EngineError(f"The engine failed: {type(error).__name__}.")


def _meant(instance: Instance, error: EngineError) -> EngineError:
    """Return the error to tell: a connection that breaks because of an unload says so."""
    if instance.is_ready or not isinstance(error, InferenceError):
        return error
    return ModelUnloadedError(f"{instance.identifier!r} was unloaded during the request.")


def _said(event: sse.Event) -> InferenceError:
    try:
        message = event.decode().get("message")
    except msgspec.DecodeError:
        message = event.data.decode(errors="replace")
    return InferenceError(f"llama.cpp broke the answer off: {message}.")


def _ttl(value: object) -> float | None:
    """Read a time to live in seconds."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
        raise BadRequestError(f"'ttl' has to be a number of seconds above 0, not {value!r:.100}.")
    return float(value)
