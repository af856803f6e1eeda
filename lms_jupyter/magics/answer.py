"""What a model said, and how that is shown while it comes and when it has ended."""

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from lms_jupyter.api.answers import Answer, Draft
from lms_jupyter.errors import LmsError
from lms_jupyter.hosts.prediction import PredictionStats
from lms_jupyter.printable import printable
from lms_jupyter.protocol.models import Instance

STOPS = {
    "eosFound": "finished",
    "stopStringFound": "stop string found",
    "maxPredictedTokensReached": "reached max tokens",
    "contextLengthReached": "reached the end of the context",
    "userStopped": "stopped",
    "modelUnloaded": "the model was unloaded",
    "toolCalls": "calls a tool",
    "failed": "failed",
}
STOPPED = "userStopped"


class Figures(Struct, frozen=True, kw_only=True):
    """The line below an answer."""

    model: str
    stats: PredictionStats | None
    calls: int = 0
    warm_tokens: int = 0
    """How many tokens the instance began with that one before it had read."""

    def __str__(self) -> str:
        stats = self.stats
        if stats is None:
            return f"{self.model} · stopped"
        parts = [self.model]
        if self.calls:
            parts.append(f"{self.calls} tool call{'s' if self.calls > 1 else ''}")
        if stats.tokens_per_second is not None:
            parts.append(f"{stats.tokens_per_second:.2f} tokens/s")
        if stats.first_token_s is not None:
            parts.append(f"first token after {stats.first_token_s:.3f} s")
        if stats.prompt_tokens is not None and stats.predicted_tokens is not None:
            parts.append(f"{stats.prompt_tokens} tokens in, {stats.predicted_tokens} out")
        parts.append(STOPS.get(stats.stop_reason, stats.stop_reason))
        if self.warm_tokens:
            parts.append(f"warm: {self.warm_tokens:,} tokens kept")
        return " · ".join(parts)

    def bundle(self) -> dict[str, str]:
        """Show it small."""
        return {"text/plain": str(self), "text/html": f"<small>{html.escape(str(self))}</small>"}


@dataclass(slots=True, kw_only=True)
class Column:
    """One of several answers to the same prompt."""

    name: str
    """As the model was asked for."""
    instance: Instance
    draft: Draft = field(default_factory=Draft)
    problem: LmsError | None = None
    is_stopped: bool = False

    @property
    def below(self) -> str:
        """What stands below it: its figures, or why there are none."""
        stats = self.draft.stats
        if self.problem is not None:
            return self.problem.title
        if stats is None and not self.is_stopped:
            return ""
        return str(Figures(model=self.instance.identifier, stats=stats))


def side_by_side(columns: Iterable[Column]) -> dict[str, str]:
    """Show several answers as columns, with everything that came from a model escaped."""
    shown = [(column.instance.identifier, column.draft.text, column.below) for column in columns]
    cells = "".join(
        '<div style="flex:1;min-width:16em;padding:0 1em 0 0;text-align:left">'
        f"<b>{html.escape(name)}</b>"
        f'<div style="white-space:pre-wrap">{html.escape(text)}</div>'
        f"<small>{html.escape(below)}</small></div>"
        for name, text, below in shown
    )
    plain = "\n\n".join(
        f"{name}\n{'-' * len(name)}\n{text}\n{below}".rstrip() for name, text, below in shown
    )
    page = f'<div style="display:flex;flex-wrap:wrap">{cells}</div>'
    return {"text/plain": printable(plain), "text/html": page}


def is_schema(value: object) -> bool:
    """Whether this can say what an answer must be: a JSON Schema or a Pydantic class."""
    return isinstance(value, dict) or hasattr(value, "model_json_schema")


def as_value(answer: Answer, schema: Any) -> Any:
    """Read an answer that was to be JSON into what its schema makes of it.

    Raises:
        ValueError: It is no such JSON: it was cut short, or the host does not hold to schemas.
    """
    if hasattr(schema, "model_validate_json"):
        return schema.model_validate_json(str(answer))

    return json.loads(str(answer))
