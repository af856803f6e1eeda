"""The namespace `runtime`: which engines there are, and what the hardware is."""

from __future__ import annotations

import platform
from typing import Any

from lms_jupyter.engine import machine
from lms_jupyter.engine.errors import UnsupportedError
from lms_jupyter.engine.routes.connection import Namespace, refusing
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.version import LLAMA_VERSION

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


def _survey(_caller: Caller, _parameter: Any) -> dict[str, Any]:
    """Tell what memory there is. GPUs are not looked for: that is llama.cpp's business."""
    total = machine.memory().total_bytes
    result = {"code": "Success", "message": ""}
    survey = {
        "gpuSurveyResult": {"result": result, "gpuInfo": []},
        "cpuSurveyResult": {
            "result": result,
            "cpuInfo": {"name": platform.processor(), "architecture": platform.machine()},
        },
    }
    memory = {"ramCapacity": total, "vramCapacity": 0, "totalMemory": total}
    return {
        "status": "ok",
        "engines": [_engine() | {"hardwareSurvey": survey, "memoryInfo": memory}],
    }
