"""The probabilities of a completion's tokens, as OpenAI's client reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from .conftest import EngineProcess

ASKED: Any = {"model": "tutor", "prompt": "A model is", "max_tokens": 6, "temperature": 0}


@pytest.fixture(scope="module")
def api(tutor_engine: EngineProcess) -> Iterator[openai.OpenAI]:
    address = f"http://{tutor_engine.address}/v1"
    with openai.OpenAI(base_url=address, api_key="any", max_retries=0) as client:
        yield client


def test_each_token_has_its_text_its_place_and_its_probability(api: openai.OpenAI) -> None:
    (choice,) = api.completions.create(**ASKED, logprobs=2).choices
    told = choice.logprobs

    assert told is not None
    assert told.tokens is not None
    assert told.text_offset is not None
    assert told.token_logprobs is not None
    assert told.top_logprobs is not None
    assert "".join(told.tokens).startswith(choice.text)
    for token, place in zip(told.tokens, told.text_offset, strict=True):
        assert choice.text[place:].startswith(token) or place >= len(choice.text)
    for token, own, top in zip(told.tokens, told.token_logprobs, told.top_logprobs, strict=True):
        assert own == pytest.approx(top[token])
        assert len(top) == 2


def test_a_stream_tells_the_same(api: openai.OpenAI) -> None:
    whole = api.completions.create(**ASKED, logprobs=2).choices[0].logprobs
    assert whole is not None
    parts = [
        chunk.choices[0].logprobs
        for chunk in api.completions.create(**ASKED, logprobs=2, stream=True)
        if chunk.choices and chunk.choices[0].logprobs
    ]

    for name in ("tokens", "text_offset"):
        assert [one for part in parts for one in getattr(part, name)] == getattr(whole, name)


def test_without_being_asked_nothing_is_told(api: openai.OpenAI) -> None:
    assert api.completions.create(**ASKED).choices[0].logprobs is None
