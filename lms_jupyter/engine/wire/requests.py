"""The types of what OpenAI's and Anthropic's clients send: llama.cpp lets too much pass.

Only what is named here is looked at, and null means left out. The rest is llama.cpp's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from lms_jupyter.engine.errors import BadRequestError

Parts: TypeAlias = str | list[dict[str, Any]] | None
Words: TypeAlias = str | list[str] | None


class Sampled(msgspec.Struct, kw_only=True):
    """What all requests for text have."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stream: bool | None = None


class Message(msgspec.Struct, kw_only=True):
    """One message of a conversation."""

    role: str
    content: Parts = None


class Function(msgspec.Struct, kw_only=True):
    """A function that a model may call."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(msgspec.Struct, kw_only=True):
    """A tool, as in OpenAI's chats."""

    function: Function
    type: str = "function"


class FlatTool(msgspec.Struct, kw_only=True):
    """A tool as responses and Anthropic's messages have it; what its name may be is told there."""

    description: str | None = None


class Completion(Sampled, kw_only=True):
    """`/v1/completions`."""

    prompt: str | list[Any]
    max_tokens: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: Words = None
    stream_options: dict[str, Any] | None = None


class Chat(Completion, kw_only=True):
    """`/v1/chat/completions`."""

    messages: list[Message]
    prompt: Any = None
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: list[Tool] | None = None
    response_format: dict[str, Any] | None = None


class Embedding(msgspec.Struct, kw_only=True):
    """`/v1/embeddings`."""

    input: str | list[Any]
    encoding_format: str | None = None


class Response(Sampled, kw_only=True):
    """`/v1/responses`."""

    input: list[dict[str, Any]]
    instructions: str | None = None
    max_output_tokens: int | None = None
    tools: list[FlatTool] | None = None


class AnthropicMessage(Sampled, kw_only=True):
    """`/v1/messages`, and how many tokens one has."""

    messages: list[Message]
    max_tokens: int | None = None
    system: Parts = None
    stop_sequences: list[str] | None = None
    tools: list[FlatTool] | None = None


def check(body: Mapping[str, Any], kind: type[msgspec.Struct]) -> None:
    """Raise `BadRequestError`, naming the field, if a request does not have this type."""
    try:
        msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        of_what = f"The field {place.rstrip('`')!r} of the request" if place else "The request"
        raise BadRequestError(f"{of_what} is wrong: {reason}.") from None
