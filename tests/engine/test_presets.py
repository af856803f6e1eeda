"""A preset named in a request for a prediction lies below what the request says itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.engine.wire.prediction_config import KNOWN
from lms_jupyter.hosts.presets import ENGINE_KEYS
from tests import engines

from .raw import introduced

HELLO = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}
ASKED = {"modelSpecifier": {"type": "query", "query": {"identifier": "it"}}, "history": HELLO}


def tokens(most: int) -> dict[str, Any]:
    value = {"checked": True, "value": most}
    return {"fields": [{"key": "llm.prediction.maxPredictedTokens", "value": value}]}


@pytest.fixture(scope="module")
def address(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    folder = home / ".lmstudio" / "config-presets"
    folder.mkdir(parents=True)
    preset = {"identifier": "@local:short", "name": "Short", "operation": tokens(2)}
    (folder / "short.preset.json").write_text(json.dumps(preset))
    (folder / "odd.preset.json").write_text(json.dumps({**preset, "version": 9}))
    with engines.engine(home, "--no-default-models", "--models", str(models)) as address:
        yield address


@pytest.mark.asyncio
async def test_a_preset_counts_unless_the_request_says_otherwise(address: str) -> None:
    async with introduced(address, "llm") as llm:
        await llm.end(await llm.open("loadModel", modelKey="tiny-llm", identifier="it"))
        stack = {"layers": [{"layerName": "apiOverride", "config": tokens(3)}]}
        short, _ = await llm.end(
            await llm.open("predict", **ASKED, fuzzyPresetIdentifier="@local:short")
        )
        longer, _ = await llm.end(
            await llm.open(
                "predict", **ASKED, predictionConfigStack=stack, fuzzyPresetIdentifier="short"
            )
        )
        raw, _ = await llm.end(
            await llm.open(
                "completeRawText",
                modelSpecifier=ASKED["modelSpecifier"],
                rawPrompt="a",
                fuzzyPresetIdentifier="Short",
            )
        )
    assert [each[-1]["stats"]["predictedTokensCount"] for each in (short, longer, raw)] == [2, 3, 2]


@pytest.mark.asyncio
async def test_one_that_cannot_be_used_is_said_with_those_there_are(address: str) -> None:
    async with introduced(address, "llm") as llm:
        await llm.end(await llm.open("loadModel", modelKey="tiny-llm", identifier="odd"))
        _, odd = await llm.end(await llm.open("predict", **ASKED, fuzzyPresetIdentifier="odd"))
        _, none = await llm.end(await llm.open("predict", **ASKED, fuzzyPresetIdentifier="none"))
    assert "newer than what this version reads" in odd["error"]["title"]
    assert none["error"]["displayData"] == {
        "code": "generic.presetNotFound",
        "specifiedFuzzyPresetIdentifier": "none",
        "availablePresetsSample": [{"identifier": "@local:short", "name": "Short"}],
        "totalAvailablePresets": 1,
    }


def test_what_is_said_to_be_used_by_the_engine_is() -> None:
    assert ENGINE_KEYS == KNOWN
