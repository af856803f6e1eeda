"""A preset named in a request for a prediction lies below what the request says itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
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


PREDICTION = "llm.prediction."
SCHEMA = {"type": "object", "properties": {"a": {"enum": [7]}}, "required": ["a"]}
OTHERS: dict[str, list[dict[str, Any]]] = {
    "formed": [
        {"key": PREDICTION + "structured", "value": {"type": "json", "jsonSchema": SCHEMA}},
    ],
    "sliding": [{"key": PREDICTION + "contextOverflowPolicy", "value": "rollingWindow"}],
    "wrong": [{"key": PREDICTION + "temperature", "value": "warm"}],
}
PATHS = (
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}]}, "max_tokens"),
    ("/v1/completions", {"prompt": "a"}, "max_tokens"),
    ("/v1/responses", {"input": "a"}, "max_output_tokens"),
    ("/api/v0/chat/completions", {"messages": [{"role": "user", "content": "a"}]}, "max_tokens"),
)


@pytest.fixture(scope="module")
def address(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    folder = home / ".lmstudio" / "config-presets"
    folder.mkdir(parents=True)
    preset = {"identifier": "@local:short", "name": "Short", "operation": tokens(2)}
    (folder / "short.preset.json").write_text(json.dumps(preset))
    for name, fields in OTHERS.items():
        other = {"name": name, "operation": {"fields": fields}}
        (folder / f"{name}.preset.json").write_text(json.dumps(other))
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
        "availablePresetsSample": [
            {"identifier": f"@local:{name.lower()}", "name": name}
            for name in ("formed", "Short", "sliding", "wrong")
        ],
        "totalAvailablePresets": 4,
    }


def post(address: str, path: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"http://{address}{path}", json={"model": "tiny-llm"} | body, timeout=60)


@pytest.mark.parametrize(("path", "asked", "limit"), PATHS)
def test_openai_s_paths_take_one_and_what_the_request_says_wins(
    address: str, path: str, asked: dict[str, Any], limit: str
) -> None:
    def written(**said: Any) -> int:
        answer = post(address, path, asked | {"ignore_eos": True} | said)
        assert answer.status_code == 200, answer.text
        usage = answer.json()["usage"]
        return int(usage.get("completion_tokens", usage.get("output_tokens")))

    assert written(preset="@local:short") == 2
    assert written(preset="short", **{limit: 3}) == 3
    assert written(preset="Short", **{limit: None}) == 2


def test_the_form_of_an_answer_may_come_from_one(address: str) -> None:
    path, asked, _ = PATHS[0]
    answer = post(address, path, asked | {"preset": "formed"}).json()
    assert json.loads(answer["choices"][0]["message"]["content"]) == {"a": 7}

    free = {"preset": "formed", "response_format": {"type": "text"}, "max_tokens": 2}
    assert post(address, path, asked | free).json()["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize(
    ("preset", "status", "says"),
    [
        ("none", 404, "no preset 'none'"),
        ("odd", 404, "newer than what this version reads"),
        ("sliding", 400, "'sliding' sets overflow"),
        ("wrong", 400, "temperature"),
        (5, 400, "preset"),
    ],
)
@pytest.mark.parametrize(("path", "asked", "limit"), PATHS[:3])
def test_one_that_cannot_be_used_there_is_an_error_in_openai_s_form(
    address: str, path: str, asked: dict[str, Any], limit: str, preset: Any, status: int, says: str
) -> None:
    answer = post(address, path, asked | {limit: 1, "preset": preset})
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


def test_what_is_said_to_be_used_by_the_engine_is() -> None:
    assert ENGINE_KEYS == KNOWN
