"""The events and the result of LM Studio's REST chat, put together from a prediction's pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.prediction.prediction import Fragment, Outcome, Piece, PromptProgress
from lms_jupyter.engine.wire.sse import Event, event


class ChatWriter:
    """Turns pieces into events, and remembers what the result is made of."""

    def __init__(self) -> None:
        self._output: list[dict[str, Any]] = []
        self._open = ""
        self._reasoning_tokens = 0

    @property
    def text(self) -> str:
        """The answer without the thoughts."""
        return "".join(item["content"] for item in self._output if item["type"] == "message")

    def begin(self) -> Iterator[Event]:
        """Say that the prompt is being read."""
        yield from self._enter("prompt_processing")

    def write(self, piece: Piece) -> Iterator[Event]:
        """Take in one piece."""
        if isinstance(piece, PromptProgress):
            fraction = piece.processed / piece.total if piece.total else 1.0
            yield event({"type": "prompt_processing.progress", "progress": fraction})
        elif isinstance(piece, Fragment):
            thinks = piece.reasoning != "none"
            if thinks:
                self._reasoning_tokens += piece.tokens
            # What surrounds the thoughts is not shown, but tells where they begin.
            if piece.reasoning != "reasoningEndTag" and (piece.content or thinks):
                yield from self._enter("reasoning" if thinks else "message")
            if piece.content and piece.reasoning in {"none", "reasoning"}:
                self._output[-1]["content"] += piece.content
                yield event({"type": f"{self._open}.delta", "content": piece.content})

    def end(self) -> Iterator[Event]:
        """Close what is open."""
        yield from self._enter("")

    def result(
        self, instance: Instance, outcome: Outcome, *, load_s: float | None, response_id: str
    ) -> dict[str, Any]:
        """Write the whole answer."""
        stats: dict[str, Any] = {
            "input_tokens": outcome.prompt_tokens,
            "total_output_tokens": outcome.predicted_tokens,
            "reasoning_output_tokens": self._reasoning_tokens,
            "tokens_per_second": outcome.tokens_per_second or 0.0,
            "time_to_first_token_seconds": outcome.first_token_s or 0.0,
        }
        if load_s is not None:
            stats["model_load_time_seconds"] = load_s
        written: dict[str, Any] = {
            "model_instance_id": instance.identifier,
            "output": [item for item in self._output if item["content"]],
            "stats": stats,
        }
        if response_id:
            written["response_id"] = response_id
        return written

    def _enter(self, part: str) -> Iterator[Event]:
        """Go from one part of the answer to the next."""
        if part == self._open:
            return
        if self._open:
            yield event({"type": f"{self._open}.end"})
        self._open = part
        if part:
            yield event({"type": f"{part}.start"})
        if part in {"reasoning", "message"}:
            self._output.append({"type": part, "content": ""})


def load_event(kind: str, instance: Instance, **more: float) -> Event:
    """Write how a load goes: `start`, `progress` or `end`."""
    return event({"type": f"model_load.{kind}", "model_instance_id": instance.identifier} | more)
