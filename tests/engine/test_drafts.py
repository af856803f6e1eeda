"""Draft models: loaded together with a model, asked for by request, told in the figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import lmstudio
import msgspec
import pytest
import pytest_asyncio

from . import schemas
from .conftest import EngineProcess
from .raw import Raw
from .tutor import TUTOR, config_of, llm_socket, saying

ON_BOTH_RUNTIMES = True

FAST = {"type": "query", "query": {"identifier": "fast"}}
DRAFT = "tutor-1m@q4_0"
OTHER = "tutor-1m@f16"


@pytest_asyncio.fixture
async def llm(tutor_engine: EngineProcess) -> AsyncIterator[Raw]:
    """A socket, with `fast` loaded beside `tutor`: a model with a draft model."""
    draft = {"key": "llm.load.llama.speculativeDecoding.draftModel", "value": DRAFT}
    stack = {"layers": [{"layerName": "apiOverride", "config": {"fields": [draft]}}]}
    async with llm_socket(tutor_engine) as llm:
        loading = await llm.open(
            "loadModel", modelKey="tutor-1m@q8_0", identifier="fast", loadConfigStack=stack
        )
        packets, _ = await llm.end(loading)
        assert packets[-1]["type"] == "success"
        yield llm
        await llm.call("unloadModel", identifier="fast")


async def _predict(llm: Raw, specifier: Any, **settings: Any) -> tuple[list[Any], Any]:
    channel = await llm.open(
        "predict",
        modelSpecifier=specifier,
        history=saying("Who are you?"),
        predictionConfigStack=config_of(temperature=0, **settings),
    )
    return await llm.end(channel)


@pytest.mark.asyncio
@pytest.mark.parametrize("named", [None, DRAFT, "TUTOR-1M@Q4_0"])
async def test_a_draft_model_proposes_tokens_and_is_counted(llm: Raw, named: str | None) -> None:
    asked = {"speculativeDecoding.draftModel": named} if named else {}
    packets, last = await _predict(llm, FAST, **asked)
    assert last["type"] == "channelClose", last
    stats = packets[-1]["stats"]
    msgspec.convert(stats, schemas.Stats)
    assert stats["usedDraftModelKey"] == DRAFT
    assert stats["acceptedDraftTokensCount"] > 0
    assert stats["totalDraftTokensCount"] == (
        stats["acceptedDraftTokensCount"] + stats["rejectedDraftTokensCount"]
    )
    fragments = [one["fragment"] for one in packets if one["type"] == "fragment"]
    assert any(fragment["containsDrafted"] for fragment in fragments)


@pytest.mark.asyncio
async def test_without_a_draft_model_nothing_is_said_of_one(llm: Raw) -> None:
    packets, _ = await _predict(llm, TUTOR)
    assert not [name for name in packets[-1]["stats"] if "raft" in name]
    fragments = [one["fragment"] for one in packets if one["type"] == "fragment"]
    assert not any(fragment["containsDrafted"] for fragment in fragments)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("specifier", "named", "told"),
    [
        (TUTOR, DRAFT, "was loaded without a draft model, not with 'tutor-1m@q4_0'"),
        (FAST, OTHER, "was loaded with the draft model 'tutor-1m@q4_0', not with 'tutor-1m@f16'"),
        (FAST, "nobody", "No downloaded model has the key or path 'nobody'"),
    ],
)
async def test_a_draft_model_that_is_not_loaded_is_refused_with_the_way_to_get_it(
    llm: Raw, specifier: Any, named: str, told: str
) -> None:
    _, last = await _predict(llm, specifier, **{"speculativeDecoding.draftModel": named})
    assert last["type"] == "channelError"
    assert told in last["error"]["title"]
    preload = await llm.call("preloadDraftModel", specifier=specifier, draftModelKey=named)
    assert preload["error"]["title"] == last["error"]["title"]


@pytest.mark.asyncio
async def test_preloading_the_draft_model_that_is_there_does_nothing(llm: Raw) -> None:
    assert await llm.call("preloadDraftModel", specifier=FAST, draftModelKey=DRAFT) is None


@pytest.mark.usefixtures("llm")
def test_the_sdk_is_told_which_draft_model_was_used(tutor_engine: EngineProcess) -> None:
    with lmstudio.Client(tutor_engine.address) as client:
        told = client.llm.model("fast").respond(
            "Who are you?", config={"temperature": 0, "draftModel": DRAFT}
        )
    assert told.stats.used_draft_model_key == DRAFT
    assert told.stats.accepted_draft_tokens_count


@pytest.mark.asyncio
async def test_rest_loads_a_draft_model_just_in_time_and_refuses_one_afterwards(
    tutor_engine: EngineProcess,
) -> None:
    body: dict[str, Any] = {
        "model": OTHER,
        "draft_model": DRAFT,
        "messages": [{"role": "user", "content": "Who are you?"}],
    }
    async with (
        httpx.AsyncClient(base_url=f"http://{tutor_engine.address}", timeout=30) as rest,
        llm_socket(tutor_engine) as llm,
    ):
        first = await rest.post("/v1/chat/completions", json=body)
        assert first.status_code == 200, first.text
        assert first.json()["timings"]["draft_n"] > 0
        other = await rest.post("/v1/chat/completions", json=body | {"draft_model": OTHER})
        assert other.status_code == 400
        assert "was loaded with the draft model" in other.json()["error"]["message"]
        await llm.call("unloadModel", identifier=OTHER)
