"""How long a model may think: its end is written for it when the budget is used up. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lms_jupyter.engine.prediction.prediction import Fragment, ReasoningTags
from lms_jupyter.engine.prediction.reasoning import ReasoningSplitter


@dataclass(slots=True, kw_only=True)
class Budget:
    """The tokens of reasoning that one answer has left."""

    tokens: int
    tags: ReasoningTags
    message: str = ""
    """What the model reads before the end of its reasoning."""

    def count(self, fragment: Fragment) -> None:
        """Take in a piece of the answer."""
        if fragment.reasoning == "reasoning":
            self.tokens -= fragment.tokens

    def is_over(self, splitter: ReasoningSplitter) -> bool:
        """Whether the model still thinks, and has to stop. A new thought has no budget left."""
        return splitter.is_thinking and self.tokens <= 0

    def end(self, splitter: ReasoningSplitter) -> tuple[str, Iterator[Fragment]]:
        """Return what ends the reasoning, and the pieces that this makes of the answer."""
        text = f"{self.message}{self.tags.end}"
        return text, splitter.feed(text, 0)
