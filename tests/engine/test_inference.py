"""Predictions of the models that come with the package: tools, forms, images, long texts."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import lmstudio
import pytest

from .conftest import EngineProcess
from .raw import introduced
from .tutor import TUTOR, config_of, llm_socket, saying

GREEDY = {"temperature": 0}


def test_a_tool_is_called_and_its_result_used(tutor: lmstudio.LLM) -> None:
    called: list[tuple[int, int]] = []

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        called.append((a, b))
        return a + b

    said: list[Any] = []
    result = tutor.act("What is 12 plus 30?", [add], on_message=said.append, config=GREEDY)
    assert len(called) == 1
    assert result.rounds == 2
    assert [message.role for message in said] == ["assistant", "tool", "assistant"]


@pytest.mark.asyncio
async def test_a_tool_call_is_sent_in_all_its_steps(tutor_engine: EngineProcess) -> None:
    function = {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    }
    tools = {"type": "toolArray", "tools": [{"type": "function", "function": function}]}
    async with llm_socket(tutor_engine) as llm:
        channel = await llm.open(
            "predict",
            modelSpecifier=TUTOR,
            history=saying("What is 12 plus 30?"),
            predictionConfigStack=config_of(temperature=0, tools=tools),
        )
        packets, last = await llm.end(channel)
    assert last["type"] == "channelClose"
    kinds = [packet["type"] for packet in packets]
    start = kinds.index("toolCallGenerationStart")
    assert kinds[start + 1] == "toolCallGenerationNameReceived"
    assert kinds[-2:] == ["toolCallGenerationEnd", "success"]
    request = packets[-2]["toolCallRequest"]
    assert (request["type"], request["name"]) == ("function", "add")
    assert set(request["arguments"]) == {"a", "b"}
    assert request["id"] == packets[start]["toolCallId"]
    assert packets[-1]["stats"]["stopReason"] == "toolCalls"
    assert packets[-1]["stats"]["predictedTokensCount"] > 0


def test_a_json_schema_is_filled_even_where_it_allows_more(tutor: lmstudio.LLM) -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 20},
            "year": {"type": "integer", "maximum": 3000, "minimum": 0},
        },
        "required": ["title", "year"],
    }
    result = tutor.respond("Give me a book.", response_format=schema)
    assert set(result.parsed) == {"title", "year"}
    assert isinstance(result.parsed["year"], int)


def test_a_grammar_is_kept_to(tutor: lmstudio.LLM) -> None:
    grammar = {"type": "gbnf", "gbnfGrammar": 'root ::= "blue" | "green"'}
    assert tutor.respond("Choose.", response_format=grammar).content in {"blue", "green"}


def test_a_grammar_that_is_wrong_is_told(tutor: lmstudio.LLM) -> None:
    grammar = {"type": "gbnf", "gbnfGrammar": "root = nonsense ::"}
    with pytest.raises(lmstudio.LMStudioServerError, match="grammar"):
        tutor.respond("Choose.", response_format=grammar)


def test_a_stop_string_stops_and_is_left_out(tutor: lmstudio.LLM) -> None:
    whole = tutor.respond("Who are you?", config=GREEDY).content
    word = whole.split()[3]
    cut = tutor.respond("Who are you?", config=GREEDY | {"stopStrings": [word]})
    assert cut.content == whole[: whole.index(word)]
    assert cut.stats.stop_reason == "stopStringFound"


def test_a_text_is_completed_as_it_stands(tutor: lmstudio.LLM) -> None:
    result = tutor.complete("Once upon", config=GREEDY | {"maxTokens": 8})
    assert result.stats.prompt_tokens_count == tutor.count_tokens("Once upon")
    assert result.stats.predicted_tokens_count == 8


@pytest.mark.asyncio
async def test_raw_text_is_completed_over_its_own_channel(tutor_engine: EngineProcess) -> None:
    limit = {"checked": True, "value": 5}
    async with llm_socket(tutor_engine) as llm:
        channel = await llm.open(
            "completeRawText",
            modelSpecifier=TUTOR,
            rawPrompt="Once upon",
            predictionConfigStack=config_of(maxPredictedTokens=limit, stopStrings=[]),
        )
        packets, last = await llm.end(channel)
    assert last["type"] == "channelClose"
    kinds = {packet["type"] for packet in packets}
    assert kinds == {"promptProcessingProgress", "fragment", "success"}
    details = next(p for p in packets if p["type"] == "promptProcessingProgress")["details"]
    assert all(isinstance(count, int) for count in details.values())
    assert len(details) == 4


def test_without_a_policy_a_prompt_that_is_too_long_is_an_error_with_the_numbers(
    tutor: lmstudio.LLM,
) -> None:
    with pytest.raises(lmstudio.LMStudioServerError, match=r"has \d{3,} tokens.*size of 256"):
        tutor.respond("many words " * 300)


@pytest.mark.parametrize("policy", ["rollingWindow", "truncateMiddle"])
def test_with_a_policy_old_messages_make_room(tutor: lmstudio.LLM, policy: str) -> None:
    chat = lmstudio.Chat("You are kind.")
    for number in range(40):
        chat.add_user_message(f"Please tell me about the number {number}.")
        chat.add_assistant_response("It is a fine number.")
    chat.add_user_message("Who are you?")
    config = {"contextOverflowPolicy": policy, "maxTokens": 10}
    result = tutor.respond(chat, config=config)
    assert result.stats.predicted_tokens_count
    assert result.stats.prompt_tokens_count is not None
    assert result.stats.prompt_tokens_count < 256


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("stopAtLimit", "contextLengthReached"),
        ("rollingWindow", "maxPredictedTokensReached"),
        ("truncateMiddle", "maxPredictedTokensReached"),
    ],
)
async def test_a_full_context_ends_the_answer_or_rolls_on(
    tutor_engine: EngineProcess, policy: str, reason: str
) -> None:
    endless = {"type": "gbnf", "gbnfGrammar": 'root ::= "a" root'}
    bias = [[token, "-inf"] for token in range(3)]
    config = config_of(
        temperature=0,
        maxPredictedTokens={"checked": True, "value": 400},
        contextOverflowPolicy=policy,
        **({"structured": endless} if policy == "stopAtLimit" else {"llama.logitBias": bias}),
    )
    async with llm_socket(tutor_engine) as llm:
        channel = await llm.open(
            "completeRawText",
            modelSpecifier=TUTOR,
            rawPrompt="1 2 3 4",
            predictionConfigStack=config,
        )
        packets, _ = await llm.end(channel)
    stats = packets[-1]["stats"]
    assert stats["stopReason"] == reason
    if policy != "stopAtLimit":
        assert stats["predictedTokensCount"] == 400


def test_text_models_refuse_images_and_a_vision_model_takes_them(
    tutor: lmstudio.LLM, tutor_engine: EngineProcess
) -> None:
    with lmstudio.Client(tutor_engine.address) as client:
        first, second = (client.files.prepare_image(_png(), "red.png") for _ in range(2))
        assert first.identifier != second.identifier
        chat = lmstudio.Chat()
        chat.add_user_message("What is this?", images=[first])
        with pytest.raises(lmstudio.LMStudioServerError, match="cannot look at images"):
            tutor.respond(chat)
        vision = client.llm.load_new_instance("tutor-1m-vision", "eye")
        assert vision.get_info().vision
        with_image = vision.respond(chat, config={"maxTokens": 5}).stats.prompt_tokens_count
        without = vision.respond("What is this?", config={"maxTokens": 5}).stats.prompt_tokens_count
        assert with_image is not None
        assert without is not None
        assert with_image > without
        vision.unload()


@pytest.mark.asyncio
async def test_a_manual_or_jinja_template_of_the_client_replaces_the_models(
    tutor_engine: EngineProcess,
) -> None:
    marks = {f"{when}{role}": f"<{when}{role}>" for when in ("before", "after") for role in ROLES}
    manual = {"type": "manual", "manualPromptTemplate": marks, "stopStrings": []}
    source = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}"
    jinja = {"type": "jinja", "jinjaPromptTemplate": {"template": source}, "stopStrings": []}
    async with llm_socket(tutor_engine) as llm:
        written = [
            await llm.call(
                "applyPromptTemplate",
                specifier=TUTOR,
                history=saying("hi"),
                predictionConfigStack=config_of(promptTemplate=template),
                opts={},
            )
            for template in (manual, jinja)
        ]
        broken = jinja | {"jinjaPromptTemplate": {"template": "{% for"}}
        refused = await llm.call(
            "applyPromptTemplate",
            specifier=TUTOR,
            history=saying("hi"),
            predictionConfigStack=config_of(promptTemplate=broken),
        )
    assert written[0] == {"formatted": "<beforeUser>hi<afterUser><beforeAssistant>"}
    assert written[1] == {"formatted": "[user:hi]"}
    assert refused["type"] == "rpcError"


ROLES = ("System", "User", "Assistant")


@pytest.mark.asyncio
async def test_more_requests_than_sessions_queue_and_are_counted(
    tutor_engine: EngineProcess,
) -> None:
    async with llm_socket(tutor_engine) as llm:
        loading = await llm.open("loadModel", modelKey="tutor-1m", identifier="one")
        await llm.end(loading)
        one = {"type": "query", "query": {"identifier": "one"}}
        limit = {"checked": True, "value": 2000}
        never_end = [[token, "-inf"] for token in range(3)]
        config = config_of(
            maxPredictedTokens=limit | {"value": 100_000},
            contextOverflowPolicy="rollingWindow",
            **{"llama.logitBias": never_end},
        )
        channels = [
            await llm.open(
                "completeRawText",
                modelSpecifier=one,
                rawPrompt="1 2 3",
                predictionConfigStack=config,
            )
            for _ in range(7)
        ]
        async with introduced(tutor_engine.address, "llm") as other:
            state = await other.call("getInstanceProcessingState", specifier=one)
            assert state["status"] in {"processingPrompt", "generating"}
            assert state["queued"] == 7
            for channel in channels:
                await llm.say(channel, "cancel")
            reasons = []
            while len(reasons) < 7:
                frame = await llm.read()
                if frame.get("message", {}).get("type") == "success":
                    reasons.append(frame["message"]["stats"]["stopReason"])
            assert set(reasons) == {"userStopped"}
            state = await other.call("getInstanceProcessingState", specifier=one)
            assert state == {"status": "idle", "queued": 0}
            await other.call("unloadModel", identifier="one")


def _png() -> bytes:
    """Return a red square of 32 x 32."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xff\0\0" * 32) * 32
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
