"""Two clients that want the same model at the same moment share one load."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any

import aiohttp
import lmstudio
import pytest

from tests.engines import held

from .conftest import EngineProcess
from .raw import Raw, introduced


@pytest.fixture(autouse=True)
def _clean(client: lmstudio.Client) -> Any:
    """Leave nothing loaded for the next test."""
    yield
    for one in client.llm.list_loaded():
        one.unload()


async def _loads(system: Raw, count: int) -> list[dict[str, Any]]:
    """Wait until this many loads are under way, and return them."""
    while True:
        loads: list[dict[str, Any]] = (await system.call("getActivity"))["loads"]
        if len(loads) == count:
            return loads


@pytest.mark.asyncio
async def test_loads_that_join_end_with_the_same_instance(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as one,
        introduced(engine.address, "llm") as two,
        introduced(engine.address, "system") as system,
    ):
        with held(engine.address):
            first = await one.open("loadModel", modelKey="tiny-llm", join=True, loadId="first")
            await one.packet(first, "resolved")
            second = await two.open("loadModel", modelKey="tiny-llm", join=True, loadId="second")
            resolved = await two.packet(second, "resolved")
            (load,) = await _loads(system, 1)
        infos = [
            (await raw.packet(channel, "success"))["info"]
            for raw, channel in ((one, first), (two, second))
        ]
        third = await two.open("loadModel", modelKey="tiny-llm", join=True)
        assert (await two.read())["type"] == "channelClose"
        there = (await two.packet(third, "success"))["info"]

    assert load["loadId"] == resolved["joined"] == "first"
    assert infos[0]["instanceReference"] == infos[1]["instanceReference"]
    assert there["instanceReference"] == infos[0]["instanceReference"]


@pytest.mark.asyncio
async def test_another_identifier_is_another_instance(engine: EngineProcess) -> None:
    async with introduced(engine.address, "llm") as llm:
        names = []
        for identifier in ("a", "b", "a"):
            channel = await llm.open(
                "loadModel", modelKey="tiny-llm", join=True, identifier=identifier
            )
            names.append((await llm.packet(channel, "success"))["info"]["identifier"])
            assert (await llm.read())["type"] == "channelClose"
        loaded = [info["identifier"] for info in await llm.call("listLoaded")]

    assert names == ["a", "b", "a"]
    assert sorted(loaded) == ["a", "b"]


@pytest.mark.asyncio
@pytest.mark.parametrize("endpoint", ["loadModel", "getOrLoad"])
async def test_who_waited_for_a_load_that_is_cancelled_loads_by_itself(
    engine: EngineProcess, endpoint: str
) -> None:
    asked = {"loadModel": {"modelKey": "big-llm", "join": True, "loadId": "mine"}}
    asked["getOrLoad"] = {"identifier": "big-llm"}
    async with (
        introduced(engine.address, "llm") as one,
        introduced(engine.address, "llm") as two,
        introduced(engine.address, "system") as system,
    ):
        with held(engine.address):
            first = await one.open("loadModel", modelKey="big-llm", loadId="first")
            await one.packet(first, "resolved")
            second = await two.open(endpoint, **asked[endpoint])
            await two.packet(second, "resolved" if endpoint == "loadModel" else "startLoading")
            await _loads(system, 1)
            await one.say(first, "cancel")
        _, last = await one.end(first)
        success = await two.packet(second, "success" if endpoint == "loadModel" else "loadSuccess")

    assert last["type"] == "channelError"
    assert success["info"]["modelKey"] == "big-llm"


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/v1/completions", "/api/v1/chat"])
async def test_a_request_that_waited_for_such_a_load_is_answered(
    engine: EngineProcess, path: str
) -> None:
    body: dict[str, Any] = {"model": "big-llm", "prompt": "a", "max_tokens": 1}
    if path == "/api/v1/chat":
        body = {"model": "big-llm", "input": "a", "max_output_tokens": 1}
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
        aiohttp.ClientSession(f"http://{engine.address}") as http,
    ):
        with held(engine.address):
            first = await llm.open("loadModel", modelKey="big-llm")
            await llm.packet(first, "resolved")
            asking = asyncio.create_task(http.post(path, json=body))
            # An answered question of the same client has come after the request.
            async with http.get("/v1/models") as response:
                assert response.status == 200
            await _loads(system, 1)
            await llm.say(first, "cancel")
        await llm.end(first)
        async with await asking as response:
            assert response.status == 200, await response.text()


def test_two_clients_of_the_official_sdk_share_one_instance(engine: EngineProcess) -> None:
    clients = [lmstudio.Client(engine.address) for _ in range(4)]
    try:
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool, held(engine.address):
            models = [pool.submit(client.llm.model, "tiny-llm") for client in clients]
            started = concurrent.futures.wait(models, timeout=0.5)
            assert not started.done
        references = {model.result(60).get_info().instance_reference for model in models}
        assert len(references) == 1
        assert len(clients[0].llm.list_loaded()) == 1
        again = clients[0].llm.load_new_instance("tiny-llm")
        assert again.identifier == "tiny-llm:2"
    finally:
        for client in clients:
            client.close()
