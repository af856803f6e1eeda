"""What the engine tells besides answers: logs, variants, estimates, hardware."""

from __future__ import annotations

import asyncio

import lmstudio
import pytest

from .conftest import EngineProcess
from .raw import introduced
from .tutor import TUTOR, config_of, llm_socket, saying

GREEDY = {"temperature": 0}


@pytest.mark.asyncio
async def test_logs_tell_prompts_answers_and_what_the_engine_does(
    tutor_engine: EngineProcess,
) -> None:
    async with (
        introduced(tutor_engine.address, "diagnostics") as diagnostics,
        llm_socket(tutor_engine) as llm,
    ):
        channel = await diagnostics.open("streamLogs")
        loading = await llm.open("loadModel", modelKey="tutor-1m", identifier="logged")
        await llm.end(loading)
        predicting = await llm.open(
            "predict",
            modelSpecifier={"type": "query", "query": {"identifier": "logged"}},
            history=saying("Who are you?"),
            predictionConfigStack=config_of(temperature=0),
        )
        await llm.end(predicting)
        await llm.call("unloadModel", identifier="logged")
        await diagnostics.say(channel, "stop")
        packets, last = await diagnostics.end(channel)
    assert last["type"] == "channelClose"
    logs = [packet["log"]["data"] for packet in packets]
    assert all(isinstance(packet["log"]["timestamp"], int) for packet in packets)
    kinds = {log["type"] for log in logs}
    assert kinds == {
        "llm.prediction.input",
        "llm.prediction.output",
        "server.log",
        "runtime.log",
    }
    asked = next(log for log in logs if log["type"] == "llm.prediction.input")
    assert "Who are you?" in asked["input"]
    assert asked["modelPath"].endswith(".gguf")
    answered = next(log for log in logs if log["type"] == "llm.prediction.output")
    assert answered["stats"]["stopReason"] == "eosFound"
    assert {"loaded logged", "unloaded logged"} <= {log.get("content") for log in logs}


@pytest.mark.asyncio
async def test_the_async_client_works_in_one_loop_with_many_requests(
    tutor_engine: EngineProcess,
) -> None:
    async with lmstudio.AsyncClient(tutor_engine.address) as client:
        model = await client.llm.model("tutor")
        answers = await asyncio.gather(
            *(model.respond("Who are you?", config=GREEDY) for _ in range(6))
        )
        assert len({answer.content for answer in answers}) == 1
        stream = await model.respond_stream("Tell me a story.", config=GREEDY)
        text = "".join([piece.content async for piece in stream])
        assert text == stream.result().content
        embedding = await client.embedding.model("tutor-embed")
        one, other = await embedding.embed(["a model", "a notebook"])
        assert len(one) == len(other)
        await embedding.unload()


@pytest.mark.asyncio
async def test_variants_estimates_and_hardware_are_told_in_whole_numbers(
    tutor_engine: EngineProcess,
) -> None:
    async with (
        introduced(tutor_engine.address, "system") as system,
        introduced(tutor_engine.address, "runtime") as runtime,
        introduced(tutor_engine.address, "repository") as repository,
        llm_socket(tutor_engine) as llm,
    ):
        variants = await system.call("listDownloadedModelVariants", modelKey="tutor-1m")
        assert {variant["modelKey"] for variant in variants} >= {
            "tutor-1m@q8_0",
            "tutor-1m@q4_0",
            "tutor-1m@f16",
        }
        usage = await llm.call(
            "estimateModelUsage", modelKey="tutor-1m", loadConfigStack={"layers": []}
        )
        assert usage["passesGuardrails"] is True
        assert usage["memory"]["confidence"] in {"high", "low"}
        numbers = [value for key, value in usage["memory"].items() if key.endswith("Bytes")]
        assert len(numbers) == 6
        assert all(isinstance(number, int) for number in numbers)
        survey = await runtime.call("surveyHardware")
        assert survey["engines"][0]["memoryInfo"]["ramCapacity"] > 10**8
        (engine,) = await runtime.call("listEngines")
        assert engine["supportedModelFormatNames"] == ["GGUF"]
        assert (await runtime.call("getEngineSelections"))["meta"] == {"values": ["map"]}
        assert (await repository.call("lmLinkStatus"))["status"] == "offline"
        base = await llm.call("getBasePredictionConfig", specifier=TUTOR)
        assert {"key": "llm.prediction.temperature", "value": 0.8} in base["fields"]


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["plain", "with tools"])
async def test_no_fragment_of_an_answer_is_empty(tutor_engine: EngineProcess, way: str) -> None:
    function = {"name": "add", "parameters": {"type": "object", "properties": {}}}
    tools = {"type": "toolArray", "tools": [{"type": "function", "function": function}]}
    config = config_of(temperature=0, **({} if way == "plain" else {"tools": tools}))
    async with llm_socket(tutor_engine) as llm:
        channel = await llm.open(
            "predict",
            modelSpecifier=TUTOR,
            history=saying("Who are you?"),
            predictionConfigStack=config,
        )
        packets, _ = await llm.end(channel)
    fragments = [one["fragment"] for one in packets if one["type"] == "fragment"]
    assert packets[-1]["stats"]["stopReason"] == "eosFound"
    assert fragments
    assert [one for one in fragments if not one["content"]] == []


@pytest.mark.asyncio
async def test_a_template_takes_a_file_that_is_only_named(tutor_engine: EngineProcess) -> None:
    file = {"type": "file", "name": "some.txt", "identifier": "never", "sizeBytes": 9}
    history = saying("Read this.")
    history["messages"][0]["content"].append(file | {"fileType": "text/plain"})
    async with llm_socket(tutor_engine) as llm:
        written = await llm.call("applyPromptTemplate", specifier=TUTOR, history=history)
        refused, last = await llm.end(
            await llm.open("predict", modelSpecifier=TUTOR, history=history)
        )
    assert "Read this.some.txt" in written["formatted"]
    assert refused == []
    assert "There is no uploaded file 'never'" in last["error"]["title"], "to answer it is needed"
