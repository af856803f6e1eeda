"""Passes a request on to the llama.cpp of the instance that it names, loading it if need be."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from aiohttp import web

from lms_jupyter.engine.errors import (
    BadRequestError,
    EngineError,
    InferenceError,
    ModelUnloadedError,
    UnsupportedError,
)
from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.instance import Instance, Request, Work
from lms_jupyter.engine.instances.loader import LoadRequest
from lms_jupyter.engine.prediction import logs
from lms_jupyter.engine.prediction.inference import check_template
from lms_jupyter.engine.routes.answers import Answer, EventFilter, error_of_use
from lms_jupyter.engine.routes.http import Style, reply
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire import content, sse
from lms_jupyter.engine.wire.fields import optional_flag, optional_text
from lms_jupyter.engine.wire.forms import Form
from lms_jupyter.engine.wire.parts import Parts
from lms_jupyter.engine.wire.presets import take_preset
from lms_jupyter.engine.wire.requests import check
from lms_jupyter.engine.wire.transcript import Transcript
from lms_jupyter.engine.wire.unsupported import refuse_other_dimensions, refuse_unsupported
from lms_jupyter.engine.wire.virtual_models import body_for, settings_above
from lms_jupyter.engine.worker.load_settings import Domain, LoadSettings

ATTEMPTS: Final = 3
"""How often an instance may be unloaded between our finding and our using it."""

_PROMPT_FIELDS: Final = ("system", "instructions", "messages", "input", "tools")

logger = logging.getLogger(__name__)

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
    parts: Callable[[Mapping[str, Any]], Parts] | None = None
    """Puts an answer to this request together; `None` where no text is generated."""
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
        preset = await take_preset(passed, target.path)
        wanted = load_request(services, passed, target.domain)
        embeds, streams = target.domain == "embedding", optional_flag(passed, "stream")
        check(passed, target.request)
        refuse_unsupported(passed, target.path)
        form = target.settle(passed)
        work = Work.COMPUTING_EMBEDDING if embeds else Work.GENERATING
        work = Work.PROCESSING_PROMPT if streams else work
        use = await occupy(services, stack, wanted, work)
        await services.loader.check_draft(use.instance, wanted.settings.draft_model)
        if embeds:
            length = shape.number(use.instance.model.header, "embedding_length", 0)
            refuse_other_dimensions(passed, length)
        elif "prompt" not in passed:
            check_template(use.instance)
        passed = body_for(use.instance.model, passed, target.path, preset)
        content.settle(passed, name=use.instance.identifier, vision=use.instance.model.vision)
        if form is not None:
            passed["grammar"] = await _grammar(services, use.instance, form)
        passed["model"] = use.instance.identifier
        log = await stack.enter_async_context(_logged(services, use, passed, target))
        use = replace(use, log=log)
        return await _generated(services, request, use, passed, target)


async def _grammar(services: Services, instance: Instance, form: Form) -> str:
    """Return the grammar of a form.

    Raises:
        ConstraintError: It would not be kept.
    """
    if form.grammar is not None:
        return form.grammar
    return await services.constraints.grammar(instance, form.schema, form.name)


@asynccontextmanager
async def _logged(
    services: Services, use: Use, body: Mapping[str, Any], target: Target
) -> AsyncIterator[Transcript | None]:
    """Tell those who listen to the log what is asked and, in the end, what was answered."""
    if target.domain != "llm":
        yield None
        return
    transcript, instance = Transcript(), use.instance
    services.log.publish(logs.Input.of(instance, await _prompt(services, instance, body)))
    try:
        yield transcript
    finally:
        outcome = transcript.end(unloaded=not instance.is_ready)
        use.marker.predicted_tokens = outcome.predicted_tokens
        services.log.end(instance, outcome)


async def _prompt(services: Services, instance: Instance, body: Mapping[str, Any]) -> str:
    """Return the prompt as the model gets it, or, where llama.cpp cannot tell, as it was sent."""
    prompt = body.get("prompt")
    if isinstance(prompt, str):
        return prompt
    fields = {name: body[name] for name in _PROMPT_FIELDS if name in body}
    if not services.log.has_listeners:
        # Nobody waits for it: what was sent is kept, without asking llama.cpp to write it out.
        return msgspec.json.encode(fields).decode()
    try:
        answer = await services.llama.post(instance, "/apply-template", fields)
    except EngineError:
        return msgspec.json.encode(fields).decode()
    return str(answer.get("prompt", ""))


def load_request(services: Services, body: dict[str, Any], domain: Domain) -> LoadRequest:
    """Take out of a body what says which model is wanted, and how to load it if it is not there.

    Without a name it is what is loaded.
    """
    name = optional_text(body, "model")
    if not name:
        loaded = [instance for instance in services.registry.instances if instance.domain == domain]
        if not loaded:
            raise BadRequestError("'model' has to be there: nothing is loaded.")
        name = loaded[0].identifier
    preset = optional_text(body, "preset")
    if preset:
        raise UnsupportedError(
            f"This path has no presets, and 'preset' is {preset!r:.100}.",
            hint="OpenAI's paths and the SDKs have; say here what the preset would say.",
        )
    settings = LoadSettings(draft_model=optional_text(body, "draft_model"))
    return LoadRequest(
        name=name,
        domain=domain,
        settings=settings,
        above=settings_above(settings),
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
    """Pass on what is no text of a model."""
    transcript = Transcript()
    try:
        answer = await services.llama.post(use.instance, target.path, body)
    except InferenceError as error:
        raise error_of_use(use.instance, error) from error
    if target.domain == "embedding":
        transcript.note_usage(answer)
        services.log.on_request(use.instance, transcript.end(unloaded=False))
    return reply(answer)


async def _generated(
    services: Services, request: web.Request, use: Use, body: dict[str, Any], target: Target
) -> web.StreamResponse:
    """Answer with what a model says, streamed or whole."""
    if target.parts is None:
        return await _once(services, use, body, target)
    streams = bool(body.get("stream"))
    parts = target.parts(body)
    # llama.cpp notices that we are gone only when it has something to say.
    body |= {"stream": True, "return_progress": True, "timings_per_token": True}
    if not streams:
        body["stream_options"] = {"include_usage": True}
    answer = Answer(
        llama=services.llama,
        instance=use.instance,
        path=target.path,
        body=body,
        parts=parts,
        on_words=lambda: services.registry.mark(use.marker, Work.GENERATING),
        log=use.log,
    )
    if streams:
        change = target.on_event(use.instance) if target.on_event else as_it_is
        return await answer.stream(request, target.style, change)
    whole = await answer.whole()
    return reply(target.on_answer(use.instance)(whole) if target.on_answer else whole)


def as_it_is(event: sse.Event) -> Sequence[sse.Event]:
    """Change nothing."""
    return (event,)


def _ttl(value: object) -> float | None:
    """Read a time to live in seconds."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
        raise BadRequestError(f"'ttl' has to be a number of seconds above 0, not {value!r:.100}.")
    return float(value)
