"""OpenAI's paths, driven by OpenAI's own client against a real engine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx
import lmstudio
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from lms_jupyter.engine.settings import SHIPPED_MODELS
from lms_jupyter.engine.wire.openai import ChatEvents
from lms_jupyter.engine.wire.sse import Event
from tests.waiting import wait_until

from .conftest import EngineProcess, start_engine

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
ENDLESS = {"model": "big-llm", "messages": HELLO, "max_tokens": 1900, "ignore_eos": True}
LONG: lmstudio.LlmLoadModelConfigDict = {"contextLength": 2048}
"""Room for an answer that takes many seconds."""


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """OpenAI's client for an engine with the models that come with the package."""
    engine = start_engine(SHIPPED_MODELS, tmp_path_factory.mktemp("tutor") / "log")
    url = f"http://{engine.address}/v1"
    with openai.OpenAI(base_url=url, api_key="unused", max_retries=0) as api:
        yield api
    assert engine.stop() == 0


@pytest.fixture
def api(engine: EngineProcess, client: lmstudio.Client) -> Iterator[openai.OpenAI]:
    """OpenAI's client; what it loads is unloaded by the fixture `client`."""
    assert client.llm.list_loaded() == []
    url = f"http://{engine.address}/v1"
    with openai.OpenAI(base_url=url, api_key="unused", max_retries=0) as api:
        yield api


@pytest.fixture
def http(engine: EngineProcess, client: lmstudio.Client) -> Iterator[httpx.Client]:
    assert client.llm.list_loaded() == []
    with httpx.Client(base_url=f"http://{engine.address}", timeout=30) as http:
        yield http


def wait_until_idle(client: lmstudio.Client) -> None:
    """Wait until nothing is being generated; fails long before an endless answer would end."""
    wait_until(lambda: statuses(client) == ["idle"], "the instance to be idle")


def statuses(client: lmstudio.Client) -> list[str]:
    activity = client.system.remote_call("getActivity")
    return [instance["status"] for instance in activity["instances"]]


def test_models_are_listed_by_key(api: openai.OpenAI) -> None:
    names = [model.id for model in api.models.list()]

    assert names == ["big-llm", "odd-llm", "text-embedding-tiny-embed", "tiny-llm"]
    assert api.models.retrieve("tiny-llm@f16").owned_by == "acme"
    with pytest.raises(openai.NotFoundError, match="No downloaded model has the key"):
        api.models.retrieve("nothing")


def test_a_chat_loads_its_model_just_in_time(api: openai.OpenAI, client: lmstudio.Client) -> None:
    answer = api.chat.completions.create(model="tiny-llm", messages=HELLO, max_tokens=4)

    assert answer.model == "tiny-llm"
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4
    (loaded,) = client._get_session(lmstudio.sync_api._SyncSessionLlm).remote_call("listLoaded")
    assert loaded["identifier"] == "tiny-llm"
    assert loaded["ttlMs"] == 3_600_000


def test_the_ttl_counts_only_for_the_request_that_loads(
    api: openai.OpenAI, client: lmstudio.Client
) -> None:
    for ttl in (77, 5):
        api.chat.completions.create(
            model="tiny-llm", messages=HELLO, max_tokens=1, extra_body={"ttl": ttl}
        )

    (loaded,) = client._get_session(lmstudio.sync_api._SyncSessionLlm).remote_call("listLoaded")
    assert loaded["ttlMs"] == 77_000


def test_a_streamed_chat_has_only_events_that_openai_knows(api: openai.OpenAI) -> None:
    stream = api.chat.completions.create(
        model="tiny-llm",
        messages=HELLO,
        max_tokens=6,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)

    assert all("prompt_progress" not in (chunk.model_extra or {}) for chunk in chunks)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 6


def test_streamed_and_whole_answers_say_the_same(api: openai.OpenAI) -> None:
    whole = api.chat.completions.create(
        model="tiny-llm", messages=HELLO, max_tokens=24, temperature=0
    )
    stream = api.chat.completions.create(
        model="tiny-llm", messages=HELLO, max_tokens=24, temperature=0, stream=True
    )

    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content


def test_a_schema_is_kept_to(api: openai.OpenAI) -> None:
    answer = api.chat.completions.create(
        model="tiny-llm",
        messages=HELLO,
        max_tokens=60,
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "schema": {
                    "type": "object",
                    "properties": {"yes": {"type": "boolean"}},
                    "required": ["yes"],
                    "additionalProperties": False,
                },
            },
        },
    )

    assert json.loads(answer.choices[0].message.content or "").keys() == {"yes"}


def test_text_is_completed(api: openai.OpenAI) -> None:
    answer = api.completions.create(model="tiny-llm", prompt="One two", max_tokens=5)
    stream = api.completions.create(model="tiny-llm", prompt="One", max_tokens=3, stream=True)

    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5
    assert [chunk.choices[0].finish_reason for chunk in stream][-1] == "length"


def test_texts_are_embedded(api: openai.OpenAI) -> None:
    answer = api.embeddings.create(model="tiny-embed", input=["one", "two"])

    assert [len(entry.embedding) for entry in answer.data] == [64, 64]
    with pytest.raises(openai.BadRequestError, match="of the type 'llm'"):
        api.embeddings.create(model="tiny-llm", input="one")
    with pytest.raises(openai.BadRequestError, match="of the type 'embedding'"):
        api.chat.completions.create(model="tiny-embed", messages=HELLO)


def test_a_response_is_continued_by_its_id(api: openai.OpenAI) -> None:
    first = api.responses.create(model="tiny-llm", input="Hello", max_output_tokens=5)
    second = api.responses.create(
        model="tiny-llm", input="And then?", previous_response_id=first.id, max_output_tokens=5
    )
    alone = api.responses.create(model="tiny-llm", input="And then?", max_output_tokens=5)

    assert first.status == "incomplete"
    assert second.usage is not None
    assert alone.usage is not None
    assert second.usage.input_tokens > alone.usage.input_tokens
    with pytest.raises(openai.NotFoundError, match="no response 'resp_none' to continue"):
        api.responses.create(model="tiny-llm", input="x", previous_response_id="resp_none")


def test_a_response_that_is_not_stored_cannot_be_continued(api: openai.OpenAI) -> None:
    first = api.responses.create(model="tiny-llm", input="Hello", max_output_tokens=2, store=False)

    with pytest.raises(openai.NotFoundError):
        api.responses.create(model="tiny-llm", input="x", previous_response_id=first.id)


def test_a_streamed_response_is_put_together_by_openais_client(
    api: openai.OpenAI, client: lmstudio.Client
) -> None:
    with api.responses.stream(
        model="tiny-llm", input="Hello", max_output_tokens=8, extra_body={"ttl": 33}
    ) as stream:
        events = list(stream)
    last = events[-1]
    assert last.type == "response.incomplete"  # it may not become longer
    final = last.response

    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds.count("response.in_progress") == 1
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == final.output_text
    again = api.responses.create(
        model="tiny-llm", input="x", previous_response_id=final.id, max_output_tokens=1
    )
    assert again.usage is not None
    (loaded,) = client._get_session(lmstudio.sync_api._SyncSessionLlm).remote_call("listLoaded")
    assert loaded["ttlMs"] == 33_000


def test_a_tool_is_called_and_its_result_told(tutor: openai.OpenAI) -> None:
    question: ChatCompletionMessageParam = {"role": "user", "content": "What is 12 plus 30?"}
    number = {"type": "integer"}
    add: ChatCompletionToolParam = {
        "type": "function",
        "function": {
            "name": "add",
            "description": "Add two numbers.",
            "parameters": {
                "type": "object",
                "properties": {"a": number, "b": number},
                "required": ["a", "b"],
            },
        },
    }

    asked = tutor.chat.completions.create(
        model="tutor-1m", messages=[question], tools=[add], temperature=0
    )

    assert asked.choices[0].finish_reason == "tool_calls"
    message = asked.choices[0].message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert call.function.name == "add"
    assert json.loads(call.function.arguments).keys() == {"a", "b"}
    told = tutor.chat.completions.create(
        model="tutor-1m",
        messages=[
            question,
            {"role": "assistant", "tool_calls": [call.model_dump()]},  # type: ignore[list-item]
            {"role": "tool", "tool_call_id": call.id, "content": "42"},
        ],
        tools=[add],
        temperature=0,
    )
    assert "42" in (told.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"model": "nothing", "messages": HELLO}, 404, "No downloaded model has the key"),
        ({"messages": HELLO}, 400, "'model' has to be there: nothing is loaded"),
        ({"model": 7, "messages": HELLO}, 400, "'model' has to be text"),
        ({"model": "tiny-llm", "messages": HELLO, "ttl": 0}, 400, "'ttl' has to be a number"),
        ({"model": "tiny-llm", "messages": HELLO, "ttl": "x"}, 400, "'ttl' has to be a number"),
        ({"model": "tiny-llm", "messages": HELLO, "stream": "x"}, 400, "'stream' has to be true"),
        ({"model": "tiny-llm"}, 400, "missing required field `messages`"),
        ({"model": "odd-llm", "messages": HELLO}, 500, "odd-llm"),
        (
            {"model": "tiny-llm", "messages": [{"role": "user", "content": "a b " * 6000}]},
            400,
            "The prompt is too long",
        ),
        (
            {
                "model": "tiny-llm",
                "messages": [{"role": "user", "content": [{"type": "image_url"}]}],
            },
            400,
            "'tiny-llm' cannot look at images",
        ),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_what_is_wrong_is_said_in_openais_way(
    http: httpx.Client, body: dict[str, object], status: int, message: str, *, streams: bool
) -> None:
    body = {"stream": True} | body if streams else body

    answer = http.post("/v1/chat/completions", json=body)

    assert answer.status_code == status
    error = answer.json()["error"]
    assert message in error["message"]
    assert error["type"] == ("server_error" if status == 500 else "invalid_request_error")
    assert error["code"]


def test_a_body_that_is_no_object_is_refused(http: httpx.Client) -> None:
    for content in (b"", b"{", b"[1]", b"\xff\xfe"):
        answer = http.post("/v1/chat/completions", content=content)
        assert answer.status_code == 400
        assert "The body is not a JSON object" in answer.json()["error"]["message"]


def test_unknown_paths_are_told_as_json(http: httpx.Client) -> None:
    answer = http.get("/v1/chat/completions")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is no GET /v1/chat/completions."


def test_without_a_name_what_is_loaded_answers(http: httpx.Client, client: lmstudio.Client) -> None:
    client.llm.load_new_instance("tiny-llm", "mine")

    answer = http.post("/v1/chat/completions", json={"messages": HELLO, "max_tokens": 1})

    assert answer.json()["model"] == "mine"


def test_more_requests_than_sessions_are_all_answered(api: openai.OpenAI) -> None:
    lengths: list[int] = []

    def ask() -> None:
        answer = api.chat.completions.create(model="tiny-llm", messages=HELLO, max_tokens=20)
        lengths.append(answer.usage.completion_tokens if answer.usage else 0)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lengths == [20] * 12


def test_a_client_that_leaves_a_stream_frees_the_instance(
    http: httpx.Client, client: lmstudio.Client
) -> None:
    client.llm.load_new_instance("big-llm", config=LONG)

    with http.stream("POST", "/v1/chat/completions", json=ENDLESS | {"stream": True}) as answer:
        next(answer.iter_lines())

    wait_until_idle(client)


def test_a_client_that_waits_no_longer_frees_the_instance(
    http: httpx.Client, client: lmstudio.Client
) -> None:
    client.llm.load_new_instance("big-llm", config=LONG)

    with pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json=ENDLESS, timeout=httpx.Timeout(30, read=0.3))

    wait_until_idle(client)


def test_an_unload_ends_a_stream_with_an_error(http: httpx.Client, client: lmstudio.Client) -> None:
    model = client.llm.load_new_instance("big-llm")
    with http.stream("POST", "/v1/chat/completions", json=ENDLESS | {"stream": True}) as answer:
        lines = answer.iter_lines()
        next(lines)
        model.unload()
        last = [line for line in lines if line][-1]

    assert "was unloaded during the request" in json.loads(last[6:])["error"]["message"]


def test_the_role_is_told_once_and_first() -> None:
    report = (
        b'{"choices":[{"delta":{"role":"assistant","content":null}}],"prompt_progress":{"a":1}}'
    )
    role = b'{"choices":[{"delta":{"role":"assistant","content":null}}]}'
    text = b'{"choices":[{"delta":{"content":"\\"prompt_progress\\": x"}}]}'
    said = [Event(report), Event(report), Event(role), Event(text)]

    events = ChatEvents()
    told = [one for event in said for one in events.complete(event)]

    assert told == [Event(role), Event(text)]
