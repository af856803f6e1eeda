"""Puts the taught texts together into chats, as many as the training asks for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from lms_jupyter.engine.models.training.corpus_tools import NAMES, tool_list, tool_use
from lms_jupyter.engine.models.training.corpus_turns import (
    GENERAL_TURNS,
    HOW_TO_TURNS,
    SELF_TURNS,
    TALK_TURNS,
    Turn,
    some_turns,
    term,
    unknown,
)
from lms_jupyter.engine.models.training.corpus_unknown import any_name
from lms_jupyter.engine.models.training.corpus_verse import RHYMES
from lms_jupyter.engine.models.training.corpus_wording import vary

_PLAIN_SYSTEM = (
    "You are a helpful assistant.",
    "You are Tutor, a small model.",
    "Be kind and clear.",
    "You help people who learn about language models.",
    "Answer the questions of the user.",
    "You are a friendly teacher.",
    "You are an assistant in a notebook.",
    "Help the user.",
    "Be helpful.",
)
_SHORT_SYSTEM = (
    "Answer in one sentence.",
    "Be brief.",
    "Answer briefly.",
    "Give short answers.",
    "Keep your answers short.",
    "You answer in one short sentence.",
)
_PIRATE_SYSTEM = (
    "You are a pirate.",
    "Talk like a pirate.",
    "Answer like a pirate.",
    "You are a friendly pirate.",
    "Speak like a pirate.",
)
_RHYME_SYSTEM = (
    "Always answer in rhymes.",
    "Answer in rhymes.",
    "Answer with a rhyme.",
    "You are a poet. Answer in rhymes.",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Message:
    """What one speaker says. `role` is system, user, assistant or tool."""

    role: str
    content: str


Chat = list[Message]


def _chat(turns: list[Turn], system: str = "") -> Chat:
    chat = [Message("system", system)] if system else []
    for question, answer in turns:
        chat += [Message("user", question), Message("assistant", answer)]
    return chat


def _plain_chat(rng: random.Random, *, copying: bool = False) -> Chat:
    turns = some_turns(rng, copying=copying)
    for _ in range(rng.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5))):
        turns += some_turns(rng, copying=copying)
    return _chat(turns, rng.choice(_PLAIN_SYSTEM) if rng.random() < 0.25 else "")


def _styled_chat(rng: random.Random) -> Chat:
    """A chat whose system prompt changes the answers."""
    turns = [
        turn
        for _ in range(rng.choice((1, 1, 2)))
        for turn in rng.choice(
            (term, HOW_TO_TURNS, SELF_TURNS, GENERAL_TURNS, TALK_TURNS, unknown)
        )(rng)
    ]
    style = rng.choice(("short", "pirate", "rhyme", "name", "day"))
    if style == "short":
        return _chat(
            [(q, a.split(". ")[0].rstrip(".") + ".") for q, a in turns], rng.choice(_SHORT_SYSTEM)
        )
    if style == "pirate":
        return _chat([(q, f"Arr! {a}") for q, a in turns], rng.choice(_PIRATE_SYSTEM))
    if style == "rhyme":
        return _chat(
            [(vary(q, rng), a) for q, a in rng.choices(RHYMES, k=rng.randint(1, 2))],
            rng.choice(_RHYME_SYSTEM),
        )
    if style == "name":
        name = rng.choice((rng.choice(NAMES), any_name(rng)))
        system = rng.choice(
            (
                "Your name is {}.",
                "You are {}.",
                "You are called {}.",
                "You are {}, a friendly assistant.",
            )
        ).format(name)
        question = rng.choice(
            ("Who are you?", "What is your name?", "Introduce yourself.", "What's your name?")
        )
        return _chat(
            [(vary(question, rng), f"I am {name}, a very small model made for tutorials."), *turns],
            system,
        )
    day = rng.choice(_DAYS)
    system = rng.choice(
        ("Today is {}.", "You are a helpful assistant. Today is {}.", "It is {} today.")
    ).format(day)
    return _chat(
        [
            *turns,
            (
                vary(
                    rng.choice(("What day is it?", "What day is it today?", "Which day is today?")),
                    rng,
                ),
                f"Today is {day}.",
            ),
        ],
        system,
    )


def _tool_chat(rng: random.Random) -> Chat:
    if rng.random() < 0.2:
        return _chat(
            rng.choice((term, SELF_TURNS, TALK_TURNS, unknown, HOW_TO_TURNS))(rng),
            tool_list(rng, None),
        )
    use = tool_use(rng)
    system = tool_list(rng, use)
    if rng.random() < 0.15:
        system = f"{rng.choice(_PLAIN_SYSTEM)}\n\n{system}"
    before = _chat(rng.choice((term, TALK_TURNS))(rng)) if rng.random() < 0.15 else []
    chat = [
        Message("system", system),
        *before,
        Message("user", use.request),
        Message("assistant", use.call),
    ]
    result, answer = use.result, use.answer
    if rng.random() < 0.05:
        result, answer = "error: it did not work", "The tool failed: it did not work."
    return [*chat, Message("tool", result), Message("assistant", answer)]


def chats(rng: random.Random, *, copying: bool = False) -> Iterator[Chat]:
    """Chats without end. With `copying`, more of those in which words must be copied exactly."""
    makers = (partial(_plain_chat, copying=copying), _styled_chat, _tool_chat)
    weights = (44, 14, 42) if copying else (64, 12, 24)
    while True:
        yield rng.choices(makers, weights)[0](rng)
