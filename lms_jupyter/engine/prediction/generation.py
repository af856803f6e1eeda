"""Reads llama.cpp's stream of a plain completion (`/completion`)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from lms_jupyter.engine.errors import ContextFullError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.instances.room import Seat, ahead
from lms_jupyter.engine.prediction.llama_http import LlamaHttp
from lms_jupyter.engine.prediction.prediction import (
    Fragment,
    Outcome,
    PredictionSettings,
    PromptProgress,
    StopReason,
)
from lms_jupyter.engine.prediction.reasoning import ReasoningSplitter
from lms_jupyter.engine.prediction.sampling import sampling_fields

STREAMED: Final = {
    "stream": True,
    "return_progress": True,
    "cache_prompt": True,
    "timings_per_token": True,
}
"""Progress also makes llama.cpp notice a cancelled request while it reads the prompt."""

_STOP_TYPES: Final[Mapping[str, StopReason]] = {"eos": "eosFound", "word": "stopStringFound"}


@dataclass(frozen=True, slots=True)
class Generation:
    """One prediction on its way, which may take several runs of llama.cpp."""

    llama: LlamaHttp
    instance: Instance
    settings: PredictionSettings
    splitter: ReasoningSplitter
    outcome: Outcome
    seat: Seat | None = None

    async def run(self, prompt: Any) -> AsyncGenerator[PromptProgress | Fragment]:
        """Continue `prompt` (text, tokens, or text with images) until llama.cpp stops.

        Counts go on from where the outcome stands.
        """
        outcome = self.outcome
        before = outcome.predicted_tokens
        started = time.monotonic()
        body = STREAMED | sampling_fields(self.settings) | {"prompt": prompt}
        if self.settings.max_tokens is not None:
            body["n_predict"] = self.settings.max_tokens - before
        said = self.llama.stream(self.instance, "/completion", body)
        async with aclosing(in_room(said, self.seat, outcome, _used)) as events:
            async for event in events:
                if "prompt_progress" in event:
                    yield progress_of(event)
                    continue
                if outcome.first_token_s is None:
                    outcome.first_token_s = time.monotonic() - started
                if not before:
                    outcome.prompt_tokens = event.get("tokens_evaluated", outcome.prompt_tokens)
                for fragment in self._heard(event, before + event["tokens_predicted"]):
                    yield fragment

    def _heard(self, event: Mapping[str, Any], total: int) -> Iterator[Fragment]:
        outcome = self.outcome
        drafted = note_timings(event, outcome)
        tokens, outcome.predicted_tokens = total - outcome.predicted_tokens, total
        outcome.text += event["content"]
        if event["content"] or tokens:
            for fragment in self.splitter.feed(event["content"], tokens):
                yield replace(fragment, drafted=drafted)
        if event.get("stop"):
            _note_stop(event, outcome)


async def in_room(
    events: AsyncGenerator[dict[str, Any]],
    seat: Seat | None,
    outcome: Outcome,
    used: Callable[[dict[str, Any], int], int],
) -> AsyncGenerator[dict[str, Any]]:
    """Yield events as long as there is room; note it if there is no more."""
    try:
        async with aclosing(ahead(events, seat, used)) as heard:
            async for event in heard:
                yield event
    except ContextFullError:
        outcome.stop_reason = "contextLengthReached"
    if seat is not None and seat.is_over:
        outcome.stop_reason = "contextLengthReached"


def _used(event: Mapping[str, Any], before: int) -> int:
    """Return how many tokens of the context there are by now."""
    if "prompt_progress" in event:
        return int(event["prompt_progress"]["total"])
    return int(event.get("tokens_evaluated", before)) + int(event.get("tokens_predicted", 1))


def progress_of(event: Mapping[str, Any]) -> PromptProgress:
    """Return how far the prompt has been read."""
    said = event["prompt_progress"]
    return PromptProgress(said["total"], said["cache"], said["processed"])


def note_timings(event: Mapping[str, Any], outcome: Outcome) -> bool:
    """Take llama.cpp's measurements into the outcome; return whether drafted tokens are new."""
    timings = event.get("timings") or {}
    if timings.get("predicted_ms") and timings.get("predicted_n", 0) > 1:
        outcome.tokens_per_second = timings["predicted_per_second"]
    before = outcome.accepted_tokens or 0
    if "draft_n" in timings:
        outcome.drafted_tokens = timings["draft_n"]
        outcome.accepted_tokens = timings["draft_n_accepted"]
    return (outcome.accepted_tokens or 0) > before


def _note_stop(event: Mapping[str, Any], outcome: Outcome) -> None:
    kind = str(event.get("stop_type"))
    if kind in _STOP_TYPES:
        outcome.stop_reason = _STOP_TYPES[kind]
        outcome.stop_string = event.get("stopping_word") or None
    elif event.get("truncated"):
        outcome.stop_reason = "contextLengthReached"
    else:
        outcome.stop_reason = "maxPredictedTokensReached"
