"""Pairs of texts that mean the same, for the embedding model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from lms_jupyter.engine.models.training.corpus import chats
from lms_jupyter.engine.models.training.corpus_everyday import EVERYDAY
from lms_jupyter.engine.models.training.corpus_general import GENERAL, SELF
from lms_jupyter.engine.models.training.corpus_howto import HOW_TO, WHY
from lms_jupyter.engine.models.training.corpus_small_talk import SMALL_TALK
from lms_jupyter.engine.models.training.corpus_wording import (
    TERMS,
    term_question,
    topic_question,
    vary,
)

TOPICS = HOW_TO + WHY + GENERAL + SELF + SMALL_TALK


def _about_term(index: int, rng: random.Random) -> tuple[str, str]:
    term = TERMS[index]
    texts = (
        term_question(term, rng),
        term.answer,
        term.more,
        rng.choice((term.name, *term.aliases)),
    )
    first, second = rng.sample(range(4), 2)
    return texts[first], texts[second]


def _about_topic(index: int, rng: random.Random) -> tuple[str, str]:
    topic = TOPICS[index]
    question = topic_question(topic, rng)
    other = topic.answer if rng.random() < 0.7 else topic_question(topic, rng)
    return question, other


def _about_everyday(index: int, rng: random.Random) -> tuple[str, str]:
    *texts, keywords = EVERYDAY[index]
    first, second = rng.sample((*texts, rng.choice(keywords.split(", "))), 2)
    return first, second


def _thin_out(text: str, rng: random.Random) -> str:
    """Sometimes leave words out, so that a few words are enough to find a text."""
    words = text.split()
    if len(words) < 4 or rng.random() < 0.6:
        return text
    return " ".join(word for word in words if rng.random() < 0.75) or text


def pair_batch(rng: random.Random, size: int) -> tuple[list[str], list[str]]:
    """`size` pairs about different things: two lists, of which the same places belong together."""
    kinds = (
        (_about_term, len(TERMS)),
        (_about_topic, len(TOPICS)),
        (_about_everyday, len(EVERYDAY)),
    )
    places = [(make, index) for make, count in kinds for index in range(count)]
    pairs = [make(index, rng) for make, index in rng.sample(places, min(size, len(places)))]
    anchors = [_thin_out(vary(text, rng), rng) for text, _ in pairs]
    return anchors, [_thin_out(other, rng) for _, other in pairs]


def sentences() -> Iterator[str]:
    """Everything that the word pieces are learned from."""
    for row in EVERYDAY:
        for text in row:
            yield from (text,) * 20
    for chat in islice(chats(random.Random(0)), 6000):
        for message in chat:
            if message.role in ("user", "assistant"):
                yield message.content
