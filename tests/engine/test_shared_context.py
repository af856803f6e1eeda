"""Four requests that fill one context: nobody's request ends another's, on every path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import lmstudio
import psutil
import pytest

from lms_jupyter.engine.wire.parts import ChatParts, MessageParts
from lms_jupyter.engine.wire.sse import DONE
from tests.suspending import suspend

from .conftest import EngineProcess
from .tutor import config_of, llm_socket

ENDLESS = {"ignore_eos": True, "temperature": 0.9}
REST = (
    *("/v1/chat/completions", "/v1/completions"),
    *("/api/v0/chat/completions", "/api/v0/completions", "/v1/responses"),
)
NEVER_END = [[token, "-inf"] for token in range(3)]


REPORT = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}],
    "prompt_progress": {"total": 12, "processed": 12},
}
"""What llama.cpp says before its first word."""
SHARED = {"type": "query", "query": {"identifier": "shared"}}
CONTEXT_LENGTH = 512
HEAVY = 300
"""Tokens of which two answers do not fit into that context."""


@pytest.fixture(scope="module", autouse=True)
def _shared(tutor_engine: EngineProcess) -> Iterator[None]:
    """Load a model whose context four requests fill."""
    with lmstudio.Client(tutor_engine.address) as client:
        model = client.llm.load_new_instance(
            "tutor-1m", "shared", ttl=None, config={"contextLength": CONTEXT_LENGTH}
        )
        yield
        model.unload()


@pytest.fixture
def shared(tutor_engine: EngineProcess) -> Iterator[lmstudio.LLM]:
    with lmstudio.Client(tutor_engine.address) as client:
        yield client.llm.model("shared")


def request_for(path: str, length: int) -> dict[str, Any]:
    if path == "/v1/responses":
        return ENDLESS | {"input": "Hello", "max_output_tokens": length}
    if path.endswith("chat/completions"):
        hello = [{"role": "user", "content": "Hello"}]
        return ENDLESS | {"messages": hello, "max_tokens": length}
    return ENDLESS | {"prompt": "Hello", "max_tokens": length}


def last_of(text: str) -> dict[str, Any]:
    """Return the last event of a stream that is an object."""
    data = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
    last: dict[str, Any] = json.loads(data[-1])
    return last


def ended(path: str, answer: dict[str, Any]) -> tuple[str, int]:
    """Return how an answer ended, and how many tokens it has."""
    if path == "/v1/responses":
        response = answer.get("response", answer)
        return response["status"], response["usage"]["output_tokens"]
    written = answer.get("timings", {}).get("predicted_n", 0)
    written = written or answer.get("usage", {}).get("completion_tokens", 0)
    return answer["choices"][0]["finish_reason"], written


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["whole", "streamed"])
@pytest.mark.parametrize("path", REST)
async def test_four_heavy_requests_and_a_light_one_end_in_their_own_form(
    tutor_engine: EngineProcess, path: str, kind: str
) -> None:
    streams = kind == "streamed"
    async with httpx.AsyncClient(base_url=f"http://{tutor_engine.address}", timeout=60) as http:

        async def ask(length: int) -> tuple[str, int]:
            body = {"model": "shared", "stream": streams} | request_for(path, length)
            answer = await http.post(path, json=body)
            assert answer.status_code == 200, answer.text
            assert "error" not in answer.text.replace('"error":null', "")
            return ended(path, last_of(answer.text) if streams else answer.json())

        *heavy, light = await asyncio.gather(*(ask(HEAVY) for _ in range(4)), ask(5))

    end = "incomplete" if path == "/v1/responses" else "length"
    assert {reason for reason, _ in (*heavy, light)} == {end}
    if "/v0/" not in path:
        assert light[1] == 5
        assert [written for _, written in heavy] == [HEAVY] * 4


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["whole", "streamed"])
@pytest.mark.parametrize("path", REST)
async def test_those_that_may_go_on_to_the_end_of_the_context_end_with_what_they_have_said(
    tutor_engine: EngineProcess, path: str, kind: str
) -> None:
    streams = kind == "streamed"
    async with httpx.AsyncClient(base_url=f"http://{tutor_engine.address}", timeout=60) as http:

        async def ask(length: int) -> dict[str, Any]:
            body = {"model": "shared", "stream": streams} | request_for(path, length)
            answer = await http.post(path, json=body)
            assert answer.status_code == 200, answer.text
            return last_of(answer.text) if streams else dict(answer.json())

        heavy = await asyncio.gather(*(ask(9999) for _ in range(4)))

    spoken = []
    for answer in heavy:
        end, written = ended(path, answer)
        assert end == ("incomplete" if path == "/v1/responses" else "length")
        if "/v0/" in path:
            assert answer["stats"]["stop_reason"] == "contextLengthReached"
        else:
            spoken.append(written)
    # Who is the greediest ends first, and what that frees is for the others.
    assert all(spoken)
    assert not spoken or sum(spoken) > CONTEXT_LENGTH / 2


@pytest.mark.asyncio
async def test_over_a_socket_the_greediest_end_with_what_they_have_said(
    tutor_engine: EngineProcess,
) -> None:
    async with llm_socket(tutor_engine) as llm:
        config = config_of(**{"llama.logitBias": NEVER_END})
        channels = {
            await llm.open(
                "completeRawText",
                modelSpecifier=SHARED,
                rawPrompt="Once upon",
                predictionConfigStack=config,
            ): ""
            for _ in range(4)
        }
        stats: list[dict[str, Any]] = []
        while len(stats) < 4:
            frame = await llm.read()
            assert frame["type"] in {"channelSend", "channelClose"}, frame
            message = frame.get("message", {})
            if message.get("type") == "fragment":
                channels[frame["channelId"]] += message["fragment"]["content"]
            if message.get("type") == "success":
                stats.append(message["stats"])
    assert {one["stopReason"] for one in stats} == {"contextLengthReached"}
    spoken = [one["predictedTokensCount"] for one in stats]
    assert all(spoken)
    assert sum(spoken) > CONTEXT_LENGTH / 2
    assert all(channels.values())


@pytest.mark.asyncio
async def test_an_engine_that_gets_no_processor_lets_no_request_end_another(
    tutor_engine: EngineProcess,
) -> None:
    light = {"checked": True, "value": 112}
    endless = config_of(**{"llama.logitBias": NEVER_END})
    within = config_of(**{"llama.logitBias": NEVER_END, "maxPredictedTokens": light})
    asked = {"modelSpecifier": SHARED, "rawPrompt": "Once upon"}
    said: dict[int, int] = {}
    stats: dict[int, dict[str, Any]] = {}
    async with llm_socket(tutor_engine) as llm:

        async def read() -> None:
            frame = await llm.read()
            assert frame["type"] in {"channelSend", "channelClose"}, frame
            message, channel = frame.get("message", {}), frame.get("channelId", -1)
            if message.get("type") == "fragment":
                said[channel] = said.get(channel, 0) + 1
            if message.get("type") == "success":
                stats[channel] = message["stats"]

        for _ in range(3):
            await llm.open("completeRawText", **asked, predictionConfigStack=endless)
        while len(said) < 3 or min(said.values()) < 60:
            await read()
        last = await llm.open("completeRawText", **asked, predictionConfigStack=within)
        while last not in said:
            await read()

        engine = psutil.Process(tutor_engine.process.pid)
        suspend(engine)
        try:
            await idle(tutor_engine.children)
        finally:
            engine.resume()
        while len(stats) < 4:
            await read()

    ended = stats.pop(last)
    assert {one["stopReason"] for one in stats.values()} == {"contextLengthReached"}
    assert ended["stopReason"] == "maxPredictedTokensReached"
    assert ended["predictedTokensCount"] == 112


async def idle(processes: list[psutil.Process]) -> None:
    """Wait until none of them computes."""
    before = -1.0
    while (spent := sum(sum(one.cpu_times()[:2]) for one in processes)) != before:
        before = spent
        await asyncio.sleep(0.2)


@pytest.mark.asyncio
async def test_many_clients_of_all_lengths_some_of_whom_leave(tutor_engine: EngineProcess) -> None:
    async with httpx.AsyncClient(base_url=f"http://{tutor_engine.address}", timeout=60) as http:

        async def ask(number: int) -> int:
            length = (3, 20, 60, 500)[number % 4]
            body = {"model": "shared"} | request_for("/v1/completions", length)
            answer = await http.post("/v1/completions", json=body)
            assert answer.status_code == 200, answer.text
            return int(answer.json()["usage"]["completion_tokens"])

        tasks = [asyncio.create_task(ask(number)) for number in range(16)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks[3::8]:
            task.cancel()
        lengths = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [one for one in lengths if isinstance(one, Exception)]
    assert failed == []
    assert [one for one in lengths[0::4] if isinstance(one, int)] == [3, 3, 3, 3]
    assert [one for one in lengths[1::4] if isinstance(one, int)] == [20, 20, 20, 20]


def test_a_message_of_anthropics_ends_in_its_own_form() -> None:
    parts = MessageParts("tutor")
    start: dict[str, Any] = {
        "id": "m",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 3},
    }
    parts.hear({"type": "message_start", "message": start})
    parts.hear({"type": "content_block_start", "content_block": {"type": "text", "text": ""}})
    parts.hear({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}})

    names = [event.name for event in parts.ending()]

    assert names == ["content_block_stop", "message_delta", "message_stop"]
    whole = parts.whole()
    assert whole["content"] == [{"type": "text", "text": "Hi"}]
    assert whole["stop_reason"] == "model_context_window_exceeded"
    assert whole["usage"] == {"input_tokens": 3, "output_tokens": 1}


@pytest.mark.parametrize("heard", [[], [REPORT]])
def test_a_chat_that_ends_before_its_first_word_ends_in_its_own_form(
    heard: list[dict[str, Any]],
) -> None:
    parts = ChatParts(is_chat=True, tells_usage=False)
    for content in heard:
        parts.hear(content)

    *events, done = parts.ending()

    (last,) = [event.decode() for event in events]
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "length"}]
    assert [last.get("id")] == [content["id"] for content in heard] or not heard
    assert "prompt_progress" not in last
    assert done.data == DONE
    (choice,) = parts.whole()["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("length", "")


def test_afterwards_all_of_the_context_is_there_again(shared: lmstudio.LLM) -> None:
    result = shared.complete("Once", config={"maxTokens": 1})
    assert result.stats.predicted_tokens_count == 1
