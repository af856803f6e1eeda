"""The probabilities of a completion's tokens in OpenAI's form; llama.cpp writes those of a chat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from lms_jupyter.engine.wire.openai import without_progress
from lms_jupyter.engine.wire.sse import Event

_LOGPROBS: Final = b'"logprobs":{'
"""Cannot stand in a text, where its quotation marks would be escaped."""


class CompletionLogprobs:
    """Adds OpenAI's lists beside llama.cpp's, to a whole answer or to the events of a stream."""

    def __init__(self) -> None:
        self._lengths: Counter[int] = Counter()
        """How long the text is so far, of each choice."""

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return a whole answer with the lists."""
        return {**answer, "choices": [self._completed(choice) for choice in answer["choices"]]}

    def complete(self, event: Event) -> Sequence[Event]:
        """Return an event with the lists; none if it only tells how far the prompt is read."""
        events = without_progress(event)
        if not events or _LOGPROBS not in event.data:
            return events
        return (Event(msgspec.json.encode(self.whole(event.decode()))),)

    def _completed(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        logprobs = choice.get("logprobs")
        if not isinstance(logprobs, Mapping) or not isinstance(logprobs.get("content"), list):
            return dict(choice)
        lists = self._lists(logprobs["content"], choice.get("index") or 0)
        return {**choice, "logprobs": {**logprobs, **lists}}

    def _lists(self, tokens: Sequence[Mapping[str, Any]], index: int) -> dict[str, list[Any]]:
        offsets = []
        for token in tokens:
            offsets.append(self._lengths[index])
            self._lengths[index] += len(token["token"])
        return {
            "tokens": [token["token"] for token in tokens],
            "token_logprobs": [token["logprob"] for token in tokens],
            "top_logprobs": [
                {top["token"]: top["logprob"] for top in token.get("top_logprobs") or ()}
                for token in tokens
            ],
            "text_offset": offsets,
        }
