"""What was said over REST, for those who listen to the log: read from llama.cpp's own answers.

The formats differ, but what they call things does not overlap: OpenAI's chats and completions have
`choices`, its responses have `output`, Anthropic's messages have `content`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from lms_jupyter.engine.prediction.prediction import Outcome, StopReason
from lms_jupyter.engine.wire.sse import DONE, Event

_STOP_REASONS: Final[Mapping[str, StopReason]] = {
    "stop": "eosFound",
    "length": "maxPredictedTokensReached",
    "tool_calls": "toolCalls",
    "completed": "eosFound",
    "incomplete": "maxPredictedTokensReached",
    "end_turn": "eosFound",
    "max_tokens": "maxPredictedTokensReached",
    "stop_sequence": "stopStringFound",
    "tool_use": "toolCalls",
}
_DELTAS: Final = frozenset({"response.output_text.delta", "response.reasoning_text.delta"})


class Transcript:
    """Collects the text and the figures of one answer."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self._started = time.monotonic()

    def hear(self, incoming: Event) -> None:
        """Take in one event of a streamed answer."""
        if incoming.data == DONE:
            return
        try:
            content = incoming.decode()
        except msgspec.DecodeError:
            return
        self._add(_new_text(content))
        inner = content.get("response") or content.get("message")
        for part in (content, inner, content.get("delta")):
            if isinstance(part, dict):
                self._note(part)

    def read(self, answer: Mapping[str, Any]) -> None:
        """Take in a whole answer."""
        self._add("".join(_whole_text(answer)))
        self._note(answer)

    def note_usage(self, answer: Mapping[str, Any]) -> None:
        """Take in an answer that has no text: embeddings."""
        usage = answer.get("usage")
        self.outcome.stop_reason = "eosFound"
        self._note({"usage": usage if isinstance(usage, dict) else {}})

    def end(self, *, unloaded: bool) -> Outcome:
        """Return what came of it; an answer that has no end was broken off."""
        outcome = self.outcome
        outcome.total_s = time.monotonic() - self._started
        if outcome.stop_reason == "failed":
            outcome.stop_reason = "modelUnloaded" if unloaded else "userStopped"
        return outcome

    def _add(self, text: str) -> None:
        if text and self.outcome.first_token_s is None:
            self.outcome.first_token_s = time.monotonic() - self._started
        self.outcome.text += text

    def _note(self, part: Mapping[str, Any]) -> None:
        outcome = self.outcome
        usage = part.get("usage") or {}
        read = usage.get("prompt_tokens", usage.get("input_tokens"))
        written = usage.get("completion_tokens", usage.get("output_tokens"))
        outcome.prompt_tokens = read or outcome.prompt_tokens
        outcome.predicted_tokens = written or outcome.predicted_tokens
        timings = part.get("timings") or {}
        if "predicted_n" in timings:
            outcome.predicted_tokens = timings["predicted_n"]
            outcome.tokens_per_second = timings.get("predicted_per_second")
            outcome.prompt_tokens = timings.get("prompt_n", 0) + timings.get("cache_n", 0)
        reasons = [choice.get("finish_reason") for choice in part.get("choices") or ()]
        for reason in (*reasons, part.get("stop_reason"), part.get("status")):
            outcome.stop_reason = _STOP_REASONS.get(str(reason), outcome.stop_reason)


def _new_text(content: Mapping[str, Any]) -> str:
    """Return what an event adds to the answer."""
    delta = content.get("delta")
    if content.get("type") in _DELTAS:
        return str(delta)
    if isinstance(delta, dict):
        return str(delta.get("text") or delta.get("thinking") or "")
    return "".join(_chosen(content))


def _whole_text(answer: Mapping[str, Any]) -> Iterator[str]:
    yield from _chosen(answer)
    for item in answer.get("output") or ():
        for part in item.get("content") or ():
            yield str(part.get("text") or "")
    content = answer.get("content")
    for block in content if isinstance(content, list) else ():
        yield str(block.get("text") or block.get("thinking") or "")


def _chosen(content: Mapping[str, Any]) -> Iterator[str]:
    for choice in content.get("choices") or ():
        delta = choice.get("delta") or choice.get("message") or {}
        yield str(choice.get("text") or "")
        yield str(delta.get("reasoning_content") or "")
        yield str(delta.get("content") or "")
