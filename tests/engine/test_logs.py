"""`streamLogs`: what is asked and answered, whatever way it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import lmstudio
import pytest

from .conftest import EngineProcess
from .raw import Raw, introduced

WORDS = "tell me"
MESSAGES = [{"role": "user", "content": WORDS}]
WAYS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": MESSAGES, "max_tokens": 5},
    "/api/v0/chat/completions": {"messages": MESSAGES, "max_tokens": 5},
    "/v1/completions": {"prompt": WORDS, "max_tokens": 5},
    "/v1/responses": {"input": WORDS, "max_output_tokens": 5},
    "/v1/messages": {"messages": MESSAGES, "max_tokens": 5},
    "/api/v1/chat": {"input": WORDS, "max_output_tokens": 5},
}


@asynccontextmanager
async def _listening(engine: EngineProcess) -> AsyncIterator[tuple[Raw, int]]:
    async with introduced(engine.address, "diagnostics", clientIdentifier="listener") as raw:
        channel = await raw.open("streamLogs")
        # Only what comes after the engine has seen this answer is listened to for sure.
        assert (await raw.call("noSuchCall"))["type"] == "rpcError"
        yield raw, channel


async def _next(raw: Raw, channel: int, kind: str) -> dict[str, Any]:
    while True:
        data: dict[str, Any] = (await raw.packet(channel, "log"))["log"]["data"]
        if data["type"] == kind:
            return data


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["whole", "streamed"])
@pytest.mark.parametrize("path", WAYS)
async def test_what_is_asked_and_answered_over_rest_is_told(
    engine: EngineProcess, client: lmstudio.Client, path: str, form: str
) -> None:
    await asyncio.to_thread(client.llm.load_new_instance, "tiny-llm", "talker")
    async with _listening(engine) as (raw, channel), aiohttp.ClientSession() as session:
        body = WAYS[path] | {"model": "talker", "stream": form == "streamed", "temperature": 0}
        async with session.post(f"http://{engine.address}{path}", json=body) as answer:
            said = await answer.text()
            assert answer.status == 200, said
        asked = await _next(raw, channel, "llm.prediction.input")
        told = await _next(raw, channel, "llm.prediction.output")
    assert (asked["modelIdentifier"], told["modelIdentifier"]) == ("talker", "talker")
    assert asked["modelPath"] == "acme/tiny-llm-GGUF/tiny-llm-Q8_0.gguf"
    assert WORDS in asked["input"]
    assert told["output"]
    if form == "whole":
        assert told["output"].strip().split()[0] in said
    # To llama.cpp, a response that was cut off is complete.
    cut = "eosFound" if path == "/v1/responses" else "maxPredictedTokensReached"
    assert told["stats"]["stopReason"] == cut
    assert told["stats"]["predictedTokensCount"] == 5
    assert isinstance(told["stats"]["totalTimeSec"], float)


@pytest.mark.asyncio
async def test_an_answer_that_nobody_waits_for_is_told_as_stopped(
    engine: EngineProcess, client: lmstudio.Client
) -> None:
    await asyncio.to_thread(client.llm.load_new_instance, "big-llm", "talker")
    async with _listening(engine) as (raw, channel), aiohttp.ClientSession() as session:
        body = {"model": "talker", "messages": MESSAGES, "stream": True, "ignore_eos": True}
        address = f"http://{engine.address}/v1/chat/completions"
        async with session.post(address, json=body) as answer:
            await answer.content.readline()
        told = await _next(raw, channel, "llm.prediction.output")
    assert told["stats"]["stopReason"] == "userStopped"


@pytest.mark.asyncio
async def test_listening_ends_with_a_close(engine: EngineProcess) -> None:
    async with _listening(engine) as (raw, channel):
        await raw.say(channel, "stop")
        _, last = await raw.end(channel)
        assert last["type"] == "channelClose"
