"""A form of the answer is kept to the letter on every path, or refused before the model speaks."""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, Literal

import httpx
import lmstudio
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from .conftest import EngineProcess
from .schema_strategies import schemas
from .tutor import TUTOR, config_of, llm_socket, saying

HI = [{"role": "user", "content": "Hello"}]
ZIP = {
    "type": "object",
    "properties": {
        "zip": {"type": "string", "pattern": r"^\d{3}\.\w$"},
        "city": {"enum": ["Bonn", "Ulm"]},
        "at": {"const": 7},
    },
    "required": ["zip", "city", "at"],
}
UNIQUE = {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}
PLACE = "/properties/a/uniqueItems"


@pytest.fixture(scope="module")
def http(tutor_engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{tutor_engine.address}", timeout=60) as http:
        yield http


def ask(http: httpx.Client, path: str, **body: Any) -> Any:
    return http.post(path, json={"model": "tutor"} | body)


def form(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}


def request_for(path: str, schema: Any) -> dict[str, Any]:
    """Return a request of this path for an answer that fits a schema."""
    if path == "/v1/responses":
        flat = {"type": "json_schema", "name": "x", "schema": schema}
        return {"input": "Hello", "text": {"format": flat}, "max_output_tokens": 60}
    if path.endswith("chat/completions"):
        return {"messages": HI, "response_format": form(schema), "max_tokens": 60}
    return {"prompt": "Hello", "response_format": form(schema), "max_tokens": 60}


def said(path: str, answer: Any) -> str:
    if path == "/v1/responses":
        return str(answer["output"][0]["content"][0]["text"])
    choice = answer["choices"][0]
    return str(choice["text"] if "text" in choice else choice["message"]["content"])


REST = (
    *("/v1/chat/completions", "/v1/completions", "/v1/responses"),
    *("/api/v0/chat/completions", "/api/v0/completions"),
)


@pytest.mark.parametrize("path", REST)
def test_a_schema_is_kept_over_rest_with_its_patterns_and_in_its_order(
    http: httpx.Client, path: str
) -> None:
    answer = ask(http, path, **request_for(path, ZIP)).json()

    filled = json.loads(said(path, answer))
    assert list(filled) == ["zip", "city", "at"]
    assert re.fullmatch(r"[0-9]{3}\.\w", filled["zip"])
    assert filled["at"] == 7


@pytest.mark.parametrize("path", REST)
def test_a_schema_that_cannot_be_kept_is_refused_over_rest(http: httpx.Client, path: str) -> None:
    for streams in (False, True):
        answer = ask(http, path, **request_for(path, UNIQUE), stream=streams)

        error = answer.json()["error"]
        assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
        assert error["code"] == "constraint_not_kept"
        assert PLACE in error["message"]
        assert error["param"].endswith("schema")


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_format": {"type": "xml"}},
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": 5}}},
        {"response_format": form(ZIP), "grammar": 'root ::= "a"'},
        {"grammar": "%llguidance {}\nstart: nonsense("},
        {"grammar": "root ::= missing"},
        {"response_format": form(ZIP), "tools": [{"type": "function", "function": {"name": "f"}}]},
        {"response_format": form({"type": "string", "pattern": "("})},
        {"response_format": form({"type": "integer", "minimum": 2, "maximum": 1})},
        {"response_format": form(False)},
    ],
)
def test_what_cannot_be_a_form_is_refused(http: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = ask(http, "/v1/chat/completions", messages=HI, max_tokens=20, **wrong)

    assert answer.status_code == 400, answer.text


def test_any_object_and_any_text_can_be_asked_for(http: httpx.Client) -> None:
    short = form({"type": "object", "maxProperties": 0})
    chat = "/v1/chat/completions"
    empty = ask(http, chat, messages=HI, max_tokens=20, response_format=short).json()
    text = ask(http, chat, messages=HI, temperature=0, response_format={"type": "text"}).json()
    thing = ask(
        http, chat, messages=HI, max_tokens=20, response_format={"type": "json_object"}
    ).json()

    assert said(chat, empty) == "{}"
    assert said(chat, text).startswith("Hello")
    assert said(chat, thing).startswith("{")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Everyday(pydantic.BaseModel):
    """What people put into their models."""

    zone: bool
    colour: Colour
    born: dt.date
    at: dt.datetime
    key: uuid.UUID
    pair: tuple[bool, None]
    literal: Literal["x", 3]
    count: int = pydantic.Field(gt=0, lt=10, multiple_of=3)
    maybe: bool | None
    pet: Cat | Dog = pydantic.Field(discriminator="kind")
    few: list[bool] = pydantic.Field(max_length=2)


def test_a_model_of_pydantic_comes_out_whole_and_in_its_order(tutor: lmstudio.LLM) -> None:
    schema = Everyday.model_json_schema()

    result = tutor.respond("Hello", response_format=schema, config={"temperature": 0})

    assert result.stats.stop_reason == "eosFound", result.content
    filled = json.loads(result.content)
    assert list(filled) == list(Everyday.model_fields)
    Draft202012Validator(schema).validate(filled)
    Everyday.model_validate_json(result.content)


@pytest.mark.parametrize("kind", [set[int], frozenset[str], pydantic.FilePath, pydantic.Json])
def test_a_field_of_pydantic_that_cannot_be_kept_is_refused_by_name(
    tutor: lmstudio.LLM, kind: Any
) -> None:
    model = pydantic.create_model("Wrong", tags=(kind, ...))

    with pytest.raises(lmstudio.LMStudioServerError, match="/properties/tags"):
        tutor.respond("Hello", response_format=model.model_json_schema())


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "maxItems": 3},
        {"const": "yes"},
        {"const": {"b": 1, "a": [None]}},
        {"anyOf": [{"const": 1}, {"const": "a"}]},
    ],
)
@pytest.mark.asyncio
async def test_small_forms_end_without_white_space(
    tutor_engine: EngineProcess, schema: dict[str, Any]
) -> None:
    structured = {"type": "json", "jsonSchema": schema}
    async with llm_socket(tutor_engine) as llm:
        channel = await llm.open(
            "predict",
            modelSpecifier=TUTOR,
            history=saying("Hello"),
            predictionConfigStack=config_of(structured=structured),
        )
        packets, _ = await llm.end(channel)
    text = "".join(p["fragment"]["content"] for p in packets if p["type"] == "fragment")
    assert packets[-1]["stats"]["stopReason"] == "eosFound"
    Draft202012Validator(schema).validate(json.loads(text))
    assert text == json.dumps(json.loads(text))


@pytest.mark.parametrize(
    "settings_",
    [
        {"structured": {"type": "json", "jsonSchema": UNIQUE}},
        {"structured": {"type": "gbnf", "gbnfGrammar": "%llguidance {}\nstart: nope("}},
        {"structured": {"type": "gbnf", "gbnfGrammar": " "}},
        {"toolChoice": {"type": "generic", "mode": "required"}},
        {"toolChoice": {"type": "generic", "mode": "often"}},
        {
            "structured": {"type": "json", "jsonSchema": ZIP},
            "tools": {"type": "toolArray", "tools": [{"type": "function", "function": {}}]},
        },
    ],
)
@pytest.mark.asyncio
async def test_the_sdks_are_told_before_anything_is_generated(
    tutor_engine: EngineProcess, settings_: dict[str, Any]
) -> None:
    async with llm_socket(tutor_engine) as llm:
        channel = await llm.open(
            "predict",
            modelSpecifier=TUTOR,
            history=saying("Hello"),
            predictionConfigStack=config_of(**settings_),
        )
        packets, last = await llm.end(channel)
    assert packets == []
    assert last["type"] == "channelError"
    assert last["error"]["errorData"] == {"code": "constraint_not_kept"}


def test_what_is_accepted_is_kept(http: httpx.Client) -> None:
    """No answer that ends by itself breaks its schema, whatever the schema."""
    ended = 0

    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas())
    def check(schema: dict[str, Any]) -> None:
        nonlocal ended
        asked = {"prompt": "x", "max_tokens": 100, "temperature": 1.6, "json_schema": schema}
        answer = ask(http, "/v1/completions", **asked)
        if answer.status_code == 400:
            assert answer.json()["error"]["code"] == "constraint_not_kept", answer.text
            return
        choice = answer.json()["choices"][0]
        if choice["finish_reason"] == "stop":
            ended += 1
            checker = Draft202012Validator.FORMAT_CHECKER
            Draft202012Validator(schema, format_checker=checker).validate(
                json.loads(choice["text"])
            )

    check()
    assert ended > 5


def tool(name: str, **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    function = {"name": name, "description": name, "parameters": parameters} | more
    return {"type": "function", "function": function}


SUM = [{"role": "user", "content": "What is 12 plus 30?"}]


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "function", "function": {"name": "multiply"}},
        {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": "multiply"}}],
            },
        },
    ],
)
def test_a_tool_that_is_named_is_called(http: httpx.Client, choice: Any) -> None:
    body = {"max_tokens": 60, "temperature": 0, "tools": [tool("add"), tool("multiply")]}
    for path in ("/v1/chat/completions", "/api/v0/chat/completions"):
        answer = ask(http, path, messages=SUM, tool_choice=choice, **body).json()
        calls = answer["choices"][0]["message"]["tool_calls"]
        assert {call["function"]["name"] for call in calls} == {"multiply"}
    flat = [{"type": "function", **one["function"]} for one in (tool("add"), tool("multiply"))]
    response = ask(
        http,
        "/v1/responses",
        input=SUM[0]["content"],
        temperature=0,
        max_output_tokens=60,
        tools=flat,
        tool_choice={"type": "function", "name": "multiply"},
    ).json()
    assert [item["name"] for item in response["output"]] == ["multiply"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tool_choice": "required"},
        {"tools": [tool("add")], "tool_choice": "often"},
        {"tools": [tool("add")], "tool_choice": 5},
        {"tools": [tool("add")], "tool_choice": {"type": "custom", "custom": {"name": "add"}}},
        {"tools": [tool("add")], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        {"tools": [tool("add", parameters=UNIQUE, strict=True)]},
        {"tools": [tool("add", parameters=ZIP, strict=True)]},
        {"functions": [{"name": "add"}]},
        {"modalities": ["text", "audio"]},
    ],
)
def test_what_cannot_be_had_of_tools_and_answers_is_refused(
    http: httpx.Client, wrong: dict[str, Any]
) -> None:
    answer = ask(http, "/v1/chat/completions", messages=SUM, max_tokens=20, **wrong)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "constraint_not_kept"
    assert answer.json()["error"]["param"] in wrong


def test_a_response_tells_that_it_was_cut_and_repeats_what_was_asked(http: httpx.Client) -> None:
    asked = {
        "input": "Who are you?",
        "max_output_tokens": 3,
        "temperature": 0,
        "metadata": {"a": "b"},
        "instructions": "Be short.",
        "tool_choice": "none",
        "top_p": 0.9,
    }
    whole = ask(http, "/v1/responses", **asked).json()
    lines = ask(http, "/v1/responses", **asked, stream=True).text.splitlines()
    last = json.loads([line[6:] for line in lines if line.startswith("data: ")][-1])
    long = ask(http, "/v1/responses", **(asked | {"max_output_tokens": 60})).json()

    assert last["type"] == "response.incomplete"
    for response in (whole, last["response"]):
        assert response["status"] == "incomplete"
        assert response["incomplete_details"] == {"reason": "max_output_tokens"}
        for name in ("metadata", "instructions", "tool_choice", "temperature", "top_p"):
            assert response[name] == asked[name]
    assert long["status"] == "completed"
    assert long["incomplete_details"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"background": True},
        {"truncation": "auto"},
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "function", "name": ["f"]}]},
        {"tools": [{"type": "custom", "name": "f"}]},
    ],
)
def test_what_a_response_cannot_do_is_refused(http: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = ask(http, "/v1/responses", input="Hello", max_output_tokens=5, **wrong)

    assert answer.status_code == 400, answer.text
