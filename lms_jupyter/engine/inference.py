"""Asks an instance's llama.cpp for predictions, tokens and embeddings.

Every call counts as a request of the instance: it waits for a free session, keeps the instance from
expiring, and fails clearly if the instance goes away meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, EngineError, ModelUnloadedError
from lms_jupyter.engine.instance import Instance, Request, Work
from lms_jupyter.engine.llama_http import LlamaHttp
from lms_jupyter.engine.prediction import (
    Fragment,
    Outcome,
    PredictionSettings,
    PromptProgress,
    StopReason,
)
from lms_jupyter.engine.reasoning import ReasoningSplitter
from lms_jupyter.engine.registry import Registry
from lms_jupyter.engine.sampling import sampling_fields


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is to continue: text, and the images that its markers stand for (base64)."""

    text: str
    images: tuple[str, ...] = ()


class Inference:
    """The requests that instances can serve."""

    def __init__(self, registry: Registry, llama: LlamaHttp) -> None:
        self._registry = registry
        self._llama = llama

    async def tokenize(self, instance: Instance, content: str) -> list[int]:
        """Return the tokens of a text, special ones included."""
        body = {"content": content, "add_special": True, "parse_special": True}
        answer = await self._once(instance, Work.PROCESSING_PROMPT, "/tokenize", body)
        tokens: list[int] = answer["tokens"]
        return tokens

    async def embed(self, instance: Instance, content: str) -> list[float]:
        """Return the embedding of a text."""
        body = {"input": content, "encoding_format": "float"}
        answer = await self._once(instance, Work.COMPUTING_EMBEDDING, "/v1/embeddings", body)
        embedding: list[float] = answer["data"][0]["embedding"]
        return embedding

    async def render(
        self,
        instance: Instance,
        conversation: Sequence[Mapping[str, Any]],
        settings: PredictionSettings,
    ) -> Prompt:
        """Write a conversation with the model's chat template."""
        async with self._registry.request(instance, Work.PROCESSING_PROMPT):
            return await self._render(instance, conversation, settings)

    async def respond(
        self,
        instance: Instance,
        conversation: Sequence[Mapping[str, Any]],
        settings: PredictionSettings,
        outcome: Outcome,
    ) -> AsyncGenerator[PromptProgress | Fragment]:
        """Continue a conversation. See `complete`."""
        async with self._registry.request(instance, Work.PROCESSING_PROMPT) as request:
            try:
                prompt = await self._render(instance, conversation, settings)
            except EngineError:
                if instance.is_ready:
                    raise
                outcome.stop_reason = "modelUnloaded"
                return
            async with aclosing(
                self._generate(instance, request, prompt, settings, outcome)
            ) as pieces:
                async for piece in pieces:
                    yield piece

    async def complete(
        self, instance: Instance, prompt: Prompt, settings: PredictionSettings, outcome: Outcome
    ) -> AsyncGenerator[PromptProgress | Fragment]:
        """Continue a text; `outcome` is filled in on the way and final when the iterator ends.

        Closing the iterator stops llama.cpp. If the instance is unloaded meanwhile, it just ends.
        """
        async with (
            self._registry.request(instance, Work.PROCESSING_PROMPT) as request,
            aclosing(self._generate(instance, request, prompt, settings, outcome)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    async def _once(
        self, instance: Instance, work: Work, path: str, body: Mapping[str, Any]
    ) -> Any:
        async with self._registry.request(instance, work):
            try:
                return await self._llama.post(instance, path, body)
            except EngineError:
                if instance.is_ready:
                    raise
                raise ModelUnloadedError(
                    f"{instance.identifier!r} was unloaded during the request."
                ) from None

    async def _render(
        self,
        instance: Instance,
        conversation: Sequence[Mapping[str, Any]],
        settings: PredictionSettings,
    ) -> Prompt:
        images = tuple(
            part["image_url"]["url"].partition("base64,")[2]
            for message in conversation
            if isinstance(message.get("content"), list)
            for part in message["content"]
            if part["type"] == "image_url"
        )
        if images and not instance.model.vision:
            raise BadRequestError(
                f"{instance.identifier!r} cannot look at images.",
                hint="Load a vision model, one with an 'mmproj' file beside it.",
            )
        body: dict[str, Any] = {"messages": list(conversation)}
        if settings.tools:
            body["tools"] = list(settings.tools)
        if settings.enable_thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": settings.enable_thinking}
        answer = await self._llama.post(instance, "/apply-template", body)
        return Prompt(answer["prompt"], images)

    async def _generate(
        self,
        instance: Instance,
        request: Request,
        prompt: Prompt,
        settings: PredictionSettings,
        outcome: Outcome,
    ) -> AsyncGenerator[PromptProgress | Fragment]:
        body = sampling_fields(settings) | {
            "prompt": _written(prompt),
            "stream": True,
            "return_tokens": True,
            "return_progress": True,
            "cache_prompt": True,
            "timings_per_token": True,
        }
        splitter = ReasoningSplitter(settings.reasoning, prompt.text)
        started = time.monotonic()
        try:
            async with aclosing(self._llama.stream(instance, "/completion", body)) as events:
                async for event in events:
                    if "prompt_progress" in event:
                        yield _progress(event["prompt_progress"])
                        continue
                    self._registry.mark(request, Work.GENERATING)
                    for fragment in _fragments(event, splitter, outcome, started):
                        yield fragment
                    request.tokens_per_second = outcome.tokens_per_second
                    if event.get("stop"):
                        _finish(event, outcome)
            for fragment in splitter.end():
                yield fragment
        except EngineError:
            if instance.is_ready:
                raise
            outcome.stop_reason = "modelUnloaded"
        finally:
            outcome.total_s = time.monotonic() - started


def _written(prompt: Prompt) -> Any:
    if not prompt.images:
        return prompt.text
    return {"prompt_string": prompt.text, "multimodal_data": list(prompt.images)}


def _progress(said: Mapping[str, Any]) -> PromptProgress:
    return PromptProgress(said["total"], said["cache"], said["processed"])


def _fragments(
    event: Mapping[str, Any], splitter: ReasoningSplitter, outcome: Outcome, started: float
) -> list[Fragment]:
    """Take one event of the stream into the outcome, and return what it adds to the answer."""
    tokens = event["tokens_predicted"] - outcome.predicted_tokens
    outcome.predicted_tokens = event["tokens_predicted"]
    outcome.prompt_tokens = event.get("tokens_evaluated", outcome.prompt_tokens)
    timings = event.get("timings") or {}
    if timings.get("predicted_ms") and timings.get("predicted_n", 0) > 1:
        outcome.tokens_per_second = timings["predicted_per_second"]
    if outcome.first_token_s is None:
        outcome.first_token_s = time.monotonic() - started
    outcome.text += event["content"]
    return list(splitter.feed(event["content"], tokens)) if event["content"] or tokens else []


_STOP_TYPES: Mapping[str, StopReason] = {"eos": "eosFound", "word": "stopStringFound"}


def _finish(event: Mapping[str, Any], outcome: Outcome) -> None:
    kind = str(event.get("stop_type"))
    if kind in _STOP_TYPES:
        outcome.stop_reason = _STOP_TYPES[kind]
        outcome.stop_string = event.get("stopping_word") or None
    elif event.get("truncated"):
        outcome.stop_reason = "contextLengthReached"
    else:
        outcome.stop_reason = "maxPredictedTokensReached"
    timings = event.get("timings") or {}
    if "draft_n" in timings:
        outcome.drafted_tokens = timings["draft_n"]
        outcome.accepted_tokens = timings["draft_n_accepted"]
