"""Asks an instance's llama.cpp for predictions, tokens and embeddings.

Every call counts as a request of the instance: it waits for a free session, keeps the instance from
expiring, and fails clearly if the instance goes away meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from lms_jupyter.engine.errors import (
    BadRequestError,
    ConstraintError,
    EngineError,
    ModelUnloadedError,
)
from lms_jupyter.engine.instances.instance import Instance, Request, Work
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.instances.room import Seat
from lms_jupyter.engine.prediction import logs
from lms_jupyter.engine.prediction.completion import Completion
from lms_jupyter.engine.prediction.constraints import Constraints, check_grammar
from lms_jupyter.engine.prediction.llama_http import LlamaHttp
from lms_jupyter.engine.prediction.overflow import drop_message
from lms_jupyter.engine.prediction.prediction import (
    Outcome,
    Piece,
    Prediction,
    PredictionSettings,
    Prompt,
    PromptProgress,
)
from lms_jupyter.engine.prediction.tool_calls import read_calls, request_with_tools
from lms_jupyter.engine.templates.sandbox import Templates

Message = Mapping[str, Any]
"""One message as in OpenAI's chat format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What llama.cpp is asked for, once that is settled."""

    prompt: Prompt
    settings: PredictionSettings
    conversation: Sequence[Message] | None = None
    """As far as it fits, if it is llama.cpp that has to write it: it reads the calls of tools."""


class Inference:
    """The requests that instances can serve."""

    def __init__(
        self, registry: Registry, llama: LlamaHttp, constraints: Constraints, log: logs.LogHub
    ) -> None:
        self._registry = registry
        self._llama = llama
        self._constraints = constraints
        self._log = log
        self._templates = Templates()

    async def tokenize(
        self, instance: Instance, content: str, *, special: bool = True
    ) -> list[int]:
        """Return the tokens of a text; `special` adds those that the model wants around it."""
        async with self._registry.request(instance, Work.PROCESSING_PROMPT):
            return await self._tokens(instance, content, special=special)

    async def embed(self, instance: Instance, content: str) -> list[float]:
        """Return the embedding of a text."""
        (embedding,) = await self.embed_all(instance, [content])
        return embedding

    async def embed_all(self, instance: Instance, contents: Sequence[str]) -> list[list[float]]:
        """Return the embeddings of some texts."""
        body = {"input": list(contents), "encoding_format": "float"}
        started = time.monotonic()
        async with self._registry.request(instance, Work.COMPUTING_EMBEDDING):
            answer = await self._post(instance, "/v1/embeddings", body)
        read = int((answer.get("usage") or {}).get("prompt_tokens", 0))
        spent_s = time.monotonic() - started
        outcome = Outcome(stop_reason="eosFound", prompt_tokens=read, total_s=spent_s)
        self._log.on_request(instance, outcome)
        ordered = sorted(answer["data"], key=lambda item: int(item["index"]))
        return [row["embedding"] for row in ordered]

    async def render(
        self, instance: Instance, conversation: Sequence[Message], settings: PredictionSettings
    ) -> Prompt:
        """Write a conversation with the chat template."""
        async with self._registry.request(instance, Work.PROCESSING_PROMPT):
            return await self._render(instance, conversation, settings)

    def respond(
        self, instance: Instance, conversation: Sequence[Message], settings: PredictionSettings
    ) -> Prediction:
        """Continue a conversation."""
        task = partial(self._conversing, instance, conversation, settings)
        return Prediction(partial(self._pieces, instance, task))

    def complete(
        self, instance: Instance, prompt: Prompt, settings: PredictionSettings
    ) -> Prediction:
        """Continue a text as it stands."""
        task = partial(self._completing, instance, prompt, settings)
        return Prediction(partial(self._pieces, instance, task))

    async def _pieces(
        self, instance: Instance, settled: Callable[[], Awaitable[_Task]], outcome: Outcome
    ) -> AsyncGenerator[Piece]:
        """Do a task, and keep the books about it."""
        async with self._registry.request(instance, Work.PROCESSING_PROMPT) as request:
            with self._booked(instance, outcome, request):
                task = await settled()
                async with (
                    self._seat(instance, task.prompt, task.settings) as seat,
                    aclosing(self._answer(instance, task, outcome, seat)) as pieces,
                ):
                    async for piece in pieces:
                        if not isinstance(piece, PromptProgress):
                            self._registry.mark(request, Work.GENERATING)
                            request.tokens_per_second = outcome.tokens_per_second
                        yield piece

    @contextmanager
    def _booked(self, instance: Instance, outcome: Outcome, request: Request) -> Iterator[None]:
        """Complete what is known about a prediction, however it ends, and tell the log."""
        started = time.monotonic()
        try:
            yield
        except EngineError:
            if instance.is_ready:
                raise
            outcome.stop_reason = "modelUnloaded"
        except (GeneratorExit, asyncio.CancelledError):
            outcome.stop_reason = "userStopped"
            raise
        finally:
            outcome.total_s = time.monotonic() - started
            request.predicted_tokens = outcome.predicted_tokens
            if outcome.drafted_tokens is not None and instance.plan.draft is not None:
                outcome.draft_model = instance.plan.draft.model_key
            self._log.end(instance, outcome)

    async def _conversing(
        self, instance: Instance, conversation: Sequence[Message], settings: PredictionSettings
    ) -> _Task:
        if settings.system_prompt and not any(m["role"] == "system" for m in conversation):
            conversation = [{"role": "system", "content": settings.system_prompt}, *conversation]
        settings = await self._keeping(instance, settings)
        conversation, prompt = await self._fitting(instance, conversation, settings)
        may_call = settings.tools and settings.template is None
        return _Task(
            prompt=prompt, settings=settings, conversation=conversation if may_call else None
        )

    async def _completing(
        self, instance: Instance, prompt: Prompt, settings: PredictionSettings
    ) -> _Task:
        return _Task(prompt=prompt, settings=await self._keeping(instance, settings))

    def _answer(
        self, instance: Instance, task: _Task, outcome: Outcome, seat: Seat | None
    ) -> AsyncGenerator[Piece]:
        """Ask llama.cpp; return what it says as pieces."""
        self._log.publish(logs.Input.of(instance, task.prompt.text))
        if task.conversation is not None:
            body = request_with_tools(task.conversation, task.settings)
            events = self._llama.stream(instance, "/v1/chat/completions", body)
            return read_calls(events, instance, outcome, seat)
        return Completion(
            llama=self._llama,
            instance=instance,
            prompt=task.prompt,
            settings=task.settings,
            outcome=outcome,
            seat=seat,
            tokens=partial(self._tokens, instance),
        ).pieces()

    @asynccontextmanager
    async def _seat(
        self, instance: Instance, prompt: Prompt, settings: PredictionSettings
    ) -> AsyncIterator[Seat | None]:
        """Wait until there is room in the context, where requests share it."""
        room = instance.room
        if room is None:
            yield None
            return
        length = len(await self._tokens(instance, prompt.text)) if room.is_shared else 0
        async with room.seat(length, settings.max_tokens) as seat:
            if not instance.is_ready:
                raise ModelUnloadedError(f"{instance.identifier!r} was unloaded meanwhile.")
            yield seat

    async def _keeping(
        self, instance: Instance, settings: PredictionSettings
    ) -> PredictionSettings:
        """Make a grammar that will be kept of what the answer has to be like."""
        if settings.tools and (settings.json_schema is not None or settings.grammar is not None):
            raise ConstraintError(
                "structured",
                "",
                "a model that may call tools cannot be held to a form as well",
                hint="Leave the tools out, or the form.",
            )
        if settings.json_schema is None:
            if settings.grammar is not None:
                check_grammar(settings.grammar, "gbnfGrammar")
            return settings
        grammar = await self._constraints.grammar(instance, settings.json_schema, "jsonSchema")
        return replace(settings, json_schema=None, grammar=grammar)

    async def _fitting(
        self, instance: Instance, conversation: Sequence[Message], settings: PredictionSettings
    ) -> tuple[Sequence[Message], Prompt]:
        """Render a conversation, leaving messages out until it fits, if the policy allows it."""
        while True:
            prompt = await self._render(instance, conversation, settings)
            if settings.overflow == "stopAtLimit" or prompt.images:
                return conversation, prompt
            if len(await self._tokens(instance, prompt.text)) < instance.context_length:
                return conversation, prompt
            roles = [message["role"] for message in conversation]
            leave_out = drop_message(roles, settings.overflow)
            if leave_out is None:
                return conversation, prompt
            conversation = [m for i, m in enumerate(conversation) if i != leave_out]

    async def _render(
        self, instance: Instance, conversation: Sequence[Message], settings: PredictionSettings
    ) -> Prompt:
        images = tuple(_images(conversation))
        if images and not instance.model.vision:
            raise BadRequestError(
                f"{instance.identifier!r} cannot look at images.",
                hint="Load a vision model, one with an 'mmproj' file beside it.",
            )
        if settings.template is not None:
            return Prompt(await self._templates.render(settings.template, conversation), images)
        check_template(instance)
        body: dict[str, Any] = {"messages": list(conversation)}
        if settings.tools:
            body["tools"] = list(settings.tools)
        if variables := settings.template_variables:
            body["chat_template_kwargs"] = variables
        answer = await self._post(instance, "/apply-template", body)
        return Prompt(answer["prompt"], images)

    async def _tokens(self, instance: Instance, content: str, *, special: bool = True) -> list[int]:
        body = {"content": content, "add_special": special, "parse_special": True}
        answer = await self._post(instance, "/tokenize", body)
        tokens: list[int] = answer["tokens"]
        return tokens

    async def _post(self, instance: Instance, path: str, body: Mapping[str, Any]) -> Any:
        try:
            return await self._llama.post(instance, path, body)
        except EngineError:
            if instance.is_ready:
                raise
            raise ModelUnloadedError(
                f"{instance.identifier!r} was unloaded during the request."
            ) from None


def check_template(instance: Instance) -> None:
    """Raise `BadRequestError` if the model's own template cannot be used."""
    if instance.template_problem:
        raise BadRequestError(
            f"The chat template of {instance.identifier!r} cannot be used: "
            f"{instance.template_problem}.",
            hint="Send a prompt template with the request, or load the model with one.",
        )


def _images(conversation: Sequence[Message]) -> list[str]:
    return [
        part["image_url"]["url"].partition("base64,")[2]
        for message in conversation
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
