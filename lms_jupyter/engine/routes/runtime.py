"""The namespace `runtime`: which engines there are, and what the hardware is."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from lms_jupyter.engine import machine
from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.routes.connection import Namespace, refusing
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.runtimes.runtime import Backend, Runtime
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object

_ARCHITECTURES: Final[Mapping[str, str]] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "arm64": "ARM64",
    "aarch64": "ARM64",
}
"""The names of LM Studio for those of Python; all others are `unknown` to it."""

_ENGINE = "llama.cpp"
_FORMAT = "GGUF"
_NO_EXTENSIONS = "This engine has no runtime extensions."
_FRAMEWORKS: Final[Mapping[Backend, str]] = {
    "cuda": "CUDA",
    "rocm": "ROCm",
    "metal": "Metal",
    "vulkan": "Vulkan",
}
"""The names of LM Studio for what a build computes with; all others are `unknown` to it."""


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    return Namespace(
        "runtime",
        {
            "listEngines": partial(_list_engines, services),
            "getEngineSelections": partial(_selections, services),
            "selectEngine": partial(_select, services),
            "removeEngine": _kept,
            "surveyHardware": partial(_survey, services),
            "searchRuntimeExtensions": _no_extensions,
        },
        {"downloadRuntimeExtension": refusing(_NO_EXTENSIONS)},
    )


def _engine(runtime: Runtime) -> dict[str, Any]:
    engine: dict[str, Any] = {
        "name": runtime.name,
        "version": runtime.version,
        "engine": _ENGINE,
        "platform": platform.system().lower(),
        "cpu": {"architecture": platform.machine()},
        "supportedModelFormatNames": [_FORMAT],
    }
    if runtime.devices:
        engine["gpu"] = {"framework": _FRAMEWORKS.get(runtime.backend, "unknown")}
    return engine


async def _list_engines(services: Services, _caller: Caller, _parameter: Any) -> list[Any]:
    return [_engine(build) for build in await services.runtimes.surveyed() if not build.problem]


async def _selections(services: Services, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    """Return a map from format to engine, written the way superjson writes maps."""
    runtime = await services.runtimes.chosen()
    selected = [[_FORMAT, {"name": runtime.name, "version": runtime.version}]]
    return {"json": selected, "meta": {"values": ["map"]}}


async def _select(services: Services, _caller: Caller, parameter: Any) -> None:
    """Let the models that are loaded from now on run on another build."""
    asked = an_object(parameter)
    engine = an_object(asked.get("engine"))
    name, version = engine.get("name"), engine.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise BadRequestError("'engine' has to be an object with 'name' and 'version'.")
    if asked.get("modelFormatName") != _FORMAT:
        raise UnsupportedError(
            f"Models of the format {asked.get('modelFormatName')!r:.100} cannot be had: "
            f"this engine runs {_FORMAT} alone."
        )
    await services.runtimes.select(name, version)


def _kept(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError(
        "A runtime of this engine cannot be removed from here: it was installed without it.",
        hint="Uninstall it the way that it was installed.",
    )


def _no_extensions(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError(_NO_EXTENSIONS)


async def _survey(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Tell what memory, what processor and what GPUs there are, as each build sees them."""
    is_asked_for = _scope(parameter)
    known = [build for build in await services.runtimes.surveyed() if not build.problem]
    selected, cpu = services.runtimes.selected, await asyncio.to_thread(_cpu)
    engines = [_surveyed(build, cpu) for build in known if is_asked_for(build, selected)]
    return {"status": "ok", "engines": engines}


def _surveyed(runtime: Runtime, cpu: dict[str, Any]) -> dict[str, Any]:
    total = machine.memory().total_bytes
    video = sum(device.total_bytes for device in runtime.devices)
    engine = _engine(runtime)
    for only_listed in ("cpu", "gpu"):
        engine.pop(only_listed, None)
    outcome = "success" if runtime.devices else "noDevicesFound"
    return engine | {
        "compatibility": {"status": "compatible"},
        "hardwareSurvey": {
            "gpuSurveyResult": {
                "result": {"code": outcome, "message": ""},
                "gpuInfo": [
                    _gpu(number, device, runtime.backend)
                    for number, device in enumerate(runtime.devices)
                ],
            },
            "cpuSurveyResult": {"result": {"code": "success", "message": ""}, "cpuInfo": cpu},
        },
        "memoryInfo": {
            "ramCapacity": total,
            "vramCapacity": video,
            # A GPU of Apple's has no memory of its own.
            "totalMemory": total if runtime.backend == "metal" else total + video,
        },
    }


def _gpu(number: int, device: Device, backend: Backend) -> dict[str, Any]:
    return {
        "name": device.description,
        "deviceId": number,
        "totalMemoryCapacityBytes": device.total_bytes,
        "dedicatedMemoryCapacityBytes": 0 if backend == "metal" else device.total_bytes,
        "integrationType": "integrated" if backend == "metal" else "unknown",
        "detectionPlatform": _FRAMEWORKS.get(backend, "unknown"),
        "detectionPlatformVersion": "",
        "otherInfo": {"llamaCppDevice": device.name},
    }


def _cpu() -> dict[str, Any]:
    extensions = machine.cpu_extensions()
    return {
        "name": platform.processor() or platform.machine(),
        "architecture": architecture(platform.machine()),
        "supportedInstructionSetExtensions": extensions,
    }


def architecture(name: str) -> str:
    """Name a processor's architecture as LM Studio does.

    >>> architecture("aarch64")
    'ARM64'
    """
    return _ARCHITECTURES.get(name.lower(), "unknown")


def _scope(scope: Any) -> Callable[[Runtime, Runtime], bool]:
    """Return what tells of a runtime, given the selected one, whether a scope takes it in.

    Without a scope all are meant.
    """
    if scope is None:
        return lambda _build, _selected: True
    asked = an_object(scope)
    match asked.get("type"):
        case "selected":
            return lambda build, selected: build == selected
        case "all":
            return lambda _build, _selected: True
        case "custom":
            engines = asked.get("engines")
            if not isinstance(engines, list):
                raise BadRequestError("'engines' has to be a list of engines.")
            named = [an_object(engine) for engine in engines]
            wanted = [(name.get("name"), name.get("version")) for name in named]
            return lambda build, _selected: (build.name, build.version) in wanted
        case other:
            raise BadRequestError(
                f"The scope of a survey is 'selected', 'all' or 'custom', not {other!r:.100}."
            )
