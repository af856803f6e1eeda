"""The items of OpenAI's responses in every way that its clients write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from .conftest import EngineProcess

SAID = "The capital is Bonn."
CALL = {"type": "function_call", "call_id": "1", "name": "double", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "1", "output": "4"}
ANSWERED: dict[str, dict[str, Any]] = {
    "a text": {"role": "assistant", "content": SAID},
    "a text, and the type": {"type": "message", "role": "assistant", "content": SAID},
    "no type": {"role": "assistant", "content": [{"type": "output_text", "text": SAID}]},
    "as input": {"role": "assistant", "content": [{"type": "input_text", "text": SAID}]},
    "as a refusal": {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "refusal", "refusal": SAID}],
    },
    "as it was told": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": SAID, "annotations": [], "logprobs": []}],
    },
}
UNHEARD: dict[str, dict[str, Any]] = {
    "empty": {"type": "reasoning", "id": "rs_1", "summary": [], "content": None},
    "encrypted": {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
}


@pytest.fixture(scope="module")
def api(tutor_engine: EngineProcess) -> Iterator[openai.OpenAI]:
    address = f"http://{tutor_engine.address}/v1"
    with openai.OpenAI(base_url=address, api_key="any", max_retries=0) as client:
        yield client


def tokens(api: openai.OpenAI, *before: Any) -> int:
    """Return how long the prompt is of a conversation that goes on after these items."""
    asked = [{"role": "user", "content": "Hi."}, *before, {"role": "user", "content": "And?"}]
    given: Any = {"model": "tutor", "input": asked, "max_output_tokens": 1}
    usage = api.responses.create(**given).usage
    assert usage is not None
    return usage.input_tokens


@pytest.mark.parametrize("way", ANSWERED)
def test_what_an_assistant_said_is_read_in_every_way(api: openai.OpenAI, way: str) -> None:
    assert tokens(api, ANSWERED[way]) == tokens(api, ANSWERED["as it was told"]) > tokens(api)


@pytest.mark.parametrize("way", UNHEARD)
def test_thoughts_that_say_nothing_are_left_out(api: openai.OpenAI, way: str) -> None:
    said = ANSWERED["a text"]

    assert tokens(api, UNHEARD[way], said) == tokens(api, said)


@pytest.mark.parametrize("where", ["content", "summary"])
def test_thoughts_are_read_with_what_was_said(api: openai.OpenAI, where: str) -> None:
    kind = {"content": "reasoning_text", "summary": "summary_text"}[where]
    thoughts = {"type": "reasoning", "id": "rs_1", where: [{"type": kind, "text": "Hm."}]}

    assert tokens(api, thoughts, ANSWERED["a text"])


def test_a_call_may_follow_words_of_the_assistant(api: openai.OpenAI) -> None:
    parts = RESULT | {"output": [{"type": "output_text", "text": "4"}]}

    alone = tokens(api, CALL, RESULT)
    assert tokens(api, ANSWERED["a text"], CALL, RESULT) > alone
    assert tokens(api, CALL, parts) == alone


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"type": "item_reference", "id": "msg_7"}, "no item 'msg_7' to refer to (input.1)"),
        ({"id": "msg_7"}, "no item 'msg_7' to refer to (input.1)"),
        ({"type": "computer_call"}, "An item of type 'computer_call' cannot be read (input.1)"),
        ({"role": "tool", "content": "4"}, "'tool' is not the role of a message (input.1.role)"),
        ({"role": "user", "content": None}, "text or parts, not None (input.1.content)"),
        (
            {"role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
            "A part of type 'input_file' cannot be read (input.1.content.0)",
        ),
        (
            {"role": "assistant", "content": [{"type": "output_text", "text": 5}]},
            "has to be text, not 5 (input.1.0)",
        ),
    ],
)
def test_what_a_model_would_not_see_is_told_with_its_place(
    api: openai.OpenAI, item: dict[str, Any], told: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=re.escape(told)):
        tokens(api, item)
