"""`streamLogs`: what is asked and answered, whatever way it came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import lmstudio
import pytest

from lms_jupyter.engine.prediction import logs

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
        channel = await raw.open("streamLogs", last=0)
        # What comes after the end of the past is listened to for sure.
        await raw.packet(channel, "pastEnd")
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


async def _past(engine: EngineProcess, **asked: Any) -> list[dict[str, Any]]:
    """Return the packets of the past."""
    async with introduced(engine.address, "diagnostics", clientIdentifier="historian") as raw:
        channel = await raw.open("streamLogs", **asked)
        await raw.say(channel, "stop")
        packets, last = await raw.end(channel)
    assert last["type"] == "channelClose"
    return packets


def _texts(packets: list[dict[str, Any]]) -> list[str]:
    data = [packet["log"]["data"] for packet in packets if packet["type"] == "log"]
    return [one.get("input") or one.get("output") or "" for one in data]


@pytest.mark.asyncio
async def test_what_was_logged_before_comes_first_with_the_time_at_which_it_was_made(
    engine: EngineProcess, client: lmstudio.Client
) -> None:
    model = await asyncio.to_thread(client.llm.load_new_instance, "tiny-llm", "talker")
    before = time.time()
    await asyncio.to_thread(model.respond, "an early question", config={"maxTokens": 2})
    after = time.time()

    packets = await _past(engine)

    told = [one["log"] for one in packets]
    (asked,) = [one for one in told if "an early question" in one["data"].get("input", "")]
    assert before - 0.01 <= asked["timestamp"] / 1000 <= after
    times = [one["timestamp"] for one in told]
    assert times == sorted(times)
    assert {one["data"]["type"] for one in told} == {
        "llm.prediction.input",
        "llm.prediction.output",
        "server.log",
        "runtime.log",
    }
    assert all(set(one) == {"type", "log"} for one in packets), "as LM Studio's clients know it"


@pytest.mark.asyncio
async def test_the_last_of_some_kinds_is_marked_and_ends_with_a_sign(
    engine: EngineProcess, client: lmstudio.Client
) -> None:
    model = await asyncio.to_thread(client.llm.load_new_instance, "tiny-llm", "talker")
    for word in ("one", "two", "three"):
        await asyncio.to_thread(model.complete, word, config={"maxTokens": 1})

    packets = await _past(engine, last=2, kinds=["llm.prediction.input"])

    *past, end = packets
    assert (_texts(past), end) == (["two", "three"], {"type": "pastEnd"})
    assert all(packet["past"] is True for packet in past)
    assert await _past(engine, last=0) == [{"type": "pastEnd"}]


@pytest.mark.asyncio
@pytest.mark.parametrize("asked", [{"last": -1}, {"last": True}, {"last": "5"}, {"kinds": "x"}])
async def test_a_question_for_the_past_that_makes_no_sense_is_refused(
    engine: EngineProcess, asked: dict[str, Any]
) -> None:
    async with introduced(engine.address, "diagnostics", clientIdentifier="historian") as raw:
        _, last = await raw.end(await raw.open("streamLogs", **asked))
    assert last["error"]["errorData"] == {"code": "invalid_request"}


def test_what_is_kept_has_bounds_and_many_lines_push_out_no_prompt() -> None:
    hub = logs.LogHub()
    hub.publish(logs.EngineLine("info", "first"))
    for number in range(3 * logs.MAX_KEPT):
        hub.publish(logs.LlamaLine("info", str(number), "", 1))
    for _ in range(20):
        hub.publish(logs.EngineLine("info", "x" * (logs.MAX_KEPT_TEXT + 7)))

    with hub.listening() as (kept, queue):
        hub.publish(logs.EngineLine("info", "y" * (logs.MAX_KEPT_TEXT + 7)))
        new = queue.get_nowait().entry
    entries = [noted.entry for noted in kept]
    llama = [one.text for one in entries if isinstance(one, logs.LlamaLine)]
    engine_lines = [one.text for one in entries if isinstance(one, logs.EngineLine)]

    assert isinstance(new, logs.EngineLine)
    assert len(new.text) == logs.MAX_KEPT_TEXT + 7, "what is listened to is told whole"
    assert llama == [str(number) for number in range(2 * logs.MAX_KEPT, 3 * logs.MAX_KEPT)]
    assert sum(map(len, engine_lines)) <= logs.MAX_KEPT_LETTERS
    assert engine_lines[-1].endswith("x… (7 more characters)")
