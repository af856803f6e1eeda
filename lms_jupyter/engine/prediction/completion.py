"""Reads llama.cpp's stream of a plain completion (`/completion`)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from lms_jupyter.engine.errors import ContextFullError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.instances.room import Seat, ahead
from lms_jupyter.engine.prediction.budget import Budget
from lms_jupyter.engine.prediction.llama_http import LlamaHttp
from lms_jupyter.engine.prediction.overflow import shorten
from lms_jupyter.engine.prediction.prediction import (
    Fragment,
    Outcome,
    Piece,
    PredictionSettings,
    Prompt,
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

MAX_RESUMED: Final = 3
"""How often a request goes on that others have ended; they could come again without end."""
_STOP_TYPES: Final[Mapping[str, StopReason]] = {"eos": "eosFound", "word": "stopStringFound"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Continues a prompt, which may take several runs of llama.cpp."""

    llama: LlamaHttp
    instance: Instance
    prompt: Prompt
    settings: PredictionSettings
    outcome: Outcome
    seat: Seat | None
    tokens: Callable[[str], Awaitable[list[int]]]
    """Cuts a text into tokens."""

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Generate; if the context is full and the policy allows it, shorten and go on."""
        splitter = ReasoningSplitter(self.settings.reasoning, self.prompt.text)
        budget = self._budget()
        if budget is not None and budget.is_over(splitter):
            for fragment in self._end_thought(budget, splitter):
                yield fragment
        prompt: Any = self._prompt()
        resumed = 0
        while prompt is not None:
            async with aclosing(self._run(prompt, splitter, budget)) as pieces:
                async for piece in pieces:
                    yield piece
            if resumed < MAX_RESUMED and self._was_ended_by_others:
                resumed += 1
                prompt = self._prompt()
                continue
            if budget is None or not self._thinks_too_long(budget, splitter):
                prompt = await self._next_prompt()
                continue
            for fragment in self._end_thought(budget, splitter):
                yield fragment
            prompt = self._prompt()
        for fragment in splitter.end():
            yield fragment

    async def _run(
        self, prompt: Any, splitter: ReasoningSplitter, budget: Budget | None
    ) -> AsyncGenerator[Piece]:
        """Let llama.cpp generate once, until it ends or the model has thought for too long."""
        outcome = self.outcome
        before, started = outcome.predicted_tokens, time.monotonic()
        outcome.stop_reason = "failed"
        async with aclosing(self._events(prompt)) as events:
            with noting_full(outcome, self.seat):
                async for event in events:
                    if "prompt_progress" in event:
                        yield progress_of(event)
                        continue
                    if outcome.first_token_s is None:
                        outcome.first_token_s = time.monotonic() - started
                    for fragment in self._fragments(event, before, splitter):
                        if budget is not None:
                            budget.count(fragment)
                        yield fragment
                    if budget is not None and self._thinks_too_long(budget, splitter):
                        return

    def _budget(self) -> Budget | None:
        """Return what the model may think; where the form is fixed, it does not think at all."""
        tokens, tags = self.settings.reasoning_budget, self.settings.reasoning
        if tokens is None or tags is None or self._is_constrained:
            return None
        message = self.instance.settings.reasoning_budget_message or ""
        return Budget(tokens=tokens, tags=tags, message=message)

    def _thinks_too_long(self, budget: Budget, splitter: ReasoningSplitter) -> bool:
        """Whether the reasoning is to be ended; what has ended by itself is not taken up again."""
        return self.outcome.stop_reason == "failed" and budget.is_over(splitter)

    def _end_thought(self, budget: Budget, splitter: ReasoningSplitter) -> Iterator[Fragment]:
        text, fragments = budget.end(splitter)
        self.outcome.text += text
        yield from fragments

    def _prompt(self) -> Any:
        """Return what to continue: the prompt and the answer so far; nothing if it is long enough.

        The answer so far is empty at first, unless a thought was ended before it began.
        """
        longest = self.settings.max_tokens
        if longest is not None and self.outcome.predicted_tokens >= longest:
            self.outcome.stop_reason = "maxPredictedTokensReached"
            return None
        text = self.prompt.text + self.outcome.text
        if not self.prompt.images:
            return text
        return {"prompt_string": text, "multimodal_data": list(self.prompt.images)}

    async def _next_prompt(self) -> list[int] | None:
        """Return what to go on from in tokens, or nothing if that was the end."""
        if self.outcome.stop_reason != "contextLengthReached" or not self._may_go_on:
            return None
        tokens = await self.tokens(self.prompt.text + self.outcome.text)
        length = self.instance.context_length
        if self.seat is not None and (self.seat.is_over or self.seat.room.has_several):
            length = self.seat.room.share
            self.seat.begin_again()
        return shorten(tokens, length, self.settings.overflow)

    @property
    def _may_go_on(self) -> bool:
        """Whether a full context is no reason to stop; a grammar could not be taken up again."""
        may_shorten = self.settings.overflow != "stopAtLimit"
        return may_shorten and not self.prompt.images and not self._is_constrained

    @property
    def _was_ended_by_others(self) -> bool:
        """Whether the context was full of what others had taken.

        llama.cpp then ends all of them. That happens where this process gets no processor for so
        long that the greediest is not ended in time: the margin of the room is used up.
        """
        if self.seat is None or not self.seat.keeps_promise:
            return False
        may_resume = not self._is_constrained or not self.outcome.text
        return may_resume and self.outcome.stop_reason == "contextLengthReached"

    @property
    def _is_constrained(self) -> bool:
        return self.settings.grammar is not None or self.settings.json_schema is not None

    def _events(self, prompt: Any) -> AsyncGenerator[dict[str, Any]]:
        """Ask llama.cpp to continue text, tokens, or text with images."""
        body = STREAMED | sampling_fields(self.settings) | {"prompt": prompt}
        if self.settings.max_tokens is not None:
            body["n_predict"] = self.settings.max_tokens - self.outcome.predicted_tokens
        return ahead(self.llama.stream(self.instance, "/completion", body), self.seat, _used)

    def _fragments(
        self, event: Mapping[str, Any], before: int, splitter: ReasoningSplitter
    ) -> Iterator[Fragment]:
        """Take in an event of a run; counts go on from where the run before it stopped."""
        outcome, content = self.outcome, event["content"]
        if not before:
            outcome.prompt_tokens = event.get("tokens_evaluated", outcome.prompt_tokens)
        drafted = note_timings(event, outcome)
        total = before + event["tokens_predicted"]
        tokens, outcome.predicted_tokens = total - outcome.predicted_tokens, total
        outcome.text += content
        if self.settings.log_probs is not None:
            outcome.log_probs = outcome.log_probs or []
            outcome.log_probs += event.get("completion_probabilities") or ()
        if content or tokens:
            for fragment in splitter.feed(content, tokens):
                yield replace(fragment, drafted=True) if drafted else fragment
        if event.get("stop"):
            _note_stop(event, outcome)


@contextmanager
def noting_full(outcome: Outcome, seat: Seat | None) -> Iterator[None]:
    """Take it for an end if there is no more room in the context, or no more for this one."""
    try:
        yield
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
    progress = event["prompt_progress"]
    return PromptProgress(progress["total"], progress["cache"], progress["processed"])


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
