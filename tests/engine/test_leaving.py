"""Clients that leave while a model is loading: the load ends with the last one who wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import psutil
import pytest

from tests.suspending import suspend

from .conftest import EngineProcess
from .raw import Raw, introduced

PATIENCE_S = 20.0
PARAMETERS = {
    "loadModel": {"modelKey": "tiny-llm"},
    "getOrLoad": {"identifier": "tiny-llm"},
}
CHATS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}], "stream": True},
    "/v1/completions": {"prompt": "hi"},
    "/v1/responses": {"input": "hi"},
    "/v1/messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4},
    "/api/v1/chat": {"input": "hi", "stream": True},
    "/api/v1/models/load": {},
}


@asynccontextmanager
async def _held(engine: EngineProcess) -> AsyncIterator[psutil.Process]:
    """Stop the spare process that the next load will get, so that it gets nowhere until resumed."""
    async with asyncio.timeout(PATIENCE_S):
        while not engine.children:  # noqa: ASYNC110 - looks at another process
            await asyncio.sleep(0.01)
    (spare,) = engine.children
    suspend(spare)
    try:
        yield spare
    finally:
        if spare.is_running():
            spare.resume()


async def _activity(engine: EngineProcess) -> Any:
    async with introduced(engine.address, "system", clientIdentifier="observer") as system:
        return await system.call("getActivity")


async def _until_nothing_is_left(engine: EngineProcess, child: psutil.Process) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while child.is_running() or (await _activity(engine))["loads"]:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
    assert (await _activity(engine))["instances"] == []


async def _begin(raw: Raw, endpoint: str) -> int:
    """Open the channel and wait until the load has begun."""
    channel = await raw.open(endpoint, **PARAMETERS[endpoint])
    await raw.packet(channel, "progress" if endpoint == "loadModel" else "loadProgress")
    return channel


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["close", "abort", "cancel"])
@pytest.mark.parametrize("endpoint", PARAMETERS)
async def test_a_load_ends_when_its_client_leaves(
    engine: EngineProcess, endpoint: str, how: str
) -> None:
    async with _held(engine) as child, introduced(engine.address, "llm") as llm:
        loading = await _begin(llm, endpoint)
        if how == "cancel":
            await llm.say(loading, "cancel")
            _, last = await llm.end(loading)
            assert "cancelled" in last["error"]["title"]
        elif how == "close":
            await llm.socket.close()
        else:
            connection = llm.socket._response.connection
            assert connection is not None
            assert connection.transport is not None
            connection.transport.abort()
        await _until_nothing_is_left(engine, child)


@pytest.mark.asyncio
async def test_a_shared_load_goes_on_until_the_last_one_has_left(engine: EngineProcess) -> None:
    async with (
        _held(engine) as child,
        introduced(engine.address, "llm", clientIdentifier="second") as second,
        introduced(engine.address, "llm", clientIdentifier="third") as third,
    ):
        async with introduced(engine.address, "llm", clientIdentifier="first") as first:
            await _begin(first, "getOrLoad")
            await _begin(second, "getOrLoad")
            await _begin(third, "getOrLoad")
        cancelled = 1
        await second.say(cancelled, "cancel")
        _, last = await second.end(cancelled)
        assert last["type"] == "channelError"
        assert len((await _activity(engine))["loads"]) == 1
        assert child.is_running()
        await third.socket.close()
        await _until_nothing_is_left(engine, child)


@pytest.mark.asyncio
async def test_who_still_waits_gets_the_instance_that_the_first_one_wanted(
    engine: EngineProcess,
) -> None:
    async with (
        _held(engine) as child,
        introduced(engine.address, "llm", clientIdentifier="second") as second,
    ):
        async with introduced(engine.address, "llm", clientIdentifier="first") as first:
            await _begin(first, "getOrLoad")
            waiting = await _begin(second, "getOrLoad")
        child.resume()
        packets, last = await second.end(waiting)
        assert last["type"] == "channelClose"
        assert packets[-1]["type"] == "loadSuccess"
        assert await second.call("unloadModel", identifier="tiny-llm") is None


@pytest.mark.asyncio
async def test_an_explicit_load_ends_with_its_owner_and_who_waited_loads_instead(
    engine: EngineProcess,
) -> None:
    async with (
        _held(engine) as child,
        introduced(engine.address, "llm", clientIdentifier="second") as second,
    ):
        async with introduced(engine.address, "llm", clientIdentifier="owner") as owner:
            await _begin(owner, "loadModel")
            waiting = await _begin(second, "getOrLoad")
        packets, _ = await second.end(waiting)
        assert packets[-1]["type"] == "loadSuccess"
        await second.call("unloadModel", identifier="tiny-llm")
        await _until_nothing_is_left(engine, child)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", CHATS)
async def test_a_load_ends_when_its_only_rest_client_leaves(
    engine: EngineProcess, path: str
) -> None:
    async with _held(engine) as child, aiohttp.ClientSession() as http:
        body = {"model": "tiny-llm"} | CHATS[path]
        asking = asyncio.create_task(_ask(http, f"http://{engine.address}{path}", body))
        async with asyncio.timeout(PATIENCE_S):
            while not (await _activity(engine))["loads"]:  # noqa: ASYNC110 - asks another process
                await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait([asking])
        await _until_nothing_is_left(engine, child)


async def _ask(http: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> None:
    async with http.post(url, json=body) as answer:
        await answer.read()
