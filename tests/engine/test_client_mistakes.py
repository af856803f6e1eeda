"""What clients get wrong most often: what can be meant is taken, the rest is told, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import httpx2
import lmstudio
import openai
import pytest

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.prediction.llama_http import problem
from lms_jupyter.engine.wire.content import image_data, plain_tool, tool_arguments

from .conftest import EngineProcess
from .raw import introduced
from .sample_requests import CHAT, EMBED, PICTURE, TOOL, VISION
from .tutor import config_of, saying

CHATS = ("/v1/chat/completions", "/api/v0/chat/completions")
DATA = PICTURE.partition("base64,")[2]


@pytest.fixture(scope="module")
def http(tutor_engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{tutor_engine.address}", timeout=60) as client:
        yield client


def _message(answer: httpx.Response) -> str:
    message: str = answer.json()["error"]["message"]
    return message


# Tools


def _called(arguments: object) -> dict[str, Any]:
    call = {"id": "1", "type": "function", "function": {"name": "now", "arguments": arguments}}
    return {
        "model": CHAT,
        "max_tokens": 2,
        "tools": [TOOL],
        "messages": [
            {"role": "user", "content": "What time is it?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": "noon"},
        ],
    }


@pytest.mark.parametrize("arguments", ["", None, "{}", {}, {"a": 1}, ' {"a": 1} '])
@pytest.mark.parametrize("path", CHATS)
def test_a_call_without_arguments_is_one(http: httpx.Client, path: str, arguments: object) -> None:
    answer = http.post(path, json=_called(arguments))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("arguments", ["{", "[]", "5", "null", "nothing", 5, [], "{" * 20_000])
@pytest.mark.parametrize("path", CHATS)
def test_broken_arguments_are_the_clients_mistake(
    http: httpx.Client, path: str, arguments: object
) -> None:
    answer = http.post(path, json=_called(arguments))

    assert answer.status_code == 400
    assert "arguments of the call of 'now'" in _message(answer)


@pytest.mark.parametrize(("arguments", "status"), [("", 200), ("{}", 200), ("{", 400)])
def test_arguments_of_a_response_are_read_alike(
    http: httpx.Client, arguments: str, status: int
) -> None:
    items = [
        {"role": "user", "content": "What time is it?"},
        {"type": "function_call", "call_id": "1", "name": "now", "arguments": arguments},
        {"type": "function_call_output", "call_id": "1", "output": "noon"},
    ]
    body = {"model": CHAT, "input": items, "max_output_tokens": 2}

    assert http.post("/v1/responses", json=body).status_code == status


@pytest.mark.parametrize(("given", "status"), [({}, 200), (None, 200), ("{", 400), ([], 400)])
def test_arguments_of_a_message_are_read_alike(
    http: httpx.Client, given: object, status: int
) -> None:
    use = {"type": "tool_use", "id": "1", "name": "now", "input": given}
    body = {
        "model": CHAT,
        "max_tokens": 2,
        "messages": [
            {"role": "user", "content": "What time is it?"},
            {"role": "assistant", "content": [use]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "1", "content": "noon"}],
            },
        ],
    }

    assert http.post("/v1/messages", json=body).status_code == status


NULLS = {"description": None, "parameters": None, "strict": None}


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        ("/v1/chat/completions", {"type": "function", "function": {"name": "now"} | NULLS}),
        ("/v1/responses", {"type": "function", "name": "now"} | NULLS),
        ("/v1/messages", {"name": "now", "description": None, "input_schema": {"type": "object"}}),
    ],
)
def test_a_tool_may_say_null_for_what_it_does_not_say(
    http: httpx.Client, path: str, tool: dict[str, Any]
) -> None:
    asked = {"messages": [{"role": "user", "content": "hi"}], "input": "hi", "max_tokens": 2}

    answer = http.post(path, json=asked | {"model": CHAT, "tools": [tool]})

    assert answer.status_code == 200, answer.text


@pytest.mark.asyncio
async def test_a_tool_of_an_sdk_may_say_null_as_well(tutor_engine: EngineProcess) -> None:
    tool = {"type": "function", "function": {"name": "now"} | NULLS}
    config = config_of(
        tools={"type": "toolArray", "tools": [tool]},
        maxPredictedTokens={"checked": True, "value": 2},
    )
    which = {"type": "query", "query": {"identifier": "tutor"}}
    async with introduced(tutor_engine.address, "llm") as raw:
        channel = await raw.open(
            "predict", modelSpecifier=which, history=saying("hi"), predictionConfigStack=config
        )
        packets, last = await raw.end(channel)
    assert last["type"] == "channelClose", last
    assert packets[-1]["type"] == "success"


# Images


def _chat_with(part: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return CHATS[0], {"messages": [{"role": "user", "content": [part]}], "max_tokens": 2}


def _seen(path: str, url: object) -> tuple[str, dict[str, Any]]:
    if path == "/v1/messages":
        _, _, data = str(url).partition("base64,")
        source = {"type": "base64", "media_type": "image/png", "data": data}
        if not data:
            source = {"type": "url", "url": str(url)}
        part: dict[str, Any] = {"type": "image", "source": source}
    elif path == "/v1/responses":
        item = {"role": "user", "content": [{"type": "input_image", "image_url": url}]}
        return path, {"input": [item], "max_output_tokens": 2}
    elif path == "/api/v1/chat":
        return path, {"input": [{"type": "image", "data_url": url}], "max_output_tokens": 2}
    else:
        part = {"type": "image_url", "image_url": {"url": url}}
    return path, {"messages": [{"role": "user", "content": [part]}], "max_tokens": 2}


SEEING = (*CHATS, "/v1/messages", "/v1/responses", "/api/v1/chat")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x y",
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/png;base64,AAA",
        "data:image/png;base64,AAAA",
        "data:image/png;base64," + DATA[: len(DATA) // 8 * 4],
        "data:image/png," + DATA,
        "data:text/plain;base64,aGVsbG8=",
        "data:,hello",
        "http://127.0.0.1:9/a.png",
        "https://example.invalid/a.png",
        "HTTP://127.0.0.1:9/a.png",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.png",
    ],
)
@pytest.mark.parametrize("path", SEEING)
def test_a_picture_that_is_none_is_the_clients_mistake(
    http: httpx.Client, path: str, url: str
) -> None:
    where, body = _seen(path, url)

    answer = http.post(where, json=body | {"model": VISION})

    assert answer.status_code == 400, answer.text
    assert "mage" in _message(answer)


@pytest.mark.parametrize("path", SEEING)
def test_a_picture_is_taken_on_every_path(http: httpx.Client, path: str) -> None:
    where, body = _seen(path, PICTURE)

    answer = http.post(where, json=body | {"model": VISION})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("model", [CHAT, VISION])
@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "http://127.0.0.1:9/a.mp4"}},
        {"type": "image_url"},
        {"type": "image_url", "image_url": PICTURE},
        {"type": "image_url", "image_url": {"url": 5}},
        {"type": "text"},
        {"type": "text", "text": None},
        {"type": "nothing"},
        {"type": 5},
        {},
    ],
)
def test_a_part_that_cannot_be_shown_is_the_clients_mistake(
    http: httpx.Client, model: str, part: dict[str, Any]
) -> None:
    path, body = _chat_with(part)

    answer = http.post(path, json=body | {"model": model})

    assert answer.status_code == 400, answer.text


# Texts that are too long


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/v0/embeddings"])
def test_a_text_longer_than_the_context_is_told_with_both_lengths(
    http: httpx.Client, path: str
) -> None:
    answer = http.post(path, json={"model": EMBED, "input": ["short", "hello " * 3000]})

    assert answer.status_code == 400
    assert "has 3002 tokens, but the context of the model has only 256" in _message(answer)


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hello " * 9000}]}),
        ("/v1/completions", {"prompt": "hello " * 9000}),
        ("/v1/responses", {"input": "hello " * 9000}),
        ("/v1/responses", {"input": "hello " * 9000, "stream": True}),
        ("/v1/embeddings", {"model": EMBED, "input": "hello " * 3000}),
    ],
)
def test_a_prompt_that_is_too_long_has_the_code_that_clients_know(
    http: httpx.Client, path: str, rest: dict[str, Any]
) -> None:
    """They shorten a conversation then, instead of giving it up."""
    answer = http.post(path, json={"model": CHAT} | rest)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"


def test_vectors_have_the_length_that_was_asked_for_or_none_are_made(http: httpx.Client) -> None:
    asked = {"model": EMBED, "input": "hello"}
    own = len(http.post("/v1/embeddings", json=asked).json()["data"][0]["embedding"])

    for wrong in (own // 2, 0, "many", [own]):
        answer = http.post("/v1/embeddings", json=asked | {"dimensions": wrong})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "dimensions"
    assert http.post("/v1/embeddings", json=asked | {"dimensions": own}).status_code == 200


def test_an_sdk_is_told_of_a_text_that_is_too_long(tutor_engine: EngineProcess) -> None:
    with lmstudio.Client(tutor_engine.address) as client:
        model = client.embedding.model(EMBED)
        with pytest.raises(lmstudio.LMStudioServerError, match="context of the model has only"):
            model.embed("hello " * 3000)
        assert model.embed("hello")


# Nobody repeats what cannot become right


WRONG: tuple[dict[str, Any], ...] = (
    _called("{"),
    _chat_with({"type": "image_url", "image_url": {"url": "https://example.invalid/a.png"}})[1]
    | {"model": VISION},
    _chat_with({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}})[1]
    | {"model": CHAT},
)


@pytest.mark.parametrize("body", WRONG)
def test_openais_client_asks_once(tutor_engine: EngineProcess, body: dict[str, Any]) -> None:
    asked: list[httpx.Request] = []
    with (
        httpx.Client(event_hooks={"request": [asked.append]}) as counted,
        openai.OpenAI(
            base_url=f"http://{tutor_engine.address}/v1", api_key="x", http_client=counted
        ) as client,
        pytest.raises(openai.BadRequestError),
    ):
        client.chat.completions.create(**body)
    assert len(asked) == 1


def test_anthropics_client_asks_once(tutor_engine: EngineProcess) -> None:
    asked: list[httpx2.Request] = []
    source = {"type": "url", "url": "https://example.invalid/a.png"}
    with (
        httpx2.Client(event_hooks={"request": [asked.append]}) as counted,
        anthropic.Anthropic(
            base_url=f"http://{tutor_engine.address}", api_key="x", http_client=counted
        ) as client,
        pytest.raises(anthropic.BadRequestError),
    ):
        client.messages.create(
            model=VISION,
            max_tokens=2,
            messages=[{"role": "user", "content": [{"type": "image", "source": source}]}],  # type: ignore[typeddict-item]
        )
    assert len(asked) == 1


def test_what_the_engine_does_not_offer_is_not_asked_for_again() -> None:
    assert UnsupportedError.http_status == 400


# The parts alone


def test_what_llama_cpp_fails_at_by_itself_stays_its_failure() -> None:
    for message in ("Compute error.", "failed to get logits", "got exception: x", "std::bad_alloc"):
        content = json.dumps({"error": {"message": message, "type": "server_error"}}).encode()
        assert problem(500, content).http_status == 500
    assert problem(500, b"Internal Server Error").http_status == 500
    content = json.dumps({"error": {"message": "Unknown reasoning format: x"}}).encode()
    assert problem(500, content).http_status == 400


def test_raw_base64_is_taken_for_an_image() -> None:
    assert image_data(DATA) == DATA
    assert image_data(f"data:image/PNG;name=a;base64,{DATA}") == DATA
    assert image_data(f"data:;base64,{DATA}") == DATA
    with pytest.raises(BadRequestError, match="is not fetched"):
        image_data("http:AAAA")


def test_arguments_are_read_to_the_last_level() -> None:
    assert tool_arguments('{"a": [1]}', "'f'") == {"a": [1]}
    with pytest.raises(BadRequestError, match="deeper than 256 levels"):
        tool_arguments('{"a": ' + "[" * 300 + "]" * 300 + "}", "'f'")


def test_a_tool_that_is_no_object_is_left_to_be_refused() -> None:
    assert plain_tool(5) == 5
    assert plain_tool({"function": None, "a": 0}) == {"a": 0}
