"""The replies of LM Studio's WebSocket protocol as strict types: what is not described is wrong.

Whole numbers have to be whole, keys are left out and not null (`Maybe`), unless a `None` says so.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")
Maybe: TypeAlias = T | UnsetType


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """An object without other keys."""


class Quantization(Strict):
    name: str
    bits: int


class Model(Strict, tag_field="type"):
    model_key: str
    format: Literal["gguf"]
    display_name: str
    path: str
    size_bytes: int
    publisher: str
    indexed_model_identifier: str
    device_identifier: None
    max_context_length: int
    params_string: Maybe[str] = UNSET
    architecture: Maybe[str] = UNSET
    quantization: Maybe[Quantization] = UNSET
    variants: Maybe[list[str]] = UNSET
    selected_variant: Maybe[str] = UNSET


class LlmModel(Model, tag="llm", kw_only=True):
    vision: bool
    trained_for_tool_use: bool


class EmbeddingModel(Model, tag="embedding", kw_only=True):
    pass


class Llm(LlmModel, tag="llm", kw_only=True):
    identifier: str
    instance_reference: str
    context_length: int
    ttl_ms: int | None
    last_used_time: int | None


class Embedding(EmbeddingModel, tag="embedding", kw_only=True):
    identifier: str
    instance_reference: str
    context_length: int
    ttl_ms: int | None
    last_used_time: int | None


AnyModel = LlmModel | EmbeddingModel
AnyInstance = Llm | Embedding
Status = Literal["idle", "processingPrompt", "generating", "computingEmbedding"]
Ratio = Literal["max", "off"] | float


class Ticked(Strict):
    checked: bool
    value: Any

    def __post_init__(self) -> None:
        if not self.checked:
            raise ValueError("What is not ticked is left out.")


class Field(Strict):
    key: str
    value: Any


class Config(Strict):
    fields: list[Field]


class State(Strict):
    status: Status
    queued: int


class MemoryUse(Strict):
    confidence: Literal["high", "low"]
    model_vram_bytes: int
    context_vram_bytes: int
    total_vram_bytes: int
    model_bytes: int
    context_bytes: int
    total_bytes: int


class Estimate(Strict):
    memory: MemoryUse
    passes_guardrails: bool


class Tokens(Strict):
    tokens: list[int]


class TokenCount(Strict):
    token_count: int


class Formatted(Strict):
    formatted: str


class Vector(Strict):
    embedding: list[float]


class Version(Strict):
    version: str
    build: int


class Info(Strict):
    pid: int
    is_daemon: bool
    version: str


class Link(Strict):
    status: Literal["offline"]
    issues: list[Literal["deviceDisabled"]]
    peers: list[Any]
    device_identifier: None
    device_name: str


class Upload(Strict):
    identifier: str
    file_type: Literal[
        "image", "text/plain", "application/pdf", "application/word", "text/other", "unknown"
    ]
    size_bytes: int


class HubName(Strict):
    type: Literal["hf"]
    identifier: str


class Hit(Strict):
    name: str
    identifier: HubName
    exact: Maybe[bool] = UNSET


class Hits(Strict):
    results: list[Hit]


class Option(Strict):
    name: str
    size_bytes: int
    fit_estimation: Literal["fitWithoutGPU", "willNotFit"]
    download_identifier: str
    indexed_model_identifier: str
    compatibility_type: Literal["gguf"]
    recommended: bool
    quantization: Maybe[str] = UNSET


class Options(Strict):
    results: list[Option]


class Authenticated(Strict):
    authenticated: bool


# Packets of channels


class Resolved(Strict, tag="resolved"):
    info: AnyModel


class Progress(Strict, tag="progress"):
    progress: float


class Success(Strict, tag="success"):
    info: AnyInstance


class AlreadyLoaded(Strict, tag="alreadyLoaded"):
    info: AnyInstance


class Unloading(Strict, tag="unloadingOtherJITModel"):
    info: AnyInstance


class StartLoading(Strict, tag="startLoading"):
    identifier: str
    info: AnyModel


class LoadProgress(Strict, tag="loadProgress"):
    progress: float


class LoadSuccess(Strict, tag="loadSuccess"):
    info: AnyInstance


class PromptDetails(Strict):
    cached_token_count: int
    total_prompt_token_count: int
    processed_prompt_token_count: int
    unprocessed_prompt_token_count: int


class PromptProgress(Strict, tag="promptProcessingProgress"):
    progress: float
    details: PromptDetails


class FragmentBody(Strict):
    content: str
    tokens_count: int
    contains_drafted: bool
    reasoning_type: Literal["none", "reasoning", "reasoningStartTag", "reasoningEndTag"]
    is_structural: bool


class Fragment(Strict, tag="fragment"):
    fragment: FragmentBody


class Stats(Strict):
    stop_reason: Literal[
        "userStopped",
        "modelUnloaded",
        "failed",
        "eosFound",
        "stopStringFound",
        "toolCalls",
        "maxPredictedTokensReached",
        "contextLengthReached",
    ]
    tokens_per_second: Maybe[float] = UNSET
    time_to_first_token_sec: Maybe[float] = UNSET
    total_time_sec: Maybe[float] = UNSET
    prompt_tokens_count: Maybe[int] = UNSET
    predicted_tokens_count: Maybe[int] = UNSET
    total_tokens_count: Maybe[int] = UNSET
    stop_string: Maybe[str] = UNSET
    used_draft_model_key: Maybe[str] = UNSET
    total_draft_tokens_count: Maybe[int] = UNSET
    accepted_draft_tokens_count: Maybe[int] = UNSET
    rejected_draft_tokens_count: Maybe[int] = UNSET


class Predicted(Strict, tag="success"):
    stats: Stats
    model_info: Llm
    load_model_config: Config
    prediction_config: Config


class LogInput(Strict, tag="llm.prediction.input"):
    input: str
    model_path: str
    model_identifier: str


class LogOutput(Strict, tag="llm.prediction.output"):
    output: str
    stats: Stats
    model_identifier: str


class ServerLine(Strict, tag="server.log"):
    level: Literal["debug", "info", "warn", "error"]
    content: str


class RuntimeLine(Strict, tag="runtime.log"):
    level: Literal["debug", "info", "warn", "error"]
    message: str
    engine_name: str
    engine_version: str
    engine_type: str
    pid: int
    model_identifier: Maybe[str] = UNSET


class LogBody(Strict):
    timestamp: int
    data: LogInput | LogOutput | ServerLine | RuntimeLine


class Log(Strict, tag="log"):
    log: LogBody


class Downloaded(Strict):
    downloaded_bytes: int
    total_bytes: int
    speed_bytes_per_second: float


class DownloadProgress(Strict, tag="downloadProgress"):
    update: Downloaded


class StartFinalizing(Strict, tag="startFinalizing"):
    pass


class DownloadSuccess(Strict, tag="success"):
    default_identifier: str


# The envelope


class Error(Strict):
    title: str
    root_title: str
    suggestion: Maybe[str] = UNSET
    error_data: Maybe[dict[str, Any]] = UNSET
    display_data: Maybe[dict[str, Any]] = UNSET


class RpcResult(Strict, tag="rpcResult"):
    call_id: int
    result: Maybe[msgspec.Raw] = UNSET


class RpcError(Strict, tag="rpcError"):
    call_id: int
    error: Error


class ChannelSend(Strict, tag="channelSend"):
    channel_id: int
    message: msgspec.Raw


class ChannelClose(Strict, tag="channelClose"):
    channel_id: int


class ChannelError(Strict, tag="channelError"):
    channel_id: int
    error: Error


Frame = RpcResult | RpcError | ChannelSend | ChannelClose | ChannelError

LOAD = Resolved | Progress | Success
GET_OR_LOAD = AlreadyLoaded | Unloading | StartLoading | LoadProgress | LoadSuccess
PREDICT = PromptProgress | Fragment | Predicted
DOWNLOAD = DownloadProgress | StartFinalizing | DownloadSuccess
