"""Anthropic's path, driven by Anthropic's own client against a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import lmstudio
import pytest
from anthropic.types import MessageParam

from lms_jupyter.engine.wire.anthropic import MessageEvents
from lms_jupyter.engine.wire.parts import MessageParts
from lms_jupyter.engine.wire.sse import event

from .conftest import EngineProcess

HELLO: list[MessageParam] = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def api(engine: EngineProcess, client: lmstudio.Client) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client; what it loads is unloaded by the fixture `client`."""
    assert client.llm.list_loaded() == []
    url = f"http://{engine.address}"
    with anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0) as api:
        yield api


def test_a_message_is_answered_by_a_model_loaded_just_in_time(
    api: anthropic.Anthropic, client: lmstudio.Client
) -> None:
    answer = api.messages.create(
        model="tiny-llm", max_tokens=5, messages=HELLO, extra_body={"ttl": 44}
    )

    assert answer.stop_reason == "max_tokens"
    assert answer.usage.output_tokens == 5
    assert answer.model == "tiny-llm"
    assert [block.type for block in answer.content] == ["text"]
    (loaded,) = client._get_session(lmstudio.sync_api._SyncSessionLlm).remote_call("listLoaded")
    assert loaded["ttlMs"] == 44_000


def test_a_streamed_message_is_put_together_by_anthropics_client(
    api: anthropic.Anthropic,
) -> None:
    with api.messages.stream(
        model="tiny-llm", max_tokens=12, messages=HELLO, system="Be short."
    ) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()

    assert text == "".join(block.text for block in final.content if block.type == "text")
    assert final.stop_reason == "max_tokens"
    assert final.usage.output_tokens == 12


def test_tokens_are_counted(api: anthropic.Anthropic) -> None:
    short = api.messages.count_tokens(model="tiny-llm", messages=HELLO)
    long = api.messages.count_tokens(
        model="tiny-llm", messages=[{"role": "user", "content": "Hello hello hello"}]
    )

    assert 0 < short.input_tokens < long.input_tokens


def test_what_is_wrong_is_said_in_anthropics_way(api: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="No downloaded model") as missing:
        api.messages.create(model="nothing", max_tokens=5, messages=HELLO)
    with pytest.raises(anthropic.BadRequestError, match="The prompt is too long") as too_long:
        api.messages.create(
            model="tiny-llm",
            max_tokens=5,
            messages=[{"role": "user", "content": "a b " * 6000}],
        )
    with pytest.raises(anthropic.BadRequestError, match="'messages' has to be a list"):
        api.messages.create(model="tiny-llm", max_tokens=5, messages=5)  # type: ignore[call-overload]
    with pytest.raises(anthropic.BadRequestError, match="cannot look at images"):
        api.messages.create(
            model="tiny-llm",
            max_tokens=5,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1/x"}}
                    ],
                }
            ],
        )

    assert missing.value.body == {
        "type": "error",
        "error": {
            "type": "not_found_error",
            "message": missing.value.body["error"]["message"],  # type: ignore[index]
        },
    }
    assert too_long.value.body["error"]["type"] == "invalid_request_error"  # type: ignore[index]


def test_a_message_whose_start_llama_cpp_leaves_out_gets_one() -> None:
    delta = event({"type": "content_block_start", "index": 0})
    stop = event({"type": "message_stop"})
    events = MessageEvents("tiny-llm")

    start, same = events.complete(delta)

    assert start.decode()["message"]["model"] == "tiny-llm"
    assert (start.name, same) == ("message_start", delta)
    assert events.complete(stop) == (stop,)


def test_a_message_that_has_a_start_keeps_it() -> None:
    start = event({"type": "message_start", "message": {}})

    assert MessageEvents("tiny-llm").complete(start) == (start,)


def test_a_message_whose_start_is_left_out_can_still_be_put_together() -> None:
    parts = MessageParts("tiny-llm")
    parts.hear({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}})
    delta = {"stop_reason": "max_tokens", "stop_sequence": None}
    parts.hear({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 12}})

    whole = parts.whole()

    assert (whole["role"], whole["model"]) == ("assistant", "tiny-llm")
    assert whole["content"] == [{"type": "text", "text": "Hi"}]
    assert whole["usage"] == {"input_tokens": 0, "output_tokens": 12}


@pytest.fixture
def tutor(tutor_engine: EngineProcess) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client for an engine with the shipped chat model."""
    url = f"http://{tutor_engine.address}"
    with anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0) as api:
        yield api


def test_a_stop_sequence_is_told_as_the_reason_whole_and_streamed(
    tutor: anthropic.Anthropic,
) -> None:
    asked: Any = {
        "model": "tutor",
        "max_tokens": 40,
        "extra_body": {"temperature": 0},
        "messages": [{"role": "user", "content": "Who are you?"}],
        "stop_sequences": ["very"],
    }
    whole = tutor.messages.create(**asked)
    with tutor.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    ended = tutor.messages.create(**(asked | {"stop_sequences": ["nothing"]}))

    assert (whole.stop_reason, whole.stop_sequence) == ("stop_sequence", "very")
    assert (streamed.stop_reason, streamed.stop_sequence) == ("stop_sequence", "very")
    assert (ended.stop_reason, ended.stop_sequence) == ("end_turn", None)


def document(source: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "document", "title": "Notes", "source": source}]


def test_a_document_of_text_is_read_and_any_other_block_is_refused(
    tutor: anthropic.Anthropic,
) -> None:
    def ask(content: Any) -> int:
        return tutor.messages.count_tokens(
            model="tutor", messages=[{"role": "user", "content": content}]
        ).input_tokens

    words = "one two three four five six seven"
    empty = ask([{"type": "text", "text": ""}])
    assert ask(document({"type": "text", "media_type": "text/plain", "data": words})) > empty + 7
    assert ask(document({"type": "content", "content": words})) > empty + 7
    parts = [{"type": "text", "text": words}]
    assert ask(document({"type": "content", "content": parts})) > empty + 7
    for wrong in (
        document({"type": "base64", "media_type": "application/pdf", "data": "AAAA"}),
        document({"type": "url", "url": "https://example.org/x.pdf"}),
        [{"type": "search_result", "source": "x", "title": "x", "content": []}],
        [{"type": "tool_result", "tool_use_id": "x", "content": document({"type": "url"})}],
    ):
        with pytest.raises(anthropic.BadRequestError, match="cannot be read"):
            ask(wrong)


CALCULATE: Any = [
    {"name": name, "description": name, "input_schema": {"type": "object", "properties": {}}}
    for name in ("add", "multiply")
]


def test_a_tool_that_is_named_is_called_and_none_is_none(tutor: anthropic.Anthropic) -> None:
    asked: Any = {
        "model": "tutor",
        "max_tokens": 60,
        "extra_body": {"temperature": 0},
        "messages": [{"role": "user", "content": "What is 12 plus 30?"}],
        "tools": CALCULATE,
    }
    named = tutor.messages.create(**asked, tool_choice={"type": "tool", "name": "multiply"})
    none = tutor.messages.create(**asked, tool_choice={"type": "none"})

    assert [block.name for block in named.content if block.type == "tool_use"] == ["multiply"]
    assert {block.type for block in none.content} == {"text"}
    for wrong in ({"type": "tool", "name": "divide"}, {"type": "often"}, "auto"):
        with pytest.raises(anthropic.BadRequestError, match="tool_choice"):
            tutor.messages.create(**asked, tool_choice=wrong)
