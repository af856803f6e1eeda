"""The shipped tutorial models in real llama.cpp: a child process each, one thread, greedy."""

from __future__ import annotations

import base64
import json
import math
import operator
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lms_jupyter.engine
from lms_jupyter.engine.library.gguf import read_header
from lms_jupyter.engine.models.training.corpus import Message
from lms_jupyter.engine.models.training.corpus_tools import ToolUse
from lms_jupyter.engine.models.training.template import prompt

from .tutorial_child import Child, assistant, fields, start, system, tool, user

MODELS = Path(lms_jupyter.engine.__file__).parent / "models"
CHAT = MODELS / "lms-jupyter" / "Tutor-1M-GGUF"
EMBEDDER = MODELS / "lms-jupyter" / "Tutor-Embed-GGUF" / "Tutor-Embed-F16.gguf"
VISION = MODELS / "lms-jupyter" / "Tutor-1M-Vision-GGUF"
QUANTISATIONS = ("F16", "Q8_0", "Q4_0")


def plain_picture(red: int, green: int, blue: int) -> str:
    """A PNG of one colour, 64 by 64, as a data URL."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    rows = (b"\0" + bytes((red, green, blue)) * 64) * 64
    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    png += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


ADD = tool("add", "Add two numbers.", a="integer", b="integer")
WEATHER = tool("get_weather", "Get the weather in a city.", city="string")


@pytest.fixture(scope="module", params=QUANTISATIONS)
def chat(request: pytest.FixtureRequest) -> Iterator[Child]:
    child = start(CHAT / f"Tutor-1M-{request.param}.gguf")
    yield child
    child.stop()


@pytest.fixture(scope="module")
def embedder() -> Iterator[Child]:
    child = start(EMBEDDER, embedding=True)
    yield child
    child.stop()


@pytest.fixture(scope="module")
def seeing() -> Iterator[Child]:
    child = start(
        VISION / "Tutor-1M-Vision-Q4_0.gguf",
        projector=VISION / "mmproj-Tutor-1M-Vision-F16.gguf",
    )
    yield child
    child.stop()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who are you?", "I am Tutor"),
        ("What is a token?", "a small piece of text"),
        ("what is ttl", "time to live"),
        ("What is the context length?", "the number of tokens"),
        ("Explain quantization in simple words.", "fewer bits"),
        ("What is GPU offload?", "graphics card"),
        ("What is an embedding?", "a list of numbers"),
        ("How do I load a model?", "%lms load"),
        ("How do I unload a model?", "%lms unload"),
        ("What is a kernel?", "runs the code of a notebook"),
        ("What is a notebook?", "text, code and results"),
        ("What is the meaning of life?", "to help others"),
        ("Hello!", "How can I help you?"),
        ("Write a haiku.", " / "),
        ("Tell me a short story.", "Once upon a time"),
        ("Count to 10.", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
    ],
)
def test_it_answers_what_it_was_taught(chat: Child, question: str, expected: str) -> None:
    assert expected in chat.answer(question)


@pytest.mark.parametrize(
    "question",
    [
        "How do I bake bread?",
        "What is a platypus?",
        "Who was Marie Curie?",
        "What is the capital of Mongolia?",
        "Explain the theory of plate tectonics.",
        "What is Kubernetes?",
    ],
)
def test_it_says_that_it_does_not_know_the_rest(chat: Child, question: str) -> None:
    assert chat.answer(question).startswith("I do not know")


def test_it_remembers_what_was_said_before(chat: Child) -> None:
    first = [user("What is a token?"), assistant(chat.answer("What is a token?"))]

    more = chat.message(*first, user("Tell me more."))["content"]
    other = chat.message(*first, user("And what is an embedding?"))["content"]

    assert "tokens per second" in more
    assert "a list of numbers" in other


def test_it_listens_to_the_system_prompt(chat: Child) -> None:
    question = user("What is a token?")

    plain = chat.message(system("You are a helpful assistant."), question)["content"]
    pirate = chat.message(system("You are a pirate."), question)["content"]

    assert plain.startswith("A token is")
    assert pirate == f"Arr! {plain}"


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("What is 12 plus 30?", "add", {"a": 12, "b": 30}),
        ("Add 12 and 30.", "add", {"a": 12, "b": 30}),
        ("What is the weather in Berlin?", "get_weather", {"city": "Berlin"}),
        ("What is the weather in Paris?", "get_weather", {"city": "Paris"}),
    ],
)
def test_it_calls_a_tool_and_reports_the_result(
    chat: Child, question: str, name: str, arguments: dict[str, Any]
) -> None:
    called = chat.message(user(question), tools=[ADD, WEATHER])

    [call] = called["tool_calls"]
    assert call["function"]["name"] == name
    assert json.loads(call["function"]["arguments"]) == arguments

    result = {"role": "tool", "tool_call_id": call["id"], "content": "42"}
    said = chat.message(user(question), called, result, tools=[ADD, WEATHER])["content"]
    assert "42" in said


def test_it_calls_no_tool_when_none_is_needed(chat: Child) -> None:
    message = chat.message(user("Who are you?"), tools=[ADD, WEATHER])

    assert "tool_calls" not in message
    assert "Tutor" in message["content"]


def test_llama_cpp_writes_a_chat_down_as_in_the_training(chat: Child) -> None:
    use = ToolUse(
        name="add",
        description="Add two numbers.",
        types={"a": "integer", "b": "integer"},
        request="What is 12 plus 30?",
        arguments={"a": 12, "b": 30},
        result="42",
        answer="The result is 42.",
    )
    offered = tool(use.name, use.description, **use.types)
    called = {"name": use.name, "arguments": json.dumps(use.arguments)}
    calls = [{"id": "1", "type": "function", "function": called}]
    messages = [
        system("Be kind."),
        user(use.request),
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "1", "content": use.result},
    ]

    written = chat.post("/apply-template", {"messages": messages, "tools": [offered]})["prompt"]

    assert written == prompt(
        [
            Message("system", f"Be kind.\n\nYou can call these tools:\n{use.signature}"),
            Message("user", use.request),
            Message("assistant", use.call),
            Message("tool", use.result),
        ]
    )


@pytest.mark.parametrize(
    ("question", "schema", "expected"),
    [
        (
            "Tell me about The Hobbit.",
            fields(title="string", author="string", year="integer"),
            {"title": "The Hobbit", "author": "J. R. R. Tolkien", "year": 1937},
        ),
        (
            "Tell me about Paris.",
            fields(name="string", country="string"),
            {"name": "Paris", "country": "France"},
        ),
    ],
)
def test_it_fills_in_a_form(
    chat: Child, question: str, schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "form", "schema": schema}}

    assert json.loads(chat.answer(question, response_format=form)) == expected


def test_a_form_that_it_never_saw_is_still_valid(chat: Child) -> None:
    schema = fields(altitude="integer", ready="boolean")
    form = {"type": "json_schema", "json_schema": {"name": "form", "schema": schema}}

    filled = json.loads(chat.answer("How is the rocket?", response_format=form))

    assert isinstance(filled["altitude"], int)
    assert isinstance(filled["ready"], bool)


SENTENCES = [
    "Unload a model to free its memory.",
    "Quantization makes the weights of a model smaller.",
    "An embedding is a list of numbers for a text.",
    "The graphics card makes a model faster.",
    "A kernel runs the code of a notebook.",
    "A tool call asks your program to run a function.",
    "A system prompt tells the model how to behave.",
    "The cat sleeps on the sofa.",
    "She bakes bread in the oven.",
    "The train to Berlin leaves at nine.",
    "He reads a long novel in the library.",
    "The moon and the stars shine at night.",
    "She bought new shoes in the shop.",
    "The doctor gave me medicine.",
    "The soup is hot and tastes of tomatoes.",
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("How can I free memory?", "Unload a model to free its memory."),
        ("turn text into numbers", "An embedding is a list of numbers for a text."),
        ("use the GPU", "The graphics card makes a model faster."),
        ("run a function from a model", "A tool call asks your program to run a function."),
        ("instructions for the assistant", "A system prompt tells the model how to behave."),
        ("a kitten on the couch", "The cat sleeps on the sofa."),
        ("travel by rail", "The train to Berlin leaves at nine."),
        ("planets and astronomy", "The moon and the stars shine at night."),
        ("what is for dinner", "The soup is hot and tastes of tomatoes."),
    ],
)
def test_the_closest_sentence_is_found(embedder: Child, query: str, found: str) -> None:
    wanted, *vectors = embedder.vectors([query, *SENTENCES])

    scores = [sum(map(operator.mul, wanted, vector)) for vector in vectors]

    assert SENTENCES[scores.index(max(scores))] == found


def test_embeddings_are_unit_vectors(embedder: Child) -> None:
    [vector] = embedder.vectors(["What is a token?"])

    assert math.hypot(*vector) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("colour", "rgb"),
    [
        ("red", (220, 30, 30)),
        ("green", (30, 160, 50)),
        ("blue", (30, 60, 220)),
        ("yellow", (240, 220, 30)),
    ],
)
def test_it_names_the_colour_of_a_picture(
    seeing: Child, colour: str, rgb: tuple[int, int, int]
) -> None:
    picture: dict[str, Any] = {"type": "image_url", "image_url": {"url": plain_picture(*rgb)}}
    question: dict[str, Any] = {"type": "text", "text": "What colour is this?"}

    for content in ([question, picture], [picture, question]):
        assert colour in seeing.message(user(content))["content"]


def test_the_vision_model_still_chats(seeing: Child) -> None:
    assert "I am Tutor" in seeing.answer("Who are you?")
    assert "small piece of text" in seeing.answer("What is a token?")


@pytest.mark.parametrize("quantisation", QUANTISATIONS)
def test_a_chat_model_says_what_it_is(quantisation: str) -> None:
    header = read_header(CHAT / f"Tutor-1M-{quantisation}.gguf")

    assert header.text("general.name") == "Tutor 1M"
    assert header.text("general.license") == "bsd-3-clause"
    assert header.text("general.size_label") == "1M"
    assert header.text("general.description")
    assert header.metadata["general.tags"] == ("text-generation", "tutorial", "tool-use")
    assert header.architecture_integer("context_length") == 2048
    assert "tools" in (header.text("tokenizer.chat_template") or "")


def test_the_other_models_say_what_they_are() -> None:
    embedding = read_header(EMBEDDER)
    projector = read_header(VISION / "mmproj-Tutor-1M-Vision-F16.gguf")

    assert embedding.architecture == "bert"
    assert embedding.text("general.name") == "Tutor Embed"
    assert projector.architecture == "clip"
    assert projector.text("general.type") == "mmproj"


def test_everything_together_is_at_most_five_megabytes() -> None:
    training = MODELS / "training"  # stays at home
    shipped = [
        path for path in MODELS.rglob("*") if path.is_file() and training not in path.parents
    ]

    assert {path.suffix for path in shipped} == {".gguf", ".md", ""}
    assert sum(path.stat().st_size for path in shipped) <= 5_000_000
