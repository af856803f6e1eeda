"""What the small LM Studio answers, and which instance a client points at when it asks."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

Raw = Mapping[str, Any]

CPU = {"architecture": "x86_64", "instructionSetExtensions": ["AVX", "AVX2"]}
CUDA = {
    "name": "llama.cpp-linux-cuda",
    "version": "2.10.0",
    "engine": "llama.cpp",
    "platform": "linux",
    "cpu": CPU,
    "gpu": {"make": "nvidia", "framework": "CUDA"},
    "supportedModelFormatNames": ["GGUF"],
}
MLX = {"name": "mlx-llm", "version": "1.0.0", "engine": "mlx", "platform": "macos", "cpu": CPU}
GPU = {
    "name": "NVIDIA GeForce RTX 4090",
    "deviceId": 0,
    "integrationType": "discrete",
    "totalMemoryCapacityBytes": 25_757_220_864,
    "dedicatedMemoryCapacityBytes": 25_757_220_864,
    "detectionPlatform": "CUDA",
    "detectionPlatformVersion": "12.8",
    "otherInfo": {},
}
SURVEYED = {"code": "success", "message": ""}
SURVEY = {
    **{key: CUDA[key] for key in ("name", "version", "engine", "platform")},
    "supportedModelFormatNames": ["GGUF"],
    "compatibility": {"status": "compatible"},
    "hardwareSurvey": {
        "gpuSurveyResult": {"result": SURVEYED, "gpuInfo": [GPU]},
        "cpuSurveyResult": {
            "result": SURVEYED,
            "cpuInfo": {
                "name": "AMD Ryzen 9 7950X",
                "architecture": "x86_64",
                "supportedInstructionSetExtensions": ["AVX", "AVX2"],
            },
        },
    },
    "memoryInfo": {
        "ramCapacity": 64_000_000_000,
        "vramCapacity": 25_757_220_864,
        "totalMemory": 89_757_220_864,
    },
}
RUNTIMES: dict[str, Any] = {
    "listEngines": [
        CUDA,
        CUDA | {"version": "2.9.1"},
        MLX | {"supportedModelFormatNames": ["MLX"]},
    ],
    "getEngineSelections": {
        "json": [["GGUF", {"name": CUDA["name"], "version": "2.9.1"}]],
        "meta": {"values": ["map"]},
    },
    "selectEngine": None,
    "surveyHardware": {"status": "ok", "engines": [SURVEY]},
}
"""What an LM Studio says of its runtimes."""
SOURCE = {"type": "hf", "identifier": "acme/x"}
OFFER = {
    "name": "acme/x",
    "sizeBytes": 10,
    "downloadIdentifier": "acme/x@q4",
    "indexedModelIdentifier": "acme/x/x.gguf",
    "compatibilityType": "gguf",
    "fitEstimation": "fitWithoutGPU",
}
ESTIMATE = {
    "confidence": "low",
    "modelBytes": 6,
    "contextBytes": 4,
    "totalBytes": 10,
    "modelVramBytes": 0,
    "contextVramBytes": 0,
    "totalVramBytes": 0,
}
ALWAYS: dict[str, Any] = RUNTIMES | {
    "estimateModelUsage": {"memory": ESTIMATE, "passesGuardrails": True},
    "getModelDownloadOptions": {"results": [OFFER]},
    "searchModels": {"results": [{"name": "acme/x", "identifier": SOURCE}]},
}
"""What an LM Studio answers whatever is asked."""

NEW_CALLS = frozenset(
    {
        "getInstanceProcessingState",
        "estimateModelUsage",
        "listDownloadedModelVariants",
        "searchModels",
        "getModelDownloadOptions",
        "startHttpServer",
        "stopHttpServer",
        "lmLinkStatus",
        *RUNTIMES,
    }
)
"""What an old LM Studio does not know, and answers with a warning instead of a reply."""
NEW_CHANNELS = frozenset({"downloadModel", "streamLogs"})
NEW_FIELDS = ("ttlMs", "lastUsedTime", "publisher", "deviceIdentifier", "quantization")


def place(identifier: str, device: str | None) -> str:
    """Return where an instance stands in memory: identifiers are unique on their own device."""
    return identifier if device is None else f"{identifier} on {device}"


def pointed_at(parameter: Raw, memory: Mapping[str, Raw]) -> str:
    """Return where the instance stands that is meant: by its reference, or by its identifier."""
    specifier = parameter.get("specifier") or parameter.get("modelSpecifier") or {}
    if specifier.get("type") == "instanceReference":
        reference = specifier["instanceReference"]
        found = (key for key, one in memory.items() if one["instanceReference"] == reference)
        return str(next(found, reference))
    asked = specifier.get("query") or parameter
    identifier = str(asked.get("identifier") or "")
    fitting = [
        place(one["identifier"], one.get("deviceIdentifier")) for one in there(asked, memory)
    ]
    # Who does not say where leaves it to the host, which here prefers other machines.
    return max(fitting, key=len, default=identifier)


def there(asked: Raw, memory: Mapping[str, Raw]) -> Iterable[Raw]:
    """Return the instances of the name that is asked for, on the device if one is named."""
    for one in memory.values():
        is_there = asked.get("deviceIdentifier") == one.get("deviceIdentifier")
        if asked.get("identifier") == one["identifier"] and (
            is_there or "deviceIdentifier" not in asked
        ):
            yield one


def link_status(devices: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer of `lmLinkStatus`."""
    peers = [
        {"deviceIdentifier": device, "deviceName": name, "status": "connected"}
        for device, name in devices.items()
    ]
    here = {"deviceIdentifier": "of-this-machine", "deviceName": "desk"}
    return {"status": "online", "issues": [], "peers": peers, **here}


def link_change(endpoint: str, asked: Raw) -> dict[str, Any]:
    """Return what a call changes about `lmLinkStatus`; nothing if it is another call."""
    match endpoint:
        case "lmLinkSetDisabled":
            off = asked["disabled"]
            issues = ["deviceDisabled"] if off else []
            return {"status": "offline" if off else "online", "issues": issues}
        case "lmLinkUpdateDeviceName":
            return {"deviceName": asked["deviceName"]}
        case "lmLinkSetPreferredDevice":
            return {"preferredDeviceIdentifier": asked["deviceIdentifier"]}
        case _:
            return {}


def model(key: str, device: str | None) -> dict[str, Any]:
    """Return what a host with all fields tells of a model on a disk."""
    return {
        "type": "llm",
        "modelKey": key,
        "format": "gguf",
        "displayName": key,
        "publisher": "acme",
        "path": f"{key}/model.gguf",
        "indexedModelIdentifier": f"{key}/model.gguf",
        "sizeBytes": 2_500_000_000,
        "deviceIdentifier": device,
        "architecture": "qwen3",
        "quantization": {"name": "Q4_K_M", "bits": 4},
        "maxContextLength": 40_960,
        "vision": False,
        "trainedForToolUse": True,
    }


def fragment(text: str) -> dict[str, Any]:
    """Return a piece of an answer."""
    kinds = {"reasoningType": "none", "isStructural": False, "containsDrafted": False}
    return {"content": text, "tokensCount": 1, **kinds}


def result(value: Any) -> dict[str, Any]:
    """Return the frame of an answer."""
    return {"type": "rpcResult", "result": value}


def refusal(title: str, **more: Any) -> dict[str, Any]:
    """Return the frame of an error."""
    return {"type": "rpcError", "error": {"title": title, **more}}


def prediction_end(instance: Raw) -> dict[str, Any]:
    """Return the last packet of a prediction, but for its statistics."""
    return {
        "type": "success",
        "modelInfo": instance,
        "loadModelConfig": {"fields": []},
        "predictionConfig": {"fields": []},
    }


async def first_of(*events: asyncio.Event) -> list[asyncio.Event]:
    """Wait until one of them has happened, and return which have."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return [event for event in events if event.is_set()]
