"""LM Studio's REST paths against a real engine, and a real source of downloads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import lmstudio
import pytest
import pytest_asyncio

from .conftest import EngineProcess
from .flaky_hub import FlakyHub


@pytest.fixture
def http(engine: EngineProcess, client: lmstudio.Client) -> Iterator[httpx.Client]:
    assert client.llm.list_loaded() == []
    with httpx.Client(base_url=f"http://{engine.address}/api/v1", timeout=30) as http:
        yield http


def ask(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = http.post("/chat", json={"model": "tiny-llm", "max_output_tokens": 6} | body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def events_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """Read a stream; each event has to have the name that its data say."""
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        content = json.loads(data.removeprefix("data: "))
        assert name == f"event: {content['type']}"
        events.append(content)
    return events


def test_models_are_listed_with_their_instances(
    http: httpx.Client, client: lmstudio.Client
) -> None:
    client.llm.load_new_instance("tiny-llm@f16", "mine", config={"contextLength": 512})

    models = {model["key"]: model for model in http.get("/models").json()["models"]}

    tiny, embedding = models["tiny-llm"], models["text-embedding-tiny-embed"]
    (mine,) = tiny["loaded_instances"]
    assert isinstance(mine["config"].pop("offload_kv_cache_to_gpu"), bool)
    assert tiny | {"size_bytes": 0} == {
        "type": "llm",
        "publisher": "acme",
        "key": "tiny-llm",
        "display_name": "Synthetic",
        "architecture": "llama",
        "quantization": {"name": "Q8_0", "bits_per_weight": 8},
        "size_bytes": 0,
        "params_string": "148K",
        "loaded_instances": [
            {
                "id": "mine",
                "config": {
                    "context_length": 512,
                    "eval_batch_size": 128,
                    "parallel": 4,
                    "flash_attention": True,
                    "num_experts": 0,
                },
            }
        ],
        "max_context_length": 2048,
        "format": "gguf",
        "capabilities": {"vision": False, "trained_for_tool_use": True},
        "description": None,
        "variants": ["tiny-llm@f16", "tiny-llm@q8_0"],
        "selected_variant": "tiny-llm@q8_0",
    }
    assert embedding["type"] == "embedding"
    assert not {"architecture", "capabilities", "description"} & embedding.keys()


def test_a_model_is_loaded_and_unloaded_by_the_id_of_its_instance(
    http: httpx.Client, client: lmstudio.Client
) -> None:
    body = {
        "model": "tiny-llm",
        "context_length": 512,
        "flash_attention": False,
        "echo_load_config": True,
    }

    first = http.post("/models/load", json=body).json()
    second = http.post("/models/load", json={"model": "tiny-llm"}).json()

    assert first["load_time_seconds"] > 0
    assert (first["type"], first["status"], first["instance_id"]) == ("llm", "loaded", "tiny-llm")
    assert first["load_config"]["context_length"] == 512
    assert first["load_config"]["flash_attention"] is False
    assert second["instance_id"] == "tiny-llm:2"
    assert "load_config" not in second
    answer = http.post("/models/unload", json={"instance_id": "tiny-llm"})
    assert answer.json() == {"instance_id": "tiny-llm"}
    assert [model.identifier for model in client.llm.list_loaded()] == ["tiny-llm:2"]


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "message"),
    [
        ("/models/load", {"model": "nothing"}, 404, "model_not_found", "No downloaded model"),
        ("/models/load", {}, 400, "invalid_request", "'model' has to be text"),
        ("/models/load", {"model": "odd-llm"}, 500, "internal_error", "could not load"),
        (
            "/models/load",
            {"model": "tiny-llm", "context_length": "x"},
            400,
            "invalid_request",
            "'context_length' has to be a whole number",
        ),
        (
            "/models/load",
            {"model": "tiny-llm", "context_length": 99_999},
            400,
            "invalid_request",
            "longer than the maximum",
        ),
        ("/models/unload", {"instance_id": "x"}, 404, "model_not_found", "No loaded model"),
        ("/models/download", {"model": "x"}, 400, "invalid_request", "not name a repository"),
        ("/models/download/pause/x", {}, 404, "job_not_found", "no download job"),
        ("/chat", {"model": "tiny-llm"}, 400, "invalid_request", "'input' has to be"),
        ("/chat", {"input": "x"}, 400, "invalid_request", "'model' has to be there"),
        (
            "/chat",
            {"model": "tiny-llm", "input": "x", "temperature": -1},
            400,
            "invalid_request",
            "'temperature' has to be a number",
        ),
        (
            "/chat",
            {"model": "tiny-llm", "input": "x", "reasoning": "much"},
            400,
            "invalid_request",
            "one of off, low, medium, high, on",
        ),
        (
            "/chat",
            {"model": "tiny-llm", "input": "x", "integrations": ["mcp/x"]},
            400,
            "not_implemented",
            "no integrations",
        ),
        (
            "/chat",
            {"model": "tiny-llm", "input": "x", "previous_response_id": "resp_x"},
            404,
            "invalid_request",
            "no response 'resp_x' to continue",
        ),
        (
            "/chat",
            {"model": "tiny-llm", "input": [{"type": "sound"}]},
            400,
            "invalid_request",
            "not understood",
        ),
        ("/nowhere", {}, 404, "invalid_request", "There is no POST /api/v1/nowhere"),
    ],
)
def test_what_is_wrong_is_said(
    http: httpx.Client,
    *,
    path: str,
    body: dict[str, Any],
    status: int,
    kind: str,
    message: str,
) -> None:
    answer = http.post(path, json=body)

    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind
    assert message in answer.json()["error"]["message"]


def test_a_chat_is_answered_with_figures(http: httpx.Client) -> None:
    first = ask(http, input="Hello", system_prompt="Be short.")
    second = ask(http, input=[{"type": "text", "content": "Hello"}], store=False)

    assert first["model_instance_id"] == "tiny-llm"
    assert [item["type"] for item in first["output"]] == ["message"]
    assert first["stats"]["total_output_tokens"] == 6
    assert first["stats"]["input_tokens"] > second["stats"]["input_tokens"]
    assert first["stats"]["model_load_time_seconds"] > 0
    assert "model_load_time_seconds" not in second["stats"]
    assert first["response_id"].startswith("resp_")
    assert "response_id" not in second


def test_a_chat_goes_on_where_another_ended(http: httpx.Client) -> None:
    first = ask(http, input="Hello", system_prompt="Be short.")
    second = ask(http, input="And then?", previous_response_id=first["response_id"])
    forked = ask(http, input="And then?", previous_response_id=first["response_id"])

    assert second["stats"]["input_tokens"] > first["stats"]["input_tokens"]
    assert second["stats"]["input_tokens"] == forked["stats"]["input_tokens"]
    assert second["response_id"] != forked["response_id"]


def test_a_streamed_chat_shows_the_load_the_prompt_and_the_answer(http: httpx.Client) -> None:
    body = {"model": "big-llm", "input": "Hello", "stream": True, "max_output_tokens": 4}

    events = events_of(http.post("/chat", json=body | {"context_length": 512}))
    again = events_of(http.post("/chat", json=body))

    kinds = list(dict.fromkeys(event["type"] for event in events))
    assert kinds == [
        "chat.start",
        "model_load.start",
        "model_load.progress",
        "model_load.end",
        "prompt_processing.start",
        "prompt_processing.progress",
        "prompt_processing.end",
        "message.start",
        "message.delta",
        "message.end",
        "chat.end",
    ]
    fractions = [e["progress"] for e in events if e["type"] == "model_load.progress"]
    assert fractions == sorted(fractions)
    result = events[-1]["result"]
    text = "".join(e["content"] for e in events if e["type"] == "message.delta")
    assert result["output"] == [{"type": "message", "content": text}]
    assert result["stats"]["model_load_time_seconds"] > 0
    assert not any(event["type"].startswith("model_load") for event in again)


def test_a_load_that_fails_ends_the_stream_with_an_error(http: httpx.Client) -> None:
    body = {"model": "odd-llm", "input": "Hello", "stream": True}

    events = events_of(http.post("/chat", json=body))

    assert events[0]["type"] == "chat.start"
    assert [event["type"] for event in events][-2:] == ["error", "chat.end"]
    assert events[-2]["error"]["type"] == "internal_error"
    assert events[-1]["result"]["output"] == []


def test_images_are_refused_by_a_text_model(http: httpx.Client) -> None:
    image = {"type": "image", "data_url": "data:image/png;base64,AAAA"}

    answer = http.post("/chat", json={"model": "tiny-llm", "input": [image]})

    assert answer.status_code == 400
    assert "cannot look at images" in answer.json()["error"]["message"]


@pytest_asyncio.fixture
async def downloading(fetching: EngineProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an engine whose downloads come from `hub`."""
    url = f"http://{fetching.address}/api/v1"
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        yield http


async def status(http: httpx.AsyncClient, job_id: str, wanted: str) -> dict[str, Any]:
    """Ask until the job has this status."""
    while True:
        job: dict[str, Any] = (await http.get(f"/models/download/status/{job_id}")).json()
        if job["status"] == wanted:
            return job
        assert job["status"] == "downloading", job


@pytest.mark.asyncio
async def test_a_model_is_downloaded_and_then_there(downloading: httpx.AsyncClient) -> None:
    started = (await downloading.post("/models/download", json={"model": "a/tiny-GGUF"})).json()

    job = await status(downloading, started["job_id"], "completed")
    again = (await downloading.post("/models/download", json={"model": "a/tiny-GGUF"})).json()
    lists = (await downloading.get("/models/download/status")).json()

    assert job["downloaded_bytes"] == job["total_size_bytes"] == started["total_size_bytes"]
    assert job["started_at"] <= job["completed_at"]
    assert again == {
        "status": "already_downloaded",
        "total_size_bytes": job["total_size_bytes"],
    }
    assert job in lists["completed"]
    listed = (await downloading.get("/models")).json()["models"]
    assert [model["key"] for model in listed] == ["new"]


@pytest.mark.asyncio
async def test_a_download_is_paused_resumed_and_cancelled(
    downloading: httpx.AsyncClient, hub: FlakyHub, tmp_path: Path
) -> None:
    hub.before_gate = 100_000
    body = {"model": f"{hub.endpoint}/a/tiny-GGUF", "quantization": "f16"}
    job_id = (await downloading.post("/models/download", json=body)).json()["job_id"]

    paused = (await downloading.post(f"/models/download/pause/{job_id}")).json()
    resumed = (await downloading.post(f"/models/download/resume/{job_id}")).json()
    cancelled = (await downloading.post(f"/models/download/cancel/{job_id}")).json()

    assert [job["status"] for job in (paused, resumed, cancelled)] == [
        "paused",
        "downloading",
        "failed",
    ]
    assert list((tmp_path / "models").rglob("*.part")) == []


@pytest.mark.asyncio
async def test_a_failed_download_says_why(downloading: httpx.AsyncClient, hub: FlakyHub) -> None:
    hub.statuses = [403]
    started = (await downloading.post("/models/download", json={"model": "a/tiny-GGUF"})).json()

    job = await status(downloading, started["job_id"], "failed")

    assert "answered 403" in job["error"]["message"]
