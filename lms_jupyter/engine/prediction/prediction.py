"""What a client asks of a prediction, what it yields, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeAlias

OverflowPolicy: TypeAlias = Literal["stopAtLimit", "truncateMiddle", "rollingWindow"]
ReasoningType: TypeAlias = Literal["none", "reasoning", "reasoningStartTag", "reasoningEndTag"]
StopReason: TypeAlias = Literal[
    "userStopped",
    "modelUnloaded",
    "failed",
    "eosFound",
    "stopStringFound",
    "toolCalls",
    "maxPredictedTokensReached",
    "contextLengthReached",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningTags:
    """What surrounds the part of an answer in which a model thinks."""

    start: str = "<think>"
    end: str = "</think>"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSettings:
    """A prediction configuration. `None` means llama.cpp's own default."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    xtc_probability: float | None = None
    xtc_threshold: float | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    mirostat: Mapping[str, Any] | None = None
    logit_bias: list[Any] | None = None
    seed: int | None = None
    log_probs: int | None = None
    max_tokens: int | None = None
    stop_strings: tuple[str, ...] = ()
    overflow: OverflowPolicy = "stopAtLimit"
    json_schema: Mapping[str, Any] | bool | None = None
    grammar: str | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str | None = None
    template: Mapping[str, Any] | None = None
    reasoning: ReasoningTags | None = field(default_factory=ReasoningTags)
    enable_thinking: bool | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Of the chat template, beside those that llama.cpp sets."""
    reasoning_budget: int | None = None
    """After how many tokens of reasoning its end is written for the model."""
    system_prompt: str | None = None
    draft_model: str | None = None

    @property
    def template_variables(self) -> dict[str, Any]:
        """What the chat template is given."""
        thinks = {} if self.enable_thinking is None else {"enable_thinking": self.enable_thinking}
        return {**self.variables, **thinks}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is to continue: text, and the images that its markers stand for (base64)."""

    text: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """How much of the prompt has been read, in tokens."""

    total: int
    cached: int
    processed: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of the answer."""

    content: str
    tokens: int
    reasoning: ReasoningType = "none"
    structural: bool = False
    drafted: bool = False
    """Whether a draft model proposed some of its tokens."""


@dataclass(frozen=True, slots=True)
class ToolCallBegan:
    """The model begins to call a tool."""

    call_id: str


@dataclass(frozen=True, slots=True)
class ToolCallNamed:
    """It is known which tool."""

    name: str


@dataclass(frozen=True, slots=True)
class ToolCallArguments:
    """A piece of the arguments' JSON."""

    content: str


@dataclass(frozen=True, slots=True)
class ToolCallEnded:
    """A call is complete."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCallFailed:
    """A call could not be read; `content` is what the model wrote."""

    title: str
    content: str


Piece: TypeAlias = (
    PromptProgress
    | Fragment
    | ToolCallBegan
    | ToolCallNamed
    | ToolCallArguments
    | ToolCallEnded
    | ToolCallFailed
)
"""What a prediction yields."""


@dataclass(slots=True)
class Outcome:
    """What came of a prediction so far: one that is broken off has one, too."""

    stop_reason: StopReason = "failed"
    stop_string: str | None = None
    prompt_tokens: int = 0
    predicted_tokens: int = 0
    drafted_tokens: int | None = None
    accepted_tokens: int | None = None
    draft_model: str | None = None
    """The key of the model that proposed tokens."""
    first_token_s: float | None = None
    total_s: float = 0.0
    tokens_per_second: float | None = None
    text: str = ""
    log_probs: list[Mapping[str, Any]] | None = None
    """What llama.cpp says of each token; `None`: it was not asked."""


class Prediction:
    """A prediction on its way: iterate over its pieces inside its block, once.

    Nothing is asked of llama.cpp before the first piece is. `outcome` is final when the pieces end
    or the block is left, which stops llama.cpp; until then it says how far things have come. If the
    instance is unloaded meanwhile, the pieces just end.
    """

    def __init__(self, begin: Callable[[Outcome], AsyncGenerator[Piece]]) -> None:
        self.outcome = Outcome()
        self._pieces = begin(self.outcome)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_why: object) -> None:
        await self._pieces.aclose()

    def __aiter__(self) -> AsyncGenerator[Piece]:
        return self._pieces
