"""How long a model may think, and how probable its tokens were: real answers of a real model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.prediction.budget import Budget
from lms_jupyter.engine.prediction.prediction import ReasoningTags
from lms_jupyter.engine.prediction.reasoning import ReasoningSplitter
from lms_jupyter.engine.wire.prediction_config import prediction_settings

from .conftest import EngineProcess
from .raw import introduced

ON_BOTH_RUNTIMES = True
P = "llm.prediction"
THINKING = "{{ messages[0].content[0].text or messages[0].content }}\n<think>"
"""A prompt that ends in the middle of a thought, which no random model ends by itself."""


@pytest_asyncio.fixture
async def thinker(engine: EngineProcess) -> AsyncIterator[EngineProcess]:
    """An engine with a model of random weights, which goes on for as long as it may."""
    async with introduced(engine.address, "llm") as raw:
        load = {"modelKey": "tiny-llm", "identifier": "thinker", "loadConfigStack": {"layers": []}}
        await raw.end(await raw.open("loadModel", **load))
        yield engine
        await raw.call("unloadModel", identifier="thinker")


def ticked(value: float) -> dict[str, Any]:
    return {"checked": True, "value": value}


def _stack(values: dict[str, Any]) -> dict[str, Any]:
    fields = [{"key": f"{P}.{name}", "value": value} for name, value in values.items()]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


async def _answer(
    engine: EngineProcess, identifier: str = "thinker", **values: Any
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Predict; return the fragments, and the last packet."""
    template = {
        "type": "jinja",
        "jinjaPromptTemplate": {"template": THINKING},
        "stopStrings": [],
    }
    said = {"role": "user", "content": [{"type": "text", "text": "Tell me a story."}]}
    async with introduced(engine.address, "llm") as raw:
        channel = await raw.open(
            "predict",
            modelSpecifier={"type": "query", "query": {"identifier": identifier}},
            history={"messages": [said]},
            predictionConfigStack=_stack(
                {"promptTemplate": template, "temperature": 0, "maxPredictedTokens": ticked(20)}
                | {name.replace("_", "."): value for name, value in values.items()}
            ),
        )
        packets, last = await raw.end(channel)
    assert last["type"] == "channelClose", last
    fragments = [packet["fragment"] for packet in packets if packet["type"] == "fragment"]
    return fragments, packets[-1]


def _tokens(fragments: list[dict[str, Any]], kind: str) -> int:
    return sum(one["tokensCount"] for one in fragments if one["reasoningType"] == kind)


@pytest.mark.asyncio
@pytest.mark.parametrize("budget", [0, 5])
async def test_a_model_thinks_no_longer_than_it_may(thinker: EngineProcess, budget: int) -> None:
    free, _ = await _answer(thinker)
    bound, end = await _answer(thinker, reasoning_budgetTokens=ticked(budget))

    assert _tokens(free, "reasoning") > 5
    assert _tokens(bound, "reasoning") == budget
    assert [f["content"] for f in bound if f["reasoningType"] == "reasoningEndTag"] == ["</think>"]
    assert 0 < _tokens(bound, "none") <= 20 - budget
    assert end["stats"]["predictedTokensCount"] == budget + _tokens(bound, "none")


@pytest.mark.asyncio
async def test_an_answer_is_no_longer_than_it_may_be_either(thinker: EngineProcess) -> None:
    fragments, end = await _answer(
        thinker, reasoning_budgetTokens=ticked(4), maxPredictedTokens=ticked(4)
    )

    assert _tokens(fragments, "reasoning") == 4
    assert end["stats"]["stopReason"] == "maxPredictedTokensReached"
    assert end["stats"]["predictedTokensCount"] == 4


@pytest.mark.asyncio
async def test_the_message_of_the_load_ends_the_thought(thinker: EngineProcess) -> None:
    message = {"key": "llm.load.llama.reasoningBudgetMessage", "value": " So, in short:"}
    stack = {"layers": [{"layerName": "apiOverride", "config": {"fields": [message]}}]}
    async with introduced(thinker.address, "llm") as raw:
        load = {"modelKey": "tiny-llm", "identifier": "brief", "loadConfigStack": stack}
        await raw.end(await raw.open("loadModel", **load))
        fragments, _ = await _answer(thinker, "brief", reasoning_budgetTokens=ticked(3))
        await raw.call("unloadModel", identifier="brief")

    thought = "".join(f["content"] for f in fragments if f["reasoningType"] == "reasoning")
    assert thought.endswith(" So, in short:")


@pytest.mark.asyncio
async def test_probabilities_come_with_the_end_where_they_are_asked_for(
    thinker: EngineProcess,
) -> None:
    _, asked = await _answer(thinker, logProbs=ticked(3))
    _, plain = await _answer(thinker)

    tokens = asked["logProbs"]
    assert len(tokens) == asked["stats"]["predictedTokensCount"]
    assert all(token["logProb"] <= 0 and len(token["top"]) == 3 for token in tokens)
    # With temperature 0 the most probable token is the one that is taken.
    assert all(token["token"] == token["top"][0]["token"] for token in tokens)
    assert "logProbs" not in plain


def test_a_budget_needs_the_tags_around_the_reasoning() -> None:
    parsing = {"enabled": False, "startString": "<think>", "endString": "</think>"}
    values = {"reasoning.budgetTokens": ticked(5), "reasoning.parsing": parsing}

    with pytest.raises(BadRequestError, match=r"'reasoning\.parsing' is off"):
        prediction_settings(_stack(values))
    with pytest.raises(BadRequestError, match="a whole number from 0"):
        prediction_settings(_stack({"reasoning.budgetTokens": ticked(-1)}))


def test_another_thought_has_no_budget_of_its_own() -> None:
    splitter = ReasoningSplitter(ReasoningTags(), "<think>")
    budget = Budget(tokens=2, tags=ReasoningTags())

    for word in ("a", "b"):
        assert not budget.is_over(splitter)
        for fragment in splitter.feed(word, 1):
            budget.count(fragment)
    assert budget.is_over(splitter)
    list(budget.end(splitter)[1])
    assert not budget.is_over(splitter)
    list(splitter.feed("<think>", 1))
    assert budget.is_over(splitter)
