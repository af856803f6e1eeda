"""A prediction on its way: what it yields, and what is known of it however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from lms_jupyter.engine.errors import InferenceError
from lms_jupyter.engine.prediction.inference import Inference
from lms_jupyter.engine.prediction.logs import Input, Output
from lms_jupyter.engine.prediction.prediction import (
    Fragment,
    Prediction,
    PredictionSettings,
    Prompt,
    PromptProgress,
)

ON_BOTH_RUNTIMES = True

WORDS = ("one ", "two ", "three")


class Llama:
    """Says three words, as llama.cpp would; closed or not is seen afterwards."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.requests: list[str] = []
        self.is_closed = False
        self._fails_after = fails_after

    async def stream(self, _instance: Any, path: str, _body: Any) -> AsyncGenerator[dict[str, Any]]:
        self.requests.append(path)
        try:
            yield {"prompt_progress": {"total": 7, "cache": 0, "processed": 7}}
            for number, word in enumerate(WORDS, 1):
                if number - 1 == self._fails_after:
                    raise InferenceError("It broke.")
                yield {"content": word, "tokens_predicted": number, "tokens_evaluated": 7}
                await asyncio.sleep(0)
            last = {"content": "", "tokens_predicted": 3, "tokens_evaluated": 7}
            yield last | {"stop": True, "stop_type": "eos"}
        finally:
            self.is_closed = True


class Registry:
    """Marks nothing."""

    @asynccontextmanager
    async def request(self, _instance: Any, _work: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(tokens_per_second=None)

    def mark(self, _request: Any, _work: Any) -> None:
        pass


def begun(llama: Llama, *, is_ready: bool = True) -> tuple[Prediction, list[Any]]:
    told: list[Any] = []
    log = SimpleNamespace(
        publish=told.append,
        end=lambda instance, outcome: told.append(Output(instance.identifier, outcome)),
    )
    instance = SimpleNamespace(
        identifier="x",
        model=SimpleNamespace(path="a/b.gguf"),
        room=None,
        is_ready=is_ready,
        plan=SimpleNamespace(draft=None),
    )
    inference = Inference(Registry(), llama, None, log)  # type: ignore[arg-type]
    prediction = inference.complete(instance, Prompt("count"), PredictionSettings())  # type: ignore[arg-type]
    return prediction, told


@pytest.mark.asyncio
async def test_its_pieces_come_one_by_one_and_then_its_outcome_is_whole() -> None:
    prediction, told = begun(Llama())

    async with prediction:
        pieces = [piece async for piece in prediction]

    assert pieces[0] == PromptProgress(7, 0, 7)
    assert [piece.content for piece in pieces if isinstance(piece, Fragment)] == list(WORDS)
    outcome = prediction.outcome
    assert (outcome.stop_reason, outcome.text) == ("eosFound", "one two three")
    assert (outcome.prompt_tokens, outcome.predicted_tokens) == (7, 3)
    assert told == [Input("x", "a/b.gguf", "count"), Output("x", outcome)]


@pytest.mark.asyncio
async def test_left_in_the_middle_it_stops_llama_and_its_outcome_says_how_far_it_came() -> None:
    llama = Llama()
    prediction, told = begun(llama)

    async with prediction:
        async for piece in prediction:
            if isinstance(piece, Fragment):
                break

    assert llama.is_closed
    assert (prediction.outcome.stop_reason, prediction.outcome.text) == ("userStopped", "one ")
    assert prediction.outcome.predicted_tokens == 1
    assert told[-1] == Output("x", prediction.outcome)


@pytest.mark.asyncio
async def test_cancelled_while_it_waits_it_was_stopped_by_the_user() -> None:
    prediction, told = begun(Llama())

    async def take() -> None:
        async with prediction:
            async for piece in prediction:
                if isinstance(piece, Fragment):
                    taken.set()

    taken = asyncio.Event()
    taking = asyncio.create_task(take())
    await taken.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking

    assert prediction.outcome.stop_reason == "userStopped"
    assert told[-1] == Output("x", prediction.outcome)


@pytest.mark.asyncio
async def test_one_that_breaks_raises_and_has_an_outcome_too() -> None:
    prediction, told = begun(Llama(fails_after=2))

    async with prediction:
        with pytest.raises(InferenceError, match="It broke"):
            [piece async for piece in prediction]

    assert (prediction.outcome.stop_reason, prediction.outcome.text) == ("failed", "one two ")
    assert told[-1] == Output("x", prediction.outcome)


@pytest.mark.asyncio
async def test_one_whose_instance_has_gone_just_ends() -> None:
    prediction, _told = begun(Llama(fails_after=1), is_ready=False)

    async with prediction:
        pieces = [piece async for piece in prediction]

    assert len(pieces) == 2
    assert prediction.outcome.stop_reason == "modelUnloaded"


@pytest.mark.asyncio
async def test_nothing_is_asked_before_the_first_piece_is() -> None:
    llama = Llama()
    prediction, told = begun(llama)

    async with prediction:
        pass

    assert (llama.requests, told) == ([], [])
