"""LM Studio's dicts → our nouns; the only place that knows camelCase and milliseconds.

The SDK's typed infos drop the TTL, the time of last use, the publisher and the quantisation, so
the raw dicts are read here. Fields that older hosts leave out are optional.
"""

from collections.abc import Mapping
from typing import Any

from lms_jupyter.hosts.base import Departure, GaveWay, Snapshot
from lms_jupyter.hosts.lm_link import short_name
from lms_jupyter.hosts.reading import moment, noun, number, one_line, reads, rows, table, unreadable
from lms_jupyter.protocol.models import (
    Estimate,
    GpuMemory,
    Instance,
    Keep,
    Load,
    Memory,
    MemoryUser,
    Model,
    Status,
)
from lms_jupyter.protocol.shares import GpuShare, WaitingUser

Raw = Mapping[str, Any]

STATUSES: Mapping[str, Status] = {
    "idle": "idle",
    "processingPrompt": "processing_prompt",
    "generating": "generating",
    "computingEmbedding": "computing_embedding",
}
SOURCES = ("calculated", "corrected", "measured")


@reads("its models")
def models(raw: Any) -> tuple[Model, ...]:
    """Read the answer of `listDownloadedModels`.

    Raises:
        HostReplyError: A field that every host sends is missing or of another type.
    """
    return tuple(map(model, rows(raw)))


@reads("a model")
def model(raw: Any) -> Model:
    """Read one entry of `listDownloadedModels`.

    Raises:
        HostReplyError: A field that every host sends is missing or of another type.
    """
    fields = {
        **_shared(table(raw)),
        "variants": raw.get("variants") or (),
        "selected_variant": raw.get("selectedVariant"),
    }
    try:
        return noun(fields, Model)
    except ValueError as error:
        raise unreadable(_named(fields), error) from error


@reads("what is in memory")
def listed(raw: Any) -> list[Any]:
    """Read the answer of `listLoaded`, one raw entry for each instance.

    Raises:
        HostReplyError: It is no list.
    """
    return rows(raw)


@reads("an instance")
def instance(raw: Any, state: Raw | None = None) -> Instance:
    """Read one entry of `listLoaded`, with what the host says of its state if anything.

    Raises:
        HostReplyError: A field that every host sends is missing or of another type.
    """
    activity = table(raw) if state is None else table(state)
    ttl_ms, last_used_ms = raw.get("ttlMs"), raw.get("lastUsedTime")
    fields = {
        **_shared(raw),
        "identifier": raw.get("identifier"),
        "instance_reference": raw.get("instanceReference"),
        "memory_bytes": raw.get("memoryBytes"),
        "gpu_memory": tuple(map(_gpu_share, rows(raw.get("gpuMemory") or []))),
        "runtime": raw.get("runtime") or None,
        "warm_tokens": raw.get("warmTokens") or 0,
        "context_length": raw.get("contextLength", raw.get("maxContextLength")),
        "status": status(activity),
        "queued": activity.get("queued", 0),
        "ttl_s": None if ttl_ms is None else number(ttl_ms) / 1000,
        "idle_since": None if last_used_ms is None else moment(last_used_ms),
        "pinned": raw.get("pinned", False),
        "keep": _keep(raw.get("keep")),
        "jit": raw.get("jit", False),
        "owner": raw.get("owner") or None,
        "user": raw.get("user") or None,
        "waiting": tuple(map(_waiting, rows(activity.get("waiting") or []))),
        "replica": raw.get("replica") is True,
        "tokens_per_second": activity.get("tokensPerSecond"),
    }
    try:
        return noun(fields, Instance)
    except ValueError as error:
        raise unreadable(_named(fields), error) from error


def status(activity: Raw) -> Status:
    """Read what an instance is doing: unknown if not reported, or in words of a newer host."""
    word = activity.get("status")
    return STATUSES.get(word, "unknown") if isinstance(word, str) else "unknown"


@reads("what it has in memory")
def snapshot(raw: Any) -> Snapshot:
    """Read the engine's account of everything in memory (`getActivity`, `watchActivity`).

    Raises:
        HostReplyError: It is not what the engine promises.
    """
    memory = table(raw).get("memory")
    return Snapshot(
        now=moment(raw["now"]),
        instances=tuple(map(instance, rows(raw["instances"]))),
        loads=tuple(map(_load, rows(raw.get("loads", [])))),
        memory=None if memory is None else _memory(table(memory)),
        gave_way=tuple(map(_gave_way, rows(raw.get("gaveWay") or []))),
    )


def _keep(raw: Any) -> Keep | None:
    if raw is None:
        return None
    at = table(raw).get("at")
    return noun({"until": None if at is None else moment(at)}, Keep)


def _gave_way(raw: Any) -> GaveWay:
    return noun(
        {
            "identifier": table(raw)["identifier"],
            "instance_reference": raw["instanceReference"],
            "memory_bytes": raw["memoryBytes"] + raw["gpuMemoryBytes"],
            "to": raw.get("to"),
            "pid": raw.get("pid"),
            "at": moment(raw["at"]),
        },
        GaveWay,
    )


@reads("what a load would take")
def estimate(raw: Any) -> Estimate:
    """Read the answer of `estimateModelUsage`.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    memory = table(table(raw).get("memory", {}))
    return noun(
        {
            "total_bytes": memory.get("totalBytes"),
            "vram_bytes": memory.get("totalVramBytes", 0),
            "confidence": memory.get("confidence", "low"),
            "passes_guardrails": raw.get("passesGuardrails", True),
            "source": raw.get("source") if raw.get("source") in SOURCES else None,
        },
        Estimate,
    )


def _memory(raw: Raw) -> Memory:
    # A host that names no GPUs does not tell; one that has none names none of them.
    gpus = raw.get("gpus")
    return noun(
        {
            "total_bytes": raw["totalBytes"],
            "available_bytes": raw["availableBytes"],
            "gpus": None if gpus is None else tuple(map(_gpu, rows(gpus))),
        },
        Memory,
    )


def _gpu(raw: Any) -> GpuMemory:
    return noun(
        {
            "gpu_id": table(raw)["gpuId"],
            "name": raw["name"],
            "total_bytes": raw["totalBytes"],
            "available_bytes": raw["availableBytes"],
            "users": tuple(map(_gpu_user, rows(raw.get("users") or []))),
        },
        GpuMemory,
    )


def _gpu_user(raw: Any) -> MemoryUser:
    # Whether it is a notebook's, only this machine's kernels can tell.
    return noun(
        {
            "name": table(raw)["name"],
            "memory_bytes": raw["memoryBytes"],
            "pid": raw.get("pid"),
        },
        MemoryUser,
    )


def _waiting(raw: Any) -> WaitingUser:
    fields = {"user": table(raw)["user"], "requests": raw["requests"]}
    return noun(fields | {"waits_for": tuple(rows(raw.get("for") or []))}, WaitingUser)


def _gpu_share(raw: Any) -> GpuShare:
    return noun({"gpu_id": table(raw)["gpuId"], "memory_bytes": raw["memoryBytes"]}, GpuShare)


@reads("why an instance went")
def departure(raw: Any) -> Departure | None:
    """Read the engine's answer to why an instance went; `None` if it does not know.

    Raises:
        HostReplyError: It is not what the engine promises.
    """
    answer = noun({"why": table(raw).get("why"), "by": raw.get("by", "")}, Departure)
    return None if answer.why == "unknown" else answer


def _load(raw: Any) -> Load:
    return noun(
        {
            "load_id": table(raw)["loadId"],
            "identifier": raw.get("identifier"),
            "model_key": raw["modelKey"],
            "kind": raw.get("type"),
            "fraction": min(1.0, number(raw["progress"])),
            "started_at": moment(raw["startedAt"]),
        },
        Load,
    )


def _shared(raw: Raw) -> dict[str, Any]:
    """Read what a model on the disk and its instance in memory have in common."""
    quantization = table(raw.get("quantization") or {})
    device = raw.get("deviceIdentifier")
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
        "quantization": quantization.get("name"),
        "quantization_bits": quantization.get("bits"),
        "max_context_length": raw.get("maxContextLength"),
        "vision": raw.get("vision", False),
        "trained_for_tool_use": raw.get("trainedForToolUse", False),
        "template_problem": raw.get("templateProblem") or None,
        "device": device,
        "device_name": short_name(device) if isinstance(device, str) else None,
    }


def _named(fields: Mapping[str, Any]) -> str:
    return one_line(repr(fields.get("identifier") or fields.get("model_key") or "something"))
