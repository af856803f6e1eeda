"""What a model answered, with its figures; and an answer while it comes."""

from collections.abc import Sequence
from typing import Literal, Self

from msgspec import Struct

from lms_jupyter.hosts.prediction import PredictionEvent, PredictionStats, TokenProbability
from lms_jupyter.hosts.tool_calls import ToolCall, ToolCallFailed
from lms_jupyter.printable import printable


class Called(Struct, frozen=True, kw_only=True):
    """A call of a tool, and what came of it."""

    call: ToolCall
    outcome: Literal["answered", "failed", "refused"]
    text: str
    """The result, or why there is none."""

    @property
    def content(self) -> str:
        """What the model is told."""
        return self.text if self.outcome == "answered" else f"Error: {self.text}"


class Answer(str):  # noqa: SLOT000 - it carries its figures
    """An answer as text, with its figures.

    Attributes:
        stats: Tokens per second, time to the first token, counts, and why it ended; `None` if it
            was stopped.
        thoughts: What a reasoning model thought before it answered.
        model: The identifier of the instance that answered.
        calls: The tools that it called before, and what came of that.
    """

    stats: PredictionStats | None
    thoughts: str
    model: str
    calls: tuple[Called, ...]

    @classmethod
    def of(cls, draft: "Draft", model: str, calls: Sequence[Called] = ()) -> Self:
        """Return what was generated, as a value to keep."""
        answer = cls(draft.text)
        answer.stats, answer.thoughts, answer.model = draft.stats, draft.thoughts, model
        answer.calls = tuple(calls)
        return answer

    @property
    def log_probs(self) -> tuple[TokenProbability, ...] | None:
        """How probable each token was, with `--log-probs`; `None`: the host has not told it."""
        return None if self.stats is None else self.stats.log_probs

    @property
    def told(self) -> PredictionStats | None:
        """The `stats`, by the name that notebooks of earlier versions use."""
        return self.stats

    def _repr_markdown_(self) -> str:
        return str(self)


class Draft:
    """An answer that grows: written on the manager's loop, read in the thread of the cell."""

    def __init__(self) -> None:
        self.text = ""
        self.thoughts = ""
        self.stats: PredictionStats | None = None
        self.calls: list[ToolCall] = []
        self.failed_calls: list[str] = []

    def take(self, step: PredictionEvent) -> None:
        """Take the next piece."""
        if isinstance(step, PredictionStats):
            self.stats = step
        elif isinstance(step, ToolCall):
            self.calls.append(step)
        elif isinstance(step, ToolCallFailed):
            self.failed_calls.append(step.reason)
        elif step.thought:
            self.thoughts += step.text
        else:
            self.text += step.text

    def bundle(self) -> dict[str, str]:
        """Show what there is as Markdown; thoughts stand in a quotation above the answer."""
        thoughts = self.thoughts.strip()
        quoted = "\n".join(f"> {line}" for line in thoughts.splitlines())
        parts = [part for part in (quoted, self.text) if part]
        return {"text/markdown": "\n\n".join(parts), "text/plain": printable(self.text)}
