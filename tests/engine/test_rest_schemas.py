"""Every REST reply held against its type, and every wrong type in a request refused in its way.

LM Studio's own formats have the types of the protocol page; OpenAI's and Anthropic's are those of
their own packages, read strictly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic.types as claude
import httpx
import lmstudio
import msgspec
import openai.types as gpt
import openai.types.chat as gpt_chat
import openai.types.responses as gpt_responses
import pytest
from pydantic import TypeAdapter

from lms_jupyter.engine.settings import SHIPPED_MODELS

from . import schemas_rest as schemas
from .conftest import start_engine

HELLO = [{"role": "user", "content": "Hello"}]
LLM, EMBED = {"model": "tutor-1m"}, {"model": "tutor-embed"}
SHORT = LLM | {"max_tokens": 4}
GREETINGS = (("/lmstudio-greeting", schemas.Greeting), ("/lms-status", schemas.Status))
LISTS = (
    ("/api/v1/models", schemas.Models),
    ("/api/v0/models", schemas.ModelsV0),
    ("/api/v0/models/tutor-1m", schemas.EntryV0),
    ("/v1/models", schemas.ModelsOpenAi),
    ("/v1/models/tutor-1m", schemas.ModelOpenAi),
)
FAILURES: dict[str, Any] = {
    "/api/v1": schemas.FailureV1,
    "/api/v0": schemas.FailureOpenAi,
    "/v1/messages": schemas.FailureAnthropic,
    "/v1": schemas.FailureOpenAi,
}
ANSWERS: tuple[tuple[str, dict[str, Any], Any], ...] = (
    ("/v1/chat/completions", SHORT | {"messages": HELLO}, gpt_chat.ChatCompletion),
    ("/v1/completions", SHORT | {"prompt": "One"}, gpt.Completion),
    ("/v1/embeddings", EMBED | {"input": ["a", "b"]}, gpt.CreateEmbeddingResponse),
    ("/v1/responses", LLM | {"input": "Hi", "max_output_tokens": 4}, gpt_responses.Response),
    ("/v1/messages", SHORT | {"messages": HELLO}, claude.Message),
    ("/v1/messages/count_tokens", LLM | {"messages": HELLO}, claude.MessageTokensCount),
    ("/api/v0/chat/completions", SHORT | {"messages": HELLO}, gpt_chat.ChatCompletion),
    ("/api/v0/completions", SHORT | {"prompt": "One"}, gpt.Completion),
    ("/api/v0/embeddings", EMBED | {"input": "a"}, gpt.CreateEmbeddingResponse),
)
STREAMS: tuple[tuple[str, dict[str, Any], Any], ...] = (
    ("/v1/chat/completions", SHORT | {"messages": HELLO}, gpt_chat.ChatCompletionChunk),
    ("/v1/completions", SHORT | {"prompt": "One"}, gpt.Completion),
    (
        "/v1/responses",
        LLM | {"input": "Hi", "max_output_tokens": 4},
        gpt_responses.ResponseStreamEvent,
    ),
    ("/v1/messages", SHORT | {"messages": HELLO}, claude.RawMessageStreamEvent),
    ("/api/v0/chat/completions", SHORT | {"messages": HELLO}, gpt_chat.ChatCompletionChunk),
    ("/api/v0/completions", SHORT | {"prompt": "One"}, gpt.Completion),
)
WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        (path, SHORT | {"messages": HELLO} | wrong)
        for path in ("/v1/chat/completions", "/api/v0/chat/completions")
        for wrong in (
            {"messages": 5},
            {"messages": ["x"]},
            {"messages": [{"role": "user", "content": 5}]},
            {"messages": [{"role": 7, "content": "x"}]},
            {"temperature": "hot"},
            {"max_tokens": "many"},
            {"stream": "yes"},
            {"stop": 5},
            {"tools": 5},
            {"tools": [{"type": "function"}]},
            {"response_format": "json"},
            {"model": 7},
            {"ttl": "x"},
            {"draft_model": 5},
            {"preset": 5},
        )
    ),
    *(
        (path, SHORT | {"prompt": "One"} | wrong)
        for path in ("/v1/completions", "/api/v0/completions")
        for wrong in ({"prompt": {}}, {"temperature": []}, {"stop": {}}, {"seed": "x"})
    ),
    *(
        (path, EMBED | {"input": "a"} | wrong)
        for path in ("/v1/embeddings", "/api/v0/embeddings")
        for wrong in ({"input": {}}, {"input": None}, {"encoding_format": 5}, {"model": []})
    ),
    *(
        ("/v1/responses", LLM | {"input": "Hi"} | wrong)
        for wrong in (
            {"input": 5},
            {"input": [5]},
            {"store": "x"},
            {"previous_response_id": 5},
            {"temperature": "hot"},
            {"max_output_tokens": "x"},
            {"instructions": 5},
            {"tools": 5},
        )
    ),
    *(
        ("/v1/messages", SHORT | {"messages": HELLO} | wrong)
        for wrong in (
            {"messages": 5},
            {"messages": [5]},
            {"messages": [{"role": "user", "content": 5}]},
            {"max_tokens": "x"},
            {"system": 5},
            {"stop_sequences": 5},
            {"stream": 1},
            {"temperature": "hot"},
            {"tools": 5},
        )
    ),
    *(
        ("/api/v1/chat", LLM | {"input": "Hi"} | wrong)
        for wrong in (
            {"input": 5},
            {"input": []},
            {"input": [5]},
            {"stream": "yes"},
            {"temperature": "hot"},
            {"top_k": 1.5},
            {"max_output_tokens": 0},
            {"reasoning": "hard"},
            {"context_length": "x"},
            {"store": "x"},
            {"previous_response_id": 5},
            {"system_prompt": 5},
            {"model": 7},
        )
    ),
    *(
        ("/api/v1/models/load", LLM | wrong)
        for wrong in (
            {"model": 7},
            {"context_length": "x"},
            {"context_length": 0},
            {"eval_batch_size": 1.5},
            {"flash_attention": "on"},
            {"num_experts": -1},
            {"offload_kv_cache_to_gpu": 1},
            {"echo_load_config": "x"},
        )
    ),
    ("/api/v1/models/unload", {"instance_id": 5}),
    ("/api/v1/models/unload", {}),
    ("/api/v1/models/download", {"model": 5}),
    ("/api/v1/models/download", {"model": "a/b", "quantization": 4}),
)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of an engine with the shipped models, whose answers are words."""
    engine = start_engine(SHIPPED_MODELS, tmp_path_factory.mktemp("rest") / "log")
    with (
        lmstudio.Client(engine.address) as client,
        httpx.Client(base_url=f"http://{engine.address}", timeout=30) as rest,
    ):
        client.llm.load_new_instance("tutor-1m", ttl=None)
        client.embedding.load_new_instance("tutor-embed", ttl=None)
        yield rest
    assert engine.stop() == 0


def _checked(content: Any, kind: Any) -> Any:
    return TypeAdapter(kind).validate_python(content, strict=True)


def _kept(choice: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in choice.items() if value is not None} | {
        "logprobs": choice.get("logprobs")
    }


def _failure(path: str) -> Any:
    return next(kind for start, kind in FAILURES.items() if path.startswith(start))


def _events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.text
    data = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    return [json.loads(one) for one in data if one != "[DONE]"]


@pytest.mark.parametrize(("path", "kind"), GREETINGS + LISTS)
def test_what_is_listed_fits_its_type(rest: httpx.Client, path: str, kind: Any) -> None:
    answer = rest.get(path)
    assert answer.status_code == 200
    msgspec.json.decode(answer.content, type=kind)


def test_loads_and_unloads_fit_their_types(rest: httpx.Client) -> None:
    body = LLM | {"context_length": 256, "echo_load_config": True}
    loaded = rest.post("/api/v1/models/load", json=body)
    told = msgspec.json.decode(loaded.content, type=schemas.LoadedEcho)
    assert told.load_config.context_length == 256
    again = rest.post("/api/v1/models/load", json=EMBED)
    other = msgspec.json.decode(again.content, type=schemas.Loaded)
    for identifier in (told.instance_id, other.instance_id):
        gone = rest.post("/api/v1/models/unload", json={"instance_id": identifier})
        msgspec.json.decode(gone.content, type=schemas.Unloaded)


@pytest.mark.parametrize("model", ["tutor-1m", "tutor-1m@f16"])
def test_a_chat_fits_its_type_whole_and_streamed(rest: httpx.Client, model: str) -> None:
    body = {"model": model, "input": "Hi", "max_output_tokens": 4}
    streamed = rest.post("/api/v1/chat", json=body | {"stream": True})
    kinds = {type(msgspec.convert(one, schemas.ChatEvent)) for one in _events(streamed)}
    assert kinds >= {schemas.ChatStart, schemas.MessageDelta, schemas.ChatEnd}
    whole = rest.post("/api/v1/chat", json=body)
    msgspec.json.decode(whole.content, type=schemas.Chat)
    if model != "tutor-1m":
        assert kinds >= {schemas.LoadStart, schemas.LoadEnd}
        rest.post("/api/v1/models/unload", json={"instance_id": model})


@pytest.mark.parametrize(("path", "body", "kind"), ANSWERS)
def test_an_answer_fits_its_type(
    rest: httpx.Client, path: str, body: dict[str, Any], kind: Any
) -> None:
    answer = rest.post(path, json=body)
    assert answer.status_code == 200, answer.text
    _checked(answer.json(), kind)
    if path.startswith("/api/v0") and "embeddings" not in path:
        msgspec.json.decode(answer.content, type=schemas.FiguresV0)


@pytest.mark.parametrize(("path", "body", "kind"), STREAMS)
def test_every_event_of_a_streamed_answer_fits_its_type(
    rest: httpx.Client, path: str, body: dict[str, Any], kind: Any
) -> None:
    events = _events(rest.post(path, json=body | {"stream": True}))
    assert len(events) > 2
    for event in events:
        if kind is gpt.Completion:
            # In a stream OpenAI sends null until the end, whatever its own type says.
            event["choices"] = [{"finish_reason": "stop"} | _kept(c) for c in event["choices"]]
        _checked(event, kind)


@pytest.mark.parametrize(("path", "body"), WRONG)
def test_a_wrong_type_is_refused_in_the_way_of_the_path(
    rest: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    answer = rest.post(path, json=body)
    assert answer.status_code == 400, answer.text
    told = msgspec.json.decode(answer.content, type=_failure(path)).error
    assert told.type in {"invalid_request", "invalid_request_error"}
    assert "exception" not in told.message


@pytest.mark.parametrize("path", FAILURES)
@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 400), (b"[]", 400), (b"\xff", 400), (b"", 400)]
)
def test_a_body_that_is_no_object_is_refused_in_the_way_of_the_path(
    rest: httpx.Client, path: str, content: bytes, status: int
) -> None:
    ends = {"/api/v1": "/chat", "/v1/messages": "", "/v1": "/responses"}
    full = path + ends.get(path, "/chat/completions")
    answer = rest.post(full, content=content)
    assert answer.status_code == status
    msgspec.json.decode(answer.content, type=_failure(full))


@pytest.mark.parametrize("path", FAILURES)
def test_what_is_not_there_is_told_in_the_way_of_the_path(rest: httpx.Client, path: str) -> None:
    missing = {
        "/api/v1": ("/chat", {"input": "x"}),
        "/v1/messages": ("", {"messages": HELLO, "max_tokens": 4}),
    }.get(path, ("/chat/completions", {"messages": HELLO}))
    answer = rest.post(path + missing[0], json=missing[1] | {"model": "nothing"})
    assert answer.status_code == 404
    msgspec.json.decode(answer.content, type=_failure(path))
