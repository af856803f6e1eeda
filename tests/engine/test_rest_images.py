"""Images over REST, in each format that can carry them, for the vision model that is shipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lms_jupyter.engine.settings import SHIPPED_MODELS

from .conftest import start_engine
from .test_tutorial_models import plain_picture

ON_BOTH_RUNTIMES = True

WORDS = "What is this?"
PICTURE = plain_picture(200, 30, 30)


def _chat(*images: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": WORDS}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in images]
    return {"messages": [{"role": "user", "content": parts}], "max_tokens": 4}


def _rest(*images: str) -> dict[str, Any]:
    items = [{"type": "text", "content": WORDS}]
    items += [{"type": "image", "data_url": url} for url in images]
    return {"input": items, "max_output_tokens": 4, "store": False}


def _anthropic(*images: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": WORDS}]
    for url in images:
        data = url.partition("base64,")[2]
        source = {"type": "base64", "media_type": "image/png", "data": data}
        parts.append({"type": "image", "source": source})
    return {"messages": [{"role": "user", "content": parts}], "max_tokens": 4}


def _response(*images: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": WORDS}]
    parts += [{"type": "input_image", "image_url": url} for url in images]
    return {"input": [{"role": "user", "content": parts}], "max_output_tokens": 4}


WAYS = {
    "/v1/chat/completions": (_chat, "prompt_tokens"),
    "/api/v0/chat/completions": (_chat, "prompt_tokens"),
    "/api/v1/chat": (_rest, "input_tokens"),
    "/v1/messages": (_anthropic, "input_tokens"),
    "/v1/responses": (_response, "input_tokens"),
}


@pytest.fixture(scope="module")
def http(
    runtime: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    engine = start_engine(SHIPPED_MODELS, tmp_path_factory.mktemp("engine") / "log", *runtime)
    with httpx.Client(base_url=f"http://{engine.address}", timeout=60) as http:
        yield http
    assert engine.stop() == 0


@pytest.mark.parametrize("path", WAYS)
def test_an_image_is_read_as_part_of_the_prompt(http: httpx.Client, path: str) -> None:
    body, counted = WAYS[path]
    read = []
    for images in ((), (PICTURE,), (PICTURE, PICTURE)):
        answer = http.post(path, json=body(*images) | {"model": "tutor-1m-vision"})
        assert answer.status_code == 200, answer.text
        said = answer.json()
        usage = said.get("usage") or said["stats"]
        # What llama.cpp still had of the last prompt, Anthropic's format counts apart.
        read.append(usage[counted] + usage.get("cache_read_input_tokens", 0))
    assert read[0] < read[1] < read[2]


def test_a_picture_that_is_none_is_refused(http: httpx.Client) -> None:
    body = _chat("data:image/png;base64,AAAA") | {"model": "tutor-1m-vision"}
    answer = http.post("/v1/chat/completions", json=body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]


def test_the_vision_model_is_listed_as_one(http: httpx.Client) -> None:
    models = {one["key"]: one for one in http.get("/api/v1/models").json()["models"]}
    assert models["tutor-1m-vision"]["capabilities"]["vision"] is True
    assert models["tutor-1m"]["capabilities"]["vision"] is False
