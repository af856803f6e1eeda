"""Questions with their answers, of every kind that the chat model learns."""

from __future__ import annotations

import random
from collections.abc import Callable

from lms_jupyter.engine.models.training.corpus_forms import form
from lms_jupyter.engine.models.training.corpus_general import GENERAL, SELF
from lms_jupyter.engine.models.training.corpus_howto import HOW_TO, WHY, Topic
from lms_jupyter.engine.models.training.corpus_small_talk import SMALL_TALK
from lms_jupyter.engine.models.training.corpus_story import HEROES, counting, small_sum, story
from lms_jupyter.engine.models.training.corpus_tools import NAMES
from lms_jupyter.engine.models.training.corpus_unknown import (
    UNKNOWN_ANSWERS,
    any_name,
    any_words,
    gibberish,
    unknown_question,
    unknown_thing,
)
from lms_jupyter.engine.models.training.corpus_verse import HAIKU, POEM
from lms_jupyter.engine.models.training.corpus_wording import (
    TERMS,
    term_question,
    topic_question,
    vary,
)

Turn = tuple[str, str]

_MORE = (
    "Tell me more.",
    "More, please.",
    "Can you tell me more?",
    "Go on.",
    "Explain more.",
    "What else?",
    "More details, please.",
)
_HAIKU_FORMS = (
    "Write a haiku about {}.",
    "A haiku about {}, please.",
    "Can you write a haiku about {}?",
)


def term(rng: random.Random) -> list[Turn]:
    """A term explained, and sometimes what there is to add."""
    known = rng.choice(TERMS)
    turns = [(vary(term_question(known, rng), rng), known.answer)]
    if rng.random() < 0.25:
        turns.append((vary(rng.choice(_MORE), rng), known.more))
    return turns


def _topics(*groups: tuple[Topic, ...]) -> Callable[[random.Random], list[Turn]]:
    topics = tuple(topic for group in groups for topic in group)

    def turns(rng: random.Random) -> list[Turn]:
        topic = rng.choice(topics)
        made = [(vary(topic_question(topic, rng), rng), topic.answer)]
        if topic.more and rng.random() < 0.25:
            made.append((vary(rng.choice(_MORE), rng), topic.more))
        return made

    return turns


def unknown(rng: random.Random) -> list[Turn]:
    """A question outside the taught topics."""
    if rng.random() < 0.04:
        return [(gibberish(rng), "Please say it in other words. I know only a few.")]
    return [(vary(unknown_question(rng), rng), rng.choice(UNKNOWN_ANSWERS))]


def _haiku(rng: random.Random) -> list[Turn]:
    about = rng.choice(list(HAIKU))
    if rng.random() < 0.2:
        return [(vary(rng.choice(_HAIKU_FORMS).format(unknown_thing(rng)), rng), HAIKU[""])]
    forms = (
        _HAIKU_FORMS
        if about
        else (
            "Write a haiku.",
            "A haiku, please.",
            "Tell me a haiku.",
            "Do you know a haiku?",
            "Write me a haiku.",
        )
    )
    return [(vary(rng.choice(forms).format(about), rng), HAIKU[about])]


def _poem(rng: random.Random) -> list[Turn]:
    return [
        (
            vary(
                rng.choice(
                    ("Write a poem.", "Tell me a poem.", "A poem, please.", "Write a short poem.")
                ),
                rng,
            ),
            POEM,
        )
    ]


def _story(rng: random.Random) -> list[Turn]:
    hero = rng.choice(HEROES)
    about = rng.choice(("", "", f" about a {hero}"))
    return [
        (
            vary(
                rng.choice(
                    (
                        "Tell me a story{}.",
                        "Write a short story{}.",
                        "A story{}, please.",
                        "Can you tell me a story{}?",
                    )
                ).format(about),
                rng,
            ),
            story(rng, hero),
        )
    ]


def _count(rng: random.Random) -> list[Turn]:
    return [counting(rng)]


def _sum(rng: random.Random) -> list[Turn]:
    return [small_sum(rng)]


def _form(rng: random.Random) -> list[Turn]:
    return [form(rng)]


def _my_name(rng: random.Random) -> list[Turn]:
    name = rng.choice((rng.choice(NAMES), any_name(rng)))
    hello = rng.choice(
        ("My name is {}.", "I am {}.", "Hello, my name is {}.", "Call me {}.", "Hi, I am {}.")
    ).format(name)
    turns = [(hello, f"Hello {name}! How can I help you?")]
    turns += [turn for _ in range(rng.choice((0, 0, 1, 2))) for turn in term(rng)]
    return [
        *turns,
        (
            vary(
                rng.choice(
                    ("What is my name?", "Do you know my name?", "Who am I?", "What am I called?")
                ),
                rng,
            ),
            f"Your name is {name}.",
        ),
    ]


def _echo(rng: random.Random) -> list[Turn]:
    words = rng.choice(
        (any_words(rng, 3), rng.choice(("hello world", "hello", "good day", "tea", "hello again")))
    )
    return [
        (
            rng.choice(("Say {}.", "Repeat {}.", "Say the words {}.", "Please say {}.")).format(
                words
            ),
            f"{words[0].upper()}{words[1:]}.",
        )
    ]


HOW_TO_TURNS = _topics(HOW_TO, WHY)
TALK_TURNS = _topics(SMALL_TALK)
SELF_TURNS = _topics(SELF)
GENERAL_TURNS = _topics(GENERAL)
_TURNS: tuple[tuple[Callable[[random.Random], list[Turn]], int, int], ...] = (
    (term, 26, 18),
    (HOW_TO_TURNS, 15, 11),
    (SELF_TURNS, 5, 4),
    (TALK_TURNS, 7, 5),
    (GENERAL_TURNS, 6, 4),
    (unknown, 18, 14),
    (_haiku, 2, 1),
    (_poem, 1, 1),
    (_story, 4, 4),
    (_count, 5, 9),
    (_sum, 5, 6),
    (_form, 9, 18),
    (_my_name, 3, 8),
    (_echo, 3, 10),
)
"""The kinds of questions, and how often they come: at first, and when copying is practised."""


def some_turns(rng: random.Random, *, copying: bool = False) -> list[Turn]:
    """One of the kinds above, the frequent ones more often."""
    makers, at_first, later = zip(*_TURNS, strict=True)
    turns: list[Turn] = rng.choices(makers, later if copying else at_first)[0](rng)
    return turns
