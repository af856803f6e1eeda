"""Conversations with a loaded model: what is said, how it is sampled, and what comes back."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from lms_jupyter.hosts.prediction_keys import PREDICTION_KEYS
from lms_jupyter.hosts.reading import noun, reads, rows, table, text
from lms_jupyter.hosts.tool_calls import (
    ToolCall,
    ToolCallFailed,
    ToolDefinition,
    ToolResult,
    call_part,
    read_call,
    read_failure,
    result_part,
    tool_array,
)

Role = Literal["system", "user", "assistant", "tool"]


class Picture(Struct, frozen=True, kw_only=True):
    """An image that is shown to a model."""

    name: str
    content: bytes


Overflow = Literal["stopAtLimit", "truncateMiddle", "rollingWindow"]
"""What happens when the context is full, in LM Studio's words."""


class Message(Struct, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Role
    text: str
    pictures: tuple[Picture, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    """Of an assistant: the tools that it asked for."""
    results: tuple[ToolResult, ...] = ()
    """Of a tool: what came of the calls; it has no text."""


class Sampling(Struct, frozen=True, kw_only=True):
    """How the answer is chosen. Unset means that the model's own defaults count."""

    temperature: float | None = None
    max_tokens: int | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    xtc_probability: float | None = None
    xtc_threshold: float | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    log_probs: int | None = None
    """Of how many tokens at each place the probability is told."""
    reasoning_budget: int | None = None
    """How many tokens it may think."""
    context_overflow: Overflow | None = None
    stop: tuple[str, ...] = ()
    json_schema: Mapping[str, Any] | None = None
    thinking: bool | None = None
    """Whether a reasoning model may think first."""
    preset: tuple[tuple[str, Any], ...] = ()
    """LM Studio's keys of a preset, with their values; what is set above wins."""
    tools: tuple[ToolDefinition, ...] = ()
    """What the model may call instead of answering."""


class PredictionFragment(Struct, frozen=True, kw_only=True):
    """The next piece of an answer."""

    text: str
    thought: bool = False
    """Whether the model is still thinking, and not answering yet."""


class TokenProbability(Struct, frozen=True, kw_only=True):
    """How probable a token was at its place."""

    token: str
    log_prob: float
    top: tuple[tuple[str, float], ...] = ()
    """The most probable ones at this place, with their log probabilities."""


class PredictionStats(Struct, frozen=True, kw_only=True):
    """The figures of an answer that has ended; the last thing that comes."""

    stop_reason: str
    tokens_per_second: float | None = None
    first_token_s: float | None = None
    prompt_tokens: int | None = None
    predicted_tokens: int | None = None
    log_probs: tuple[TokenProbability, ...] | None = None
    """`None`: the host does not tell."""


PredictionEvent = PredictionFragment | ToolCall | ToolCallFailed | PredictionStats


def stack(sampling: Sampling) -> dict[str, Any]:
    """Write a sampling as the stack that `predict` takes."""
    values: dict[str, Any] = {
        "llm.prediction.stopStrings": list(sampling.stop) or None,
        "llm.prediction.reasoning.enableThinking": sampling.thinking,
        "llm.prediction.tools": tool_array(sampling.tools),
    }
    for key in PREDICTION_KEYS:
        value = getattr(sampling, key.name)
        if value is not None:
            values[str(key.llm)] = {"checked": True, "value": value} if key.checkbox else value
    if sampling.json_schema is not None:
        form = {"type": "json", "jsonSchema": dict(sampling.json_schema)}
        values["llm.prediction.structured"] = form
    fields = [{"key": key, "value": value} for key, value in values.items() if value is not None]
    layers = [{"layerName": "apiOverride", "config": {"fields": fields}}]
    if sampling.preset:
        below = [{"key": key, "value": value} for key, value in sampling.preset]
        layers.insert(0, {"layerName": "preset", "config": {"fields": below}})
    return {"layers": layers}


def history(messages: Sequence[Message], files: Mapping[Picture, Mapping[str, Any]]) -> Any:
    """Write a conversation as the host reads it; `files` are the pictures that were sent."""
    return {
        "messages": [
            {
                "role": message.role,
                "content": [
                    *_text_parts(message),
                    *map(call_part, message.calls),
                    *map(result_part, message.results),
                    *(
                        {"type": "file", "name": picture.name, **files[picture]}
                        for picture in message.pictures
                    ),
                ],
            }
            for message in messages
        ]
    }


def _text_parts(message: Message) -> list[dict[str, Any]]:
    """Return the text as a part, unless calls or results stand in its place."""
    if not message.text and (message.calls or message.results):
        return []
    return [{"type": "text", "text": message.text}]


@reads("its answer")
def step(packet: Mapping[str, Any]) -> PredictionEvent | None:
    """Read one packet of a prediction; `None` for those that say nothing to a reader.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    match packet:
        case {"type": "fragment"}:
            fragment = table(packet.get("fragment"))
            kind = fragment.get("reasoningType", "none")
            content = text(fragment.get("content"))
            if kind in ("reasoningStartTag", "reasoningEndTag"):
                return None
            return PredictionFragment(text=content, thought=kind == "reasoning")
        case {"type": "toolCallGenerationEnd"}:
            return read_call(packet.get("toolCallRequest"))
        case {"type": "toolCallGenerationFailed"}:
            return read_failure(packet)
        case {"type": "success"}:
            stats = table(packet.get("stats") or {})
            fields = {
                "stop_reason": stats.get("stopReason", "unknown"),
                "tokens_per_second": stats.get("tokensPerSecond"),
                "first_token_s": stats.get("timeToFirstTokenSec"),
                "prompt_tokens": stats.get("promptTokensCount"),
                "predicted_tokens": stats.get("predictedTokensCount"),
            }
            return noun(fields | _log_probs(packet), PredictionStats)
        case _:
            return None


def _log_probs(packet: Mapping[str, Any]) -> dict[str, Any]:
    """Read how probable the tokens were, which the embedded engine tells with the end."""
    if packet.get("logProbs") is None:
        return {}
    read = [
        {
            "token": text(token.get("token")),
            "log_prob": token.get("logProb"),
            "top": [
                (other.get("token"), other.get("logProb"))
                for other in map(table, rows(token.get("top", [])))
            ],
        }
        for token in map(table, rows(packet["logProbs"]))
    ]
    return {"log_probs": read}
