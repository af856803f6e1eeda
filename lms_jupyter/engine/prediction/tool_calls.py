"""Reads llama.cpp's stream of a chat with tools (`/v1/chat/completions`): it parses the calls."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.instances.room import Seat, ahead
from lms_jupyter.engine.prediction.completion import (
    STREAMED,
    note_timings,
    noting_full,
    progress_of,
)
from lms_jupyter.engine.prediction.prediction import (
    Fragment,
    Outcome,
    Piece,
    PredictionSettings,
    StopReason,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolCallFailed,
    ToolCallNamed,
)
from lms_jupyter.engine.prediction.sampling import sampling_fields

_REASONS: Final[Mapping[str, StopReason]] = {"stop": "eosFound", "tool_calls": "toolCalls"}


@dataclass(slots=True)
class _Call:
    """One call as far as it has been heard."""

    call_id: str
    name: str = ""
    arguments: str = ""


def request_with_tools(
    conversation: Sequence[Mapping[str, Any]], settings: PredictionSettings
) -> dict[str, Any]:
    """Return what to ask llama.cpp for when the model may call tools."""
    body = STREAMED | sampling_fields(settings)
    body |= {"messages": list(conversation), "tools": list(settings.tools)}
    if settings.tool_choice:
        body["tool_choice"] = settings.tool_choice
    if variables := settings.template_variables:
        body["chat_template_kwargs"] = variables
    if settings.reasoning_budget is not None:
        body["thinking_budget_tokens"] = settings.reasoning_budget
    return body


async def read_calls(
    answer: AsyncGenerator[dict[str, Any]], instance: Instance, outcome: Outcome, seat: Seat | None
) -> AsyncGenerator[Piece]:
    """Return the pieces of an answer in which the model may call tools."""
    started = time.monotonic()
    calls = _Calls()
    async with aclosing(ahead(answer, seat, used_by_chat)) as events:
        with noting_full(outcome, seat):
            async for event in events:
                if "prompt_progress" in event:
                    progress = progress_of(event)
                    outcome.prompt_tokens = progress.total
                    yield progress
                    continue
                if outcome.first_token_s is None:
                    outcome.first_token_s = time.monotonic() - started
                for piece in _pieces_of(event, calls, instance, outcome):
                    yield piece
    for piece in calls.end():
        yield piece


def _pieces_of(
    event: Mapping[str, Any], calls: _Calls, instance: Instance, outcome: Outcome
) -> Iterator[Piece]:
    drafted = note_timings(event, outcome)
    total = (event.get("timings") or {}).get("predicted_n", outcome.predicted_tokens)
    tokens, outcome.predicted_tokens = total - outcome.predicted_tokens, total
    choice = event["choices"][0] if event.get("choices") else {"delta": {}}
    for piece in _pieces(choice["delta"], tokens, calls, outcome):
        yield replace(piece, drafted=True) if drafted and isinstance(piece, Fragment) else piece
    if choice.get("finish_reason"):
        yield from calls.end()
        _note_stop(choice["finish_reason"], instance, outcome)


def used_by_chat(event: Mapping[str, Any], before: int) -> int:
    """Return how many tokens of the context there are by now."""
    if "prompt_progress" in event:
        return int(event["prompt_progress"]["total"])
    timings = event.get("timings")
    if not timings:
        return before + 1
    return int(sum(timings.get(name, 0) for name in ("cache_n", "prompt_n", "predicted_n")))


class _Calls:
    """Puts calls together from their pieces."""

    def __init__(self) -> None:
        self._index = -1
        self._open: _Call | None = None

    def hear(self, delta: Mapping[str, Any]) -> Iterator[Piece]:
        """Take in one piece of a call."""
        function = delta.get("function") or {}
        if delta.get("index", 0) != self._index:
            yield from self.end()
            self._index = delta.get("index", 0)
            self._open = _Call(delta.get("id") or f"call_{self._index}")
            yield ToolCallBegan(self._open.call_id)
        call = self._open
        if call is None:
            return
        if function.get("name"):
            call.name += function["name"]
            yield ToolCallNamed(call.name)
        if function.get("arguments"):
            call.arguments += function["arguments"]
            yield ToolCallArguments(function["arguments"])

    def end(self) -> Iterator[Piece]:
        """Close the call that is open."""
        call, self._open = self._open, None
        if call is None:
            return
        try:
            arguments = msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            title = f"The arguments of the call of {call.name!r} are not a JSON object: {error}."
            yield ToolCallFailed(title, call.arguments)
        else:
            yield ToolCallEnded(call.call_id, call.name, arguments)


def _pieces(
    delta: Mapping[str, Any], tokens: int, calls: _Calls, outcome: Outcome
) -> Iterator[Piece]:
    if delta.get("reasoning_content"):
        yield Fragment(delta["reasoning_content"], tokens, "reasoning")
    if delta.get("content"):
        outcome.text += delta["content"]
        yield Fragment(delta["content"], tokens)
    for call in delta.get("tool_calls") or ():
        yield from calls.hear(call)


def _note_stop(reason: str, instance: Instance, outcome: Outcome) -> None:
    """Note why it ended; llama.cpp does not tell a full context from enough tokens here."""
    total = outcome.prompt_tokens + outcome.predicted_tokens
    if reason in _REASONS:
        outcome.stop_reason = _REASONS[reason]
    elif total >= instance.context_length:
        outcome.stop_reason = "contextLengthReached"
    else:
        outcome.stop_reason = "maxPredictedTokensReached"
