"""LM Studio's dicts → our nouns; the only place that knows camelCase and milliseconds.

The SDK's typed infos drop the TTL, the time of last use, the publisher and the quantisation, so
the raw dicts are read here. Fields that older hosts leave out are optional.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from lms_jupyter.errors import HostReplyError
from lms_jupyter.hosts.base import Sight
from lms_jupyter.protocol.models import Estimate, Instance, Load, Memory, Model, Status

Raw = Mapping[str, Any]
Noun = TypeVar("Noun")

STATUSES: Mapping[str, Status] = {
    "idle": "idle",
    "processingPrompt": "processing_prompt",
    "generating": "generating",
    "computingEmbedding": "computing_embedding",
}


def model(raw: Raw) -> Model:
    """Read one entry of `listDownloadedModels`.

    Raises:
        HostReplyError: A field that every host sends is missing or of another type.
    """
    return _convert(
        {
            **_shared(raw),
            "variants": raw.get("variants") or (),
            "selected_variant": raw.get("selectedVariant"),
        },
        Model,
    )


def instance(raw: Raw, state: Raw | None = None) -> Instance:
    """Read one entry of `listLoaded`, with the answer of `getInstanceProcessingState` if any.

    Raises:
        HostReplyError: A field that every host sends is missing or of another type.
    """
    state = state or raw
    ttl_ms, last_used_ms = raw.get("ttlMs"), raw.get("lastUsedTime")
    return _convert(
        {
            **_shared(raw),
            "identifier": raw.get("identifier"),
            "instance_reference": raw.get("instanceReference"),
            "memory_bytes": raw.get("memoryBytes"),
            "context_length": raw.get("contextLength", raw.get("maxContextLength")),
            "status": STATUSES.get(state.get("status", "idle"), "idle"),
            "queued": state.get("queued", 0),
            "ttl_s": None if ttl_ms is None else ttl_ms / 1000,
            "idle_since": None if last_used_ms is None else last_used_ms / 1000,
            "pinned": raw.get("pinned", False),
            "jit": raw.get("jit", False),
            "owner": raw.get("owner") or None,
            "tokens_per_second": state.get("tokensPerSecond"),
        },
        Instance,
    )


def sight(raw: Raw) -> Sight:
    """Read the engine's account of everything in memory (`getActivity`, `watchActivity`).

    Raises:
        HostReplyError: It is not what the engine promises.
    """
    memory = raw.get("memory")
    try:
        return Sight(
            now=raw["now"] / 1000,
            instances=tuple(map(instance, raw["instances"])),
            loads=tuple(map(_load, raw.get("loads", ()))),
            memory=Memory(
                total_bytes=memory["totalBytes"], available_bytes=memory["availableBytes"]
            )
            if memory
            else None,
        )
    except (KeyError, TypeError) as error:
        raise HostReplyError(f"The host's account of its memory lacks {error}.") from error


def estimate(raw: Raw) -> Estimate:
    """Read the answer of `estimateModelUsage`.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    memory = raw.get("memory", {})
    return _convert(
        {
            "total_bytes": memory.get("totalBytes"),
            "vram_bytes": memory.get("totalVramBytes", 0),
            "confidence": memory.get("confidence", "low"),
            "passes_guardrails": raw.get("passesGuardrails", True),
        },
        Estimate,
    )


def _load(raw: Raw) -> Load:
    return _convert(
        {
            "load_id": raw["loadId"],
            "identifier": raw.get("identifier"),
            "model_key": raw["modelKey"],
            "kind": raw.get("type"),
            "fraction": raw["progress"],
            "started_at": raw["startedAt"] / 1000,
        },
        Load,
    )


def _shared(raw: Raw) -> dict[str, Any]:
    """Read what a model on the disk and its instance in memory have in common."""
    return {
        "model_key": raw.get("modelKey"),
        "kind": raw.get("type"),
        "display_name": raw.get("displayName"),
        "path": raw.get("path"),
        "size_bytes": raw.get("sizeBytes"),
        "params": raw.get("paramsString"),
        "architecture": raw.get("architecture"),
        "publisher": raw.get("publisher"),
        "format": raw.get("format", "gguf"),
        "indexed_model_identifier": raw.get("indexedModelIdentifier"),
        "quantization": (raw.get("quantization") or {}).get("name"),
        "quantization_bits": (raw.get("quantization") or {}).get("bits"),
        "max_context_length": raw.get("maxContextLength"),
        "vision": raw.get("vision", False),
        "trained_for_tool_use": raw.get("trainedForToolUse", False),
        "device": raw.get("deviceIdentifier"),
    }


def _convert(fields: dict[str, Any], noun: type[Noun]) -> Noun:
    try:
        return msgspec.convert(fields, noun, strict=False)
    except msgspec.ValidationError as error:
        named = fields.get("identifier") or fields.get("model_key") or "something"
        raise HostReplyError(
            f"The host describes {named!r} in a way that we cannot read: {error}.",
            hint="It may be much older or newer than what this version was tested with.",
        ) from error
