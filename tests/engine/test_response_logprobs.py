"""`/v1/responses` with the probabilities of its tokens, as LM Studio documents them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from .conftest import EngineProcess

PROBABILITIES: Any = ["message.output_text.logprobs"]


@pytest.fixture(scope="module")
def api(tutor_engine: EngineProcess) -> Iterator[openai.OpenAI]:
    url = f"http://{tutor_engine.address}/v1"
    with openai.OpenAI(base_url=url, api_key="unused", max_retries=0) as api:
        yield api


def ask(api: openai.OpenAI, **more: Any) -> Any:
    asked = {"model": "tutor", "input": "Who are you?", "temperature": 0, "top_logprobs": 2}
    return api.responses.create(**(asked | {"include": PROBABILITIES} | more))


def test_each_token_is_told_with_its_probability_and_the_likeliest_ones(
    api: openai.OpenAI,
) -> None:
    response = ask(api)

    (item,) = response.output
    (part,) = item.content
    assert part.text == response.output_text
    assert "".join(one.token for one in part.logprobs) == part.text
    assert all(len(one.top_logprobs) == 2 for one in part.logprobs)
    assert all(one.logprob <= 0 for one in part.logprobs)
    assert (response.status, response.model) == ("completed", "tutor")
    assert response.usage.output_tokens > 3
    assert ask(api, include=[], top_logprobs=None).output_text == response.output_text


def test_a_stream_tells_them_token_by_token(api: openai.OpenAI) -> None:
    events = list(ask(api, stream=True))

    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    told = [one.token for event in deltas for one in event.logprobs]
    assert "".join(told) == events[-1].response.output_text
    assert len(deltas) > 3


def test_it_goes_on_from_an_earlier_response_with_instructions_and_a_limit(
    api: openai.OpenAI,
) -> None:
    first = ask(api, instructions="Be kind.", max_output_tokens=3)
    second = ask(api, previous_response_id=first.id, input="And what is a token?")

    assert first.status == "incomplete"
    assert first.incomplete_details.reason == "max_output_tokens"
    assert first.usage.output_tokens == 3
    assert second.usage.input_tokens > first.usage.input_tokens


@pytest.mark.parametrize(
    "wrong",
    [
        {"top_logprobs": -1},
        {"top_logprobs": "many"},
        {"include": "logprobs"},
        {"input": [{"type": "item_reference", "id": "x"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]},
        {"tools": [{"type": "function", "name": "f", "parameters": {}}]},
    ],
)
def test_what_cannot_be_understood_is_refused(api: openai.OpenAI, wrong: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(api, **wrong)
