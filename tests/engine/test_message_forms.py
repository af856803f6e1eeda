"""A form that is asked for in Anthropic's way is kept to the letter, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import anthropic
import httpx
import pydantic
import pytest

from lms_jupyter.engine.wire.message_chat import MessageOfChat, chat_request
from lms_jupyter.engine.wire.sse import event

from .conftest import EngineProcess

HI: Any = [{"role": "user", "content": "Who are you?"}]
ASKED: Any = {"model": "tutor", "max_tokens": 60, "messages": HI}
TOWN = {
    "type": "object",
    "properties": {
        "zip": {"type": "string", "pattern": r"^\d{3}$"},
        "city": {"enum": ["Bonn", "Ulm"]},
    },
    "required": ["zip", "city"],
    "additionalProperties": False,
}
SCHEMAS: Any = (
    TOWN,
    {"const": 7},
    {"enum": ["a", None, 2.5]},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
    {"$defs": {"t": TOWN}, "anyOf": [{"$ref": "#/$defs/t"}]},
    True,
)


class Town(pydantic.BaseModel):
    """What is asked for."""

    city: Literal["Bonn", "Ulm"]
    big: bool


def config(schema: Any) -> Any:
    return {"format": {"type": "json_schema", "schema": schema}}


@pytest.fixture(scope="module")
def api(tutor_engine: EngineProcess) -> Iterator[anthropic.Anthropic]:
    url = f"http://{tutor_engine.address}"
    with anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0) as api:
        yield api


@pytest.fixture(scope="module")
def http(tutor_engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{tutor_engine.address}", timeout=60) as http:
        yield http


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_a_schema_is_kept_whole_and_streamed_alike(api: anthropic.Anthropic, schema: Any) -> None:
    asked = ASKED | {"output_config": config(schema), "extra_body": {"temperature": 0}}
    whole = api.messages.create(**asked)
    with api.messages.stream(**asked) as stream:
        text = "".join(stream.text_stream)
        streamed = stream.get_final_message()

    (block,) = whole.content
    assert block.type == "text"
    filled = json.loads(block.text)
    assert text == block.text
    assert streamed.content[0].text == text  # type: ignore[union-attr]
    assert (whole.stop_reason, streamed.stop_reason) == ("end_turn", "end_turn")
    assert whole.usage.output_tokens == streamed.usage.output_tokens > 0
    assert (whole.model, whole.role) == ("tutor", "assistant")
    if schema is TOWN:
        assert list(filled) == ["zip", "city"]


def test_anthropics_own_helpers_read_what_they_asked_for(api: anthropic.Anthropic) -> None:
    parsed = api.messages.parse(**ASKED, output_format=Town)
    with api.messages.stream(**ASKED, output_format=Town) as stream:
        streamed = stream.get_final_message()
    beta = api.beta.messages.parse(**ASKED, output_format=Town)

    for answer in (parsed, streamed, beta):
        assert isinstance(answer.parsed_output, Town)


def test_an_older_field_and_those_of_llama_cpp_are_kept_too(http: httpx.Client) -> None:
    for field, wanted in (
        ({"output_format": config({"const": 7})["format"]}, "7"),
        ({"json_schema": {"const": 7}}, "7"),
        ({"response_format": {"type": "json_schema", "schema": {"const": 7}}}, "7"),
        ({"grammar": 'root ::= "yes"'}, "yes"),
    ):
        answer = http.post("/v1/messages", json=ASKED | field).json()
        assert answer["content"] == [{"type": "text", "text": wanted}], field


def test_an_answer_that_is_cut_off_says_so(api: anthropic.Anthropic) -> None:
    cut = api.messages.create(**ASKED | {"max_tokens": 2}, output_config=config(TOWN))
    with api.messages.stream(**ASKED | {"max_tokens": 2}, output_config=config(TOWN)) as stream:
        streamed = stream.get_final_message()

    assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 2)
    assert (streamed.stop_reason, streamed.usage.output_tokens) == ("max_tokens", 2)


def test_the_stream_is_anthropics_alone(http: httpx.Client) -> None:
    body = ASKED | {"output_config": config(TOWN), "stream": True}
    lines = http.post("/v1/messages", json=body).text.splitlines()

    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert names == [content["type"] for content in told]
    assert names[:2] == ["message_start", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(names[2:-3]) == {"content_block_delta"}
    assert told[0]["message"]["usage"]["output_tokens"] == 0


def test_the_same_conversation_is_as_long_with_a_form_as_without(
    api: anthropic.Anthropic,
) -> None:
    """What is said, thought and called before reaches the model, which a chat has to be told."""
    call = {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}
    result = {
        "type": "tool_result",
        "tool_use_id": "c1",
        "content": [{"type": "text", "text": "2"}],
    }
    talk: Any = [
        {"role": "user", "content": [{"type": "text", "text": "What is 1 plus 1?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "I add."}, call]},
        {"role": "user", "content": [result, {"type": "text", "text": "Well?"}]},
        {"role": "assistant", "content": "It is 2."},
        {"role": "user", "content": "Who are you?"},
    ]
    system: Any = [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}]
    asked = {"model": "tutor", "max_tokens": 8, "messages": talk, "system": system}

    free = api.messages.create(**asked).usage
    kept = api.messages.create(**asked, output_config=config({"const": 7})).usage

    def length(usage: Any) -> int:
        return int(usage.input_tokens + usage.cache_read_input_tokens)

    assert length(free) == length(kept) > 30


def test_what_cannot_be_kept_is_refused_in_anthropics_way(http: httpx.Client) -> None:
    unique = {"type": "array", "uniqueItems": True}
    tool = {"name": "add", "input_schema": {"type": "object"}}
    wanted = {"output_config": config(TOWN)}
    for field, reason in (
        ({"output_config": config(unique)}, "uniqueItems"),
        ({"output_config": config(False)}, "cannot be kept"),
        ({"output_config": config(5)}, "JSON schema"),
        ({"output_config": 5}, "object"),
        ({"output_config": {"format": "json"}}, "object"),
        ({"output_config": {"format": {"type": "json_object"}}}, "json_schema"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "has to be there"),
        ({"output_format": {"type": "xml"}}, "json_schema"),
        (wanted | {"output_format": config(TOWN)["format"]}, "together"),
        (wanted | {"grammar": 'root ::= "a"'}, "together"),
        (wanted | {"tools": [tool]}, "tools"),
        (wanted | {"tools": [tool], "tool_choice": {"type": "any"}}, "tools"),
        (wanted | {"stop_sequences": ["a"]}, "stop_sequences"),
        (wanted | {"temperature": "hot"}, "temperature"),
        (wanted | {"max_tokens": "many"}, "max_tokens"),
        ({"grammar": "root ::= missing"}, ""),
    ):
        for streams in (False, True):
            answer = http.post("/v1/messages", json=ASKED | field | {"stream": streams})
            assert answer.status_code == 400, (field, answer.text)
            error = answer.json()
            assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
            assert reason in error["error"]["message"], error


def test_tools_that_may_not_be_called_leave_the_form(api: anthropic.Anthropic) -> None:
    tool: Any = {"name": "add", "input_schema": {"type": "object"}}
    answer = api.messages.create(
        **ASKED, tools=[tool], tool_choice={"type": "none"}, output_config=config({"const": 7})
    )

    assert answer.content[0].text == "7"  # type: ignore[union-attr]


def test_how_long_a_model_may_think_may_be_said_with_a_form(http: httpx.Client) -> None:
    seven = {"output_config": config({"const": 7}) | {"effort": "low"}}
    for thinking in (
        {"type": "enabled", "budget_tokens": 1024},
        {"type": "enabled"},
        {"type": "adaptive"},
        {"type": "disabled"},
        None,
    ):
        answer = http.post("/v1/messages", json=ASKED | seven | {"thinking": thinking})
        assert answer.status_code == 200, answer.text
        assert answer.json()["content"] == [{"type": "text", "text": "7"}]


def test_tokens_are_counted_with_a_form_as_without(http: httpx.Client) -> None:
    path, plain = "/v1/messages/count_tokens", {"model": "tutor", "messages": HI}
    kept = http.post(path, json=plain | {"output_config": config(TOWN)}).json()

    assert kept == http.post(path, json=plain).json()
    wrong = http.post(path, json=plain | {"output_config": config(5)})
    assert wrong.status_code == 400


def test_an_image_is_told_as_chats_tell_it() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    blocks = [{"type": "text", "text": "Look"}, {"type": "image", "source": source}]
    odd = {"type": "image", "source": 5}

    (first, second) = chat_request(
        {"messages": [{"role": "user", "content": blocks}, {"role": "user", "content": [odd]}]}
    )["messages"]

    url = {"url": "data:image/png;base64,AAAA"}
    assert first["content"] == [blocks[0], {"type": "image_url", "image_url": url}]
    assert second["content"] == [odd]  # refused where every image is looked at


def test_thoughts_are_a_block_before_the_answer() -> None:
    def chunk(**delta: str) -> Any:
        return event({"type": "", "choices": [{"delta": delta, "finish_reason": None}]})

    usage = {"prompt_tokens": 5, "completion_tokens": 4}
    end = event({"type": "", "choices": [], "usage": usage})
    message = MessageOfChat("tutor", 60)
    said = (chunk(reasoning_content="Hm"), chunk(content="7"), chunk(content="8"), end)
    told = [one.decode() for part in said for one in message.complete(part)]

    assert [(one["type"], one.get("index")) for one in told] == [
        ("message_start", None),
        ("content_block_start", 0),
        ("content_block_delta", 0),
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_delta", 1),
        ("content_block_delta", 1),
        ("content_block_stop", 1),
        ("message_delta", None),
        ("message_stop", None),
    ]
    whole = MessageOfChat("tutor", 60).whole(
        {"choices": [{"message": {"reasoning_content": "Hm", "content": "78"}}], "usage": usage}
    )
    assert [block["type"] for block in whole["content"]] == ["thinking", "text"]
    assert whole["usage"] == told[-2]["usage"]
