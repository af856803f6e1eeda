"""What the tests of the shipped chat model say to it over a raw socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from .conftest import EngineProcess
from .raw import Raw, introduced

TUTOR = {"type": "query", "query": {"identifier": "tutor"}}


def config_of(**settings: Any) -> dict[str, Any]:
    fields = [{"key": f"llm.prediction.{key}", "value": value} for key, value in settings.items()]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


def saying(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}


@asynccontextmanager
async def llm_socket(engine: EngineProcess) -> AsyncIterator[Raw]:
    async with introduced(engine.address, "llm") as raw:
        yield raw
