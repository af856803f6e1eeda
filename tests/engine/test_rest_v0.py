"""LM Studio's older REST paths against a real engine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import lmstudio
import pytest

from .conftest import EngineProcess

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def http(engine: EngineProcess, client: lmstudio.Client) -> Iterator[httpx.Client]:
    assert client.llm.list_loaded() == []
    with httpx.Client(base_url=f"http://{engine.address}/api/v0", timeout=30) as http:
        yield http


def test_models_say_whether_they_are_loaded(http: httpx.Client, client: lmstudio.Client) -> None:
    client.llm.load_new_instance("tiny-llm", "mine")

    listed = http.get("/models").json()["data"]

    assert [(entry["id"], entry["type"], entry["state"]) for entry in listed] == [
        ("big-llm", "llm", "not-loaded"),
        ("odd-llm", "llm", "not-loaded"),
        ("text-embedding-tiny-embed", "embeddings", "not-loaded"),
        ("tiny-llm", "llm", "loaded"),
    ]
    assert http.get("/models/tiny-llm").json() == {
        "id": "tiny-llm",
        "object": "model",
        "type": "llm",
        "publisher": "acme",
        "arch": "llama",
        "compatibility_type": "gguf",
        "quantization": "Q8_0",
        "state": "loaded",
        "max_context_length": 2048,
        "capabilities": ["tool_use"],
    }


@pytest.mark.parametrize(
    ("path", "question"),
    [("/chat/completions", {"messages": HELLO}), ("/completions", {"prompt": "One"})],
)
def test_an_answer_comes_with_figures(
    http: httpx.Client, path: str, question: dict[str, object]
) -> None:
    body = {"model": "tiny-llm", "max_tokens": 5} | question

    whole = http.post(path, json=body).json()
    streamed = http.post(path, json=body | {"stream": True}).text
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]

    for answer in (whole, next(event for event in events if "stats" in event)):
        assert answer["stats"]["stop_reason"] == "maxPredictedTokensReached"
        assert answer["stats"]["tokens_per_second"] > 0
        assert answer["model_info"] == {
            "arch": "llama",
            "quant": "Q8_0",
            "format": "gguf",
            "context_length": 2048,
        }
        assert answer["runtime"]["name"] == "llama.cpp"
    assert whole["usage"]["completion_tokens"] == 5
    assert streamed.rstrip().endswith("data: [DONE]")
    assert "prompt_progress" not in streamed


def test_texts_are_embedded(http: httpx.Client) -> None:
    answer = http.post("/embeddings", json={"model": "tiny-embed", "input": "one"}).json()

    assert len(answer["data"][0]["embedding"]) == 64


def test_unknown_models_and_paths_are_told(http: httpx.Client) -> None:
    unknown = http.get("/models/nothing")
    nowhere = http.post("/nowhere")

    assert (unknown.status_code, nowhere.status_code) == (404, 404)
    assert unknown.json()["error"]["code"] == "model_not_found"
    assert nowhere.json()["error"]["message"] == "There is no POST /api/v0/nowhere."
