"""LM Studio's own REST replies as strict types: what is not described is wrong."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET

from .schemas import Maybe


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An object without other keys, which are written with underscores here."""


# /api/v1


class Bits(Strict):
    name: str | None
    bits_per_weight: float | None


class LlmConfig(Strict):
    context_length: int
    eval_batch_size: int
    parallel: int
    flash_attention: bool
    num_experts: int
    offload_kv_cache_to_gpu: bool


class EmbeddingConfig(Strict):
    context_length: int


class LoadedLlm(Strict):
    id: str
    config: LlmConfig


class LoadedEmbedding(Strict):
    id: str
    config: EmbeddingConfig


class ReasoningCapability(Strict):
    allowed_options: list[Literal["off", "low", "medium", "high", "on"]]
    default: Literal["off", "low", "medium", "high", "on"]


class Capabilities(Strict):
    vision: bool
    trained_for_tool_use: bool
    reasoning: Maybe[ReasoningCapability] = UNSET


class Entry(Strict):
    publisher: str
    key: str
    display_name: str
    quantization: Bits | None
    size_bytes: int
    params_string: str | None
    max_context_length: int
    format: Literal["gguf"]
    variants: Maybe[list[str]] = UNSET
    selected_variant: Maybe[str] = UNSET


class LlmEntry(Entry, tag_field="type", tag="llm", kw_only=True):
    loaded_instances: list[LoadedLlm]
    architecture: str | None
    capabilities: Capabilities
    description: str | None


class EmbeddingEntry(Entry, tag_field="type", tag="embedding", kw_only=True):
    loaded_instances: list[LoadedEmbedding]


class Models(Strict):
    models: list[LlmEntry | EmbeddingEntry]


class Loaded(Strict):
    type: Literal["llm", "embedding"]
    instance_id: str
    load_time_seconds: float
    status: Literal["loaded"]


class LoadedEcho(Loaded, kw_only=True):
    load_config: LlmConfig


class Unloaded(Strict):
    instance_id: str


class ChatPart(Strict):
    type: Literal["message", "reasoning"]
    content: str


class ChatStats(Strict):
    input_tokens: int
    total_output_tokens: int
    reasoning_output_tokens: int
    tokens_per_second: float
    time_to_first_token_seconds: float
    model_load_time_seconds: Maybe[float] = UNSET


class Chat(Strict):
    model_instance_id: str
    output: list[ChatPart]
    stats: ChatStats
    response_id: Maybe[str] = UNSET


class ErrorV1(Strict):
    type: Literal[
        "invalid_request",
        "unknown",
        "mcp_connection_error",
        "plugin_connection_error",
        "not_implemented",
        "model_not_found",
        "job_not_found",
        "internal_error",
    ]
    message: str
    code: Maybe[str] = UNSET
    param: Maybe[str] = UNSET


class FailureV1(Strict):
    error: ErrorV1


class ChatStart(Strict, tag="chat.start"):
    model_instance_id: str


class LoadStart(Strict, tag="model_load.start"):
    model_instance_id: str


class LoadProgress(Strict, tag="model_load.progress"):
    model_instance_id: str
    progress: float


class LoadEnd(Strict, tag="model_load.end"):
    model_instance_id: str
    load_time_seconds: float


class PromptStart(Strict, tag="prompt_processing.start"):
    pass


class PromptProgress(Strict, tag="prompt_processing.progress"):
    progress: float


class PromptEnd(Strict, tag="prompt_processing.end"):
    pass


class MessageStart(Strict, tag="message.start"):
    pass


class MessageDelta(Strict, tag="message.delta"):
    content: str


class MessageEnd(Strict, tag="message.end"):
    pass


class ErrorEvent(Strict, tag="error"):
    error: ErrorV1


class ChatEnd(Strict, tag="chat.end"):
    result: Chat


ChatEvent: TypeAlias = (
    ChatStart
    | LoadStart
    | LoadProgress
    | LoadEnd
    | PromptStart
    | PromptProgress
    | PromptEnd
    | MessageStart
    | MessageDelta
    | MessageEnd
    | ErrorEvent
    | ChatEnd
)


# /api/v0 and /v1


class EntryV0(Strict):
    id: str
    object: Literal["model"]
    type: Literal["llm", "vlm", "embeddings"]
    publisher: str
    arch: str
    compatibility_type: Literal["gguf"]
    quantization: str
    state: Literal["loaded", "not-loaded"]
    max_context_length: int
    capabilities: Maybe[list[Literal["tool_use"]]] = UNSET


class ModelsV0(Strict):
    object: Literal["list"]
    data: list[EntryV0]


class StatsV0(Strict):
    tokens_per_second: float
    time_to_first_token: float
    generation_time: float
    stop_reason: str


class ModelInfoV0(Strict):
    arch: str
    quant: str
    format: Literal["gguf"]
    context_length: int


class RuntimeV0(Strict):
    name: str
    version: str
    supported_formats: list[str]


class FiguresV0(msgspec.Struct, kw_only=True):
    """What is added to OpenAI's answers, whose own types say the rest."""

    stats: StatsV0
    model_info: ModelInfoV0
    runtime: RuntimeV0


class ErrorOpenAi(Strict):
    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None
    code: str


class FailureOpenAi(Strict):
    error: ErrorOpenAi


class ErrorAnthropic(Strict):
    type: Literal[
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
        "rate_limit_error",
        "api_error",
    ]
    message: str


class FailureAnthropic(Strict):
    type: Literal["error"]
    error: ErrorAnthropic


class ModelOpenAi(Strict):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsOpenAi(Strict):
    object: Literal["list"]
    data: list[ModelOpenAi]


class Greeting(Strict):
    lmstudio: bool


class Status(Strict):
    package: str
    version: str
    extensions: list[str]
    authentication: bool
    """Whether it wants a token."""
