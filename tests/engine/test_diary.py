"""The engine's memory diary: what it tells of itself, and what outlives it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import lmstudio
import pytest

from .conftest import EngineProcess, start_engine
from .raw import Raw, introduced

NOTEBOOK = "/home/u/train.ipynb"
ANSWER = {"messages": [{"role": "user", "content": "tell me"}], "max_tokens": 5, "temperature": 0}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("diary")


@pytest.fixture(scope="module")
def engine(models: Path, place: Path) -> Iterator[EngineProcess]:
    running = start_engine(models, place / "log", "--diary", str(place / "diary.sqlite"))
    yield running
    running.stop()


async def _load(address: str, **fields: Any) -> str:
    async with introduced(address, "llm", clientName=NOTEBOOK) as llm:
        asked = {"modelKey": "tiny-llm", "identifier": "chat", "loadConfigStack": {"layers": []}}
        channel = await llm.open("loadModel", **(asked | fields))
        packet = await llm.packet(channel, "success")
        return str(packet["info"]["instanceReference"])


async def _unload(address: str, **fields: Any) -> None:
    async with introduced(address, "llm") as llm:
        await llm.call("unloadModel", identifier="chat", **fields)


async def _sums(system: Raw, by: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in await system.call("sumDiary", by=by)}


@pytest.mark.asyncio
async def test_what_was_loaded_asked_and_ended_stands_in_it(engine: EngineProcess) -> None:
    reference = await _load(engine.address)
    async with aiohttp.ClientSession(headers={"User-Agent": "asker/2 (x)"}) as session:
        body = ANSWER | {"model": "chat"}
        async with session.post(f"http://{engine.address}/v1/chat/completions", json=body) as it:
            assert it.status == 200, await it.text()
    await _unload(engine.address, why="unloaded", owner="other.ipynb")

    async with introduced(engine.address, "system") as system:
        (request,) = (await system.call("readDiary", instanceReference=reference))["requests"]
        (load,) = [
            one for one in await system.call("sumDiary", by="load") if one["reference"] == reference
        ]
        notebooks, models = await _sums(system, "notebook"), await _sums(system, "model")
        days = await _sums(system, "day")

    assert (request["client"], request["identifier"]) == ("asker/2", "chat")
    assert request["predictedTokens"] == 5
    assert request["promptTokens"] > 0
    assert request["ending"] == "maxPredictedTokensReached"
    assert request["text"] is None
    assert (load["client"], load["why"], load["endedBy"]) == (NOTEBOOK, "unloaded", "other.ipynb")
    assert load["requests"] == 1
    assert load["predictedTokens"] == 5
    assert load["memoryBytes"] > 1_000_000
    assert load["endedAt"] >= load["loadedAt"]
    assert notebooks[NOTEBOOK]["loads"] == 1
    assert notebooks["asker/2"]["predictedTokens"] == 5
    assert models["tiny-llm"]["requests"] == 1
    assert len(days) <= 2


@pytest.mark.asyncio
async def test_the_sdk_is_told_apart_and_embeddings_count(
    engine: EngineProcess, client: lmstudio.Client
) -> None:
    def use() -> None:
        embedder = client.embedding.load_new_instance("tiny-embed", "embed")
        embedder.embed("some words")
        client.llm.load_new_instance("tiny-llm", "stopped").respond(
            "tell me", config={"maxTokens": 3}
        )

    await asyncio.to_thread(use)
    async with aiohttp.ClientSession() as session:
        body = {"model": "embed", "input": ["one", "two"]}
        async with session.post(f"http://{engine.address}/v1/embeddings", json=body) as it:
            assert it.status == 200

    async with introduced(engine.address, "system") as system:
        requests = (await system.call("readDiary", most=3))["requests"]

    assert [one["kind"] for one in requests] == ["embedding", "chat", "embedding"]
    assert all(one["promptTokens"] > 0 for one in requests)


@pytest.mark.asyncio
async def test_a_load_that_is_refused_stands_in_it(engine: EngineProcess) -> None:
    async with introduced(engine.address, "llm", clientName=NOTEBOOK) as llm:
        channel = await llm.open(
            "loadModel", modelKey="odd-llm", identifier="odd", loadConfigStack={"layers": []}
        )
        await llm.end(channel)
    async with introduced(engine.address, "system") as system:
        (refusal, *_) = (await system.call("readDiary"))["refusals"]
        sums = await _sums(system, "model")

    assert (refusal["modelKey"], refusal["client"]) == ("odd-llm", NOTEBOOK)
    assert "odd-llm" in refusal["why"]
    assert sums["odd-llm"]["refused"] == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("endpoint", "asked", "what"),
    [
        ("sumDiary", {"by": "year"}, "'by'"),
        ("sumDiary", {"by": "day", "utcOffsetSeconds": 90_000}, "utcOffsetSeconds"),
        ("sumDiary", {"by": "day", "since": "yesterday"}, "'since'"),
        ("readDiary", {"most": -1}, "'most'"),
        ("readDiary", {"most": 10**9}, "'most'"),
        ("readDiary", {"instanceReference": 7}, "'instanceReference'"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    engine: EngineProcess, endpoint: str, asked: dict[str, Any], what: str
) -> None:
    async with introduced(engine.address, "system") as system:
        answer = await system.call(endpoint, **asked)
    assert what in answer["error"]["title"]


@pytest.mark.asyncio
async def test_what_a_killed_engine_had_is_known_to_the_next(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "diary.sqlite"
    first = start_engine(models, tmp_path / "log", "--diary", str(file), "--diary-texts")
    reference = await _load(first.address)
    async with aiohttp.ClientSession() as session:
        body = ANSWER | {"model": "chat"}
        async with session.post(f"http://{first.address}/v1/chat/completions", json=body) as it:
            answer = (await it.json())["choices"][0]["message"]["content"]
    async with introduced(first.address, "system") as system:
        assert (await system.call("readDiary"))["stays"][0]["endedAt"] is None
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(10)
    assert first.process.stdout is not None
    first.process.stdout.close()
    with sqlite3.connect(file) as database:
        database.execute("UPDATE stays SET loaded_at = loaded_at - 600, seen_at = seen_at - 600")
    database.close()

    second = start_engine(models, tmp_path / "log2", "--diary", str(file))
    try:
        async with introduced(second.address, "system") as system:
            pages = await system.call("readDiary")
    finally:
        second.stop()

    (stay,) = pages["stays"]
    assert (stay["reference"], stay["why"]) == (reference, "host ended")
    assert stay["endedAt"] == stay["seenAt"]
    assert pages["requests"][0]["text"] == answer


@pytest.mark.asyncio
async def test_without_a_file_the_last_requests_are_known(models: Path, tmp_path: Path) -> None:
    running = start_engine(models, tmp_path / "log")
    try:
        reference = await _load(running.address)
        async with aiohttp.ClientSession() as session:
            body = ANSWER | {"model": "chat"}
            address = f"http://{running.address}/v1/chat/completions"
            async with session.post(address, json=body) as it:
                assert it.status == 200
        async with introduced(running.address, "system") as system:
            pages = await system.call("readDiary", instanceReference=reference)
    finally:
        running.stop()
    assert len(pages["requests"]) == len(pages["stays"]) == 1
