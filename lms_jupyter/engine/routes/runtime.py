"""The namespace `runtime`: which engines there are, and what the hardware is."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine import machine
from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.routes.connection import Namespace, refusing
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.version import LLAMA_VERSION
from lms_jupyter.engine.wire.fields import an_object

_ARCHITECTURES: Final[Mapping[str, str]] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "arm64": "ARM64",
    "aarch64": "ARM64",
}
"""The names of LM Studio for those of Python; all others are `unknown` to it."""

_NAME = "llama.cpp"
_NO_EXTENSIONS = "This engine has no runtime extensions."


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    del services
    return Namespace(
        "runtime",
        {
            "listEngines": _list_engines,
            "getEngineSelections": _selections,
            "selectEngine": _fixed,
            "removeEngine": _fixed,
            "surveyHardware": _survey,
            "searchRuntimeExtensions": _no_extensions,
        },
        {"downloadRuntimeExtension": refusing(_NO_EXTENSIONS)},
    )


def _engine() -> dict[str, Any]:
    return {
        "name": _NAME,
        "version": LLAMA_VERSION,
        "engine": _NAME,
        "platform": platform.system().lower(),
        "cpu": {"architecture": platform.machine()},
        "supportedModelFormatNames": ["GGUF"],
    }


def _list_engines(_caller: Caller, _parameter: Any) -> list[dict[str, Any]]:
    return [_engine()]


def _selections(_caller: Caller, _parameter: Any) -> dict[str, Any]:
    """Return a map from format to engine, written the way superjson writes maps."""
    selected = [["GGUF", {"name": _NAME, "version": LLAMA_VERSION}]]
    return {"json": selected, "meta": {"values": ["map"]}}


def _fixed(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError("This engine has one llama.cpp, which cannot be changed from here.")


def _no_extensions(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError(_NO_EXTENSIONS)


async def _survey(_caller: Caller, parameter: Any) -> dict[str, Any]:
    """Tell what memory and what processor there is.

    GPUs are not looked for: that is llama.cpp's business.
    """
    total = machine.memory().total_bytes
    survey = {
        "gpuSurveyResult": {"result": {"code": "noDevicesFound", "message": ""}, "gpuInfo": []},
        "cpuSurveyResult": {
            "result": {"code": "success", "message": ""},
            "cpuInfo": await asyncio.to_thread(_cpu),
        },
    }
    memory = {"ramCapacity": total, "vramCapacity": 0, "totalMemory": total}
    asked = _is_asked_for(parameter)
    engine = {name: value for name, value in _engine().items() if name != "cpu"}
    surveyed = engine | {
        "compatibility": {"status": "compatible"},
        "hardwareSurvey": survey,
        "memoryInfo": memory,
    }
    return {"status": "ok", "engines": [surveyed] if asked else []}


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


def _is_asked_for(scope: Any) -> bool:
    """Whether a scope takes this engine in; without one all engines are meant."""
    if scope is None:
        return True
    asked = an_object(scope)
    match asked.get("type"):
        case "selected" | "all":
            return True
        case "custom":
            engines = asked.get("engines")
            if not isinstance(engines, list):
                raise BadRequestError("'engines' has to be a list of engines.")
            named = [an_object(engine) for engine in engines]
            return any(
                (one.get("name"), one.get("version")) == (_NAME, LLAMA_VERSION) for one in named
            )
        case other:
            raise BadRequestError(
                f"The scope of a survey is 'selected', 'all' or 'custom', not {other!r:.100}."
            )
