"""Pairs of texts that mean the same, for the embedding model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from lms_jupyter.engine.tutorial import corpus_small_talk as talk
from lms_jupyter.engine.tutorial.corpus import TERMS, chats, term_question, topic_question, vary
from lms_jupyter.engine.tutorial.corpus_everyday import EVERYDAY
from lms_jupyter.engine.tutorial.corpus_howto import HOW_TO, WHY

TOPICS = HOW_TO + WHY + talk.GENERAL + talk.SELF + talk.SMALL_TALK


def _about_term(index: int, rng: random.Random) -> tuple[str, str]:
    term = TERMS[index]
    texts = (term_question(term, rng), term.answer, term.more, rng.choice((term.name, *term.aliases)))
    one, other = rng.sample(range(4), 2)
    return texts[one], texts[other]


def _about_topic(index: int, rng: random.Random) -> tuple[str, str]:
    topic = TOPICS[index]
    question = topic_question(topic, rng)
    other = topic.answer if rng.random() < 0.7 else topic_question(topic, rng)
    return question, other


def _about_everyday(index: int, rng: random.Random) -> tuple[str, str]:
    one, other = rng.sample(EVERYDAY[index], 2)
    return one, other


def pair_batch(rng: random.Random, size: int) -> tuple[list[str], list[str]]:
    """`size` pairs about different things: two lists, of which the same places belong together."""
    kinds = ((_about_term, len(TERMS)), (_about_topic, len(TOPICS)), (_about_everyday, len(EVERYDAY)))
    places = [(make, index) for make, count in kinds for index in range(count)]
    pairs = [make(index, rng) for make, index in rng.sample(places, min(size, len(places)))]
    return [vary(one, rng) for one, _ in pairs], [other for _, other in pairs]


def sentences() -> Iterator[str]:
    """Everything that the word pieces are learned from."""
    for row in EVERYDAY:
        for text in row:
            yield from (text,) * 20
    for chat in islice(chats(random.Random(0)), 6000):
        for message in chat:
            if message.role in ("user", "assistant"):
                yield message.content
