"""Whatever stands in any place of a request, a client hears of its mistake, and never of ours.

Each place of a valid request holds, in turn, a list, an object, a number, a text, nothing: what
cannot be looked up, iterated or called is found wherever it is read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.prediction.json_schema import prepared
from lms_jupyter.engine.prediction.schema_words import UnkeepableError
from lms_jupyter.engine.routes import anthropic
from lms_jupyter.engine.wire import message_chat, openai, requests, response_chat, tool_choice
from lms_jupyter.engine.wire.blocks import settle_blocks
from lms_jupyter.engine.wire.requests import check
from lms_jupyter.engine.wire.response_items import settle_items
from lms_jupyter.engine.wire.unsupported import refuse_unsupported

ODD: tuple[Any, ...] = ([], {}, [[]], [{}], {"type": []}, {"type": {}}, 7, "x", None, True)
PARAMETERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FUNCTION = {"name": "double", "description": "Doubles.", "parameters": PARAMETERS, "strict": True}
CAT, DOG = (
    {"type": "object", "properties": {"kind": {"const": tag}}, "required": ["kind"]}
    for tag in ("cat", "dog")
)
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"none": {"$anchor": "here", "type": "null"}},
    "type": "object",
    "properties": {
        "text": {"type": "string", "format": "date", "pattern": "^a$", "minLength": 1},
        "count": {"type": "integer", "format": "int32", "minimum": 1, "multipleOf": 1},
        "some": {"anyOf": [{"enum": ["a", 1]}, {"$ref": "#/$defs/none"}, {"$ref": "#here"}]},
        "list": {"type": "array", "prefixItems": [{"const": 1}], "items": False, "maxItems": 2},
        "old": {"items": [{"type": "null"}], "additionalItems": {"type": "null"}},
        "pet": {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind"}},
    },
    "patternProperties": {"^x": {"type": "null"}},
    "additionalProperties": False,
    "required": ["text"],
    "minProperties": 1,
    "dependentRequired": {},
}
DOCUMENT = {"type": "content", "content": [{"type": "text", "text": "a"}]}
MESSAGE = {
    "model": "tutor",
    "max_tokens": 2,
    "system": [{"type": "text", "text": "Be brief."}],
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "tool_choice": {"type": "tool", "name": "double"},
    "tools": [{"name": "double", "input_schema": PARAMETERS, "strict": True}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "document", "source": DOCUMENT, "title": "t"},
                {"type": "image", "source": {"type": "base64", "data": "AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "a"},
                {"type": "tool_use", "id": "1", "name": "double", "input": {"a": 2}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "1",
                    "content": [{"type": "text", "text": "4"}],
                }
            ],
        },
    ],
}
FORMED = {name: value for name, value in MESSAGE.items() if not name.startswith("tool")} | {
    "output_config": {"format": {"type": "json_schema", "schema": PARAMETERS}}
}
RESPONSE = {
    "model": "tutor",
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]},
        {"type": "function_call", "call_id": "1", "name": "double", "arguments": '{"a": 2}'},
        {"type": "function_call_output", "call_id": "1", "output": "4"},
    ],
    "text": {"format": {"type": "text"}, "verbosity": "low"},
}
LIKELY = RESPONSE | {"include": ["message.output_text.logprobs"], "top_logprobs": 1}
ACTING = RESPONSE | {
    "tools": [{"type": "function", **FUNCTION}],
    "tool_choice": {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "double"}],
    },
}
CHAT = {
    "messages": [{"role": "user", "content": "a"}],
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "required",
            "tools": [{"type": "function", "function": {"name": "double"}}],
        },
    },
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a JSON value as the holder and the key or index."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def read_message(body: dict[str, Any]) -> None:
    check(body, requests.AnthropicMessage)
    refuse_unsupported(body, "/v1/messages")
    if anthropic._settled(body) is not None:
        message_chat.chat_request(body)


def read_response(body: dict[str, Any]) -> None:
    openai.echo(body)
    items = settle_items(openai.input_items(body))
    body["input"] = openai.kept_items(items) + items
    asks = response_chat.wants_probabilities(body)
    check(body, requests.Response)
    refuse_unsupported(body, "/v1/responses")
    tool_choice.settle_openai(response_chat.chat_request(body) if asks else body)


def read_chat(body: dict[str, Any]) -> None:
    check(body, requests.Chat)
    tool_choice.settle_openai(body)


READ: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "schema": (SCHEMA, prepared),
    "message": (MESSAGE, read_message),
    "message with a form": (FORMED, read_message),
    "response with tools": (ACTING, read_response),
    "response with probabilities": (LIKELY, read_response),
    "chat": (CHAT, read_chat),
}


@pytest.mark.parametrize("name", READ)
def test_what_stands_in_a_wrong_place_is_told(name: str) -> None:
    sample, read = READ[name]
    read(copy.deepcopy(sample))
    told = 0
    for number in range(len(list(places(sample)))):
        for odd in ODD:
            body = copy.deepcopy(sample)
            holder, key = list(places(body))[number]
            holder[key] = copy.deepcopy(odd)
            try:
                read(body)
            except (EngineError, UnkeepableError):
                told += 1
            except Exception as error:
                error.add_note(f"{odd!r} at {key!r}")
                raise
    assert told > number


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (requests.Chat, {"messages": [], "logprobs": []}),
        (requests.Chat, {"messages": [], "logprobs": "yes"}),
        (requests.Chat, {"messages": [], "logprobs": True, "top_logprobs": "5"}),
        (requests.Response, {"input": [], "tools": [{"name": "f", "description": []}]}),
        (requests.AnthropicMessage, {"messages": [], "tools": [{"description": {}}]}),
    ],
)
def test_what_llama_cpp_would_leave_aside_is_told(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="is wrong: Expected"):
        check(wrong, kind)


def test_a_block_whose_text_is_none_is_told() -> None:
    for odd in (None, {}, ["a"], 5):
        block = {"type": "text", "text": odd}
        result = {"type": "tool_result", "tool_use_id": "1", "content": [block]}
        for place in ({"messages": [{"role": "user", "content": [result]}]}, {"system": [block]}):
            with pytest.raises(EngineError, match=r"has to be text, not .*\.0"):
                settle_blocks(dict(place))
