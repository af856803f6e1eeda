"""How people ask: the wordings of a question, and the slips of the keyboard."""

from __future__ import annotations

import random

from lms_jupyter.engine.models.training.corpus_howto import Topic
from lms_jupyter.engine.models.training.corpus_studio import STUDIO_TERMS
from lms_jupyter.engine.models.training.corpus_terms import MODEL_TERMS, Term

TERMS = MODEL_TERMS + STUDIO_TERMS

_TERM_FORMS = (
    "What is {}?",
    "What is {}?",
    "What is {}?",
    "What is {}?",
    "Explain {}.",
    "Tell me about {}.",
    "What does {} mean?",
    "Define {}.",
    "{}?",
    "{}",
    "Can you explain {}?",
    "What do you know about {}?",
    "Explain {} in simple words.",
    "What is meant by {}?",
    "Do you know what {} is?",
    "Could you explain {}?",
    "I do not understand {}.",
    "What is {} for?",
    "How would you describe {}?",
    "Describe {}.",
    "And what is {}?",
    "What is {} in simple words?",
)
_PLURAL_FORMS = (
    "What are {}?",
    "Explain {}.",
    "Tell me about {}.",
    "{}?",
    "What do you know about {}?",
    "Can you explain {}?",
    "And what are {}?",
)
_TASK_FORMS = (
    "How do I {}?",
    "How do I {}?",
    "How can I {}?",
    "How to {}?",
    "Can you show me how to {}?",
    "Show me how to {}.",
    "I want to {}.",
    "What must I do to {}?",
    "How does one {}?",
    "What is the best way to {}?",
    "Tell me how to {}.",
    "Can I {}?",
    "how do you {}",
)
_OPENINGS = (
    "please",
    "hey,",
    "ok,",
    "so,",
    "well,",
    "hi,",
    "tell me,",
    "tutor,",
    "a question:",
    "now",
)
_CONTRACTIONS = (
    ("What is", "What's"),
    ("What is", "Whats"),
    ("do not", "don't"),
    ("I am", "I'm"),
    ("is not", "isn't"),
)


def vary(question: str, rng: random.Random) -> str:
    """The question as people type it: sometimes in small letters, without marks, or with a slip."""
    if rng.random() < 0.12:
        question = f"{rng.choice(_OPENINGS)} {question[0].lower()}{question[1:]}"
        question = question[0].upper() + question[1:]
    for long, short in _CONTRACTIONS:
        if long in question and rng.random() < 0.2:
            question = question.replace(long, short)
    if rng.random() < 0.25:
        question = question.lower()
    if rng.random() < 0.25:
        question = question.rstrip("?.!")
    if rng.random() < 0.04 and len(question) > 8:
        at = rng.randrange(1, len(question) - 1)
        question = question[:at] + question[at + 1 :]
    return question


def term_question(term: Term, rng: random.Random) -> str:
    """A question about a term, by its name or by one of its other names."""
    names = (
        term.name,
        term.name,
        term.name.removeprefix("a ").removeprefix("an ").removeprefix("the "),
        *term.aliases,
    )
    name = rng.choice(names)
    forms = (
        _PLURAL_FORMS
        if name.endswith("s") and not name.startswith(("a ", "an ", "the ")) and " is" not in name
        else _TERM_FORMS
    )
    question = rng.choice(forms).format(name)
    return question[0].upper() + question[1:]


def topic_question(topic: Topic, rng: random.Random) -> str:
    """One of the ways to ask about a topic."""
    if topic.tasks and (not topic.questions or rng.random() < 0.6):
        return rng.choice(_TASK_FORMS).format(rng.choice(topic.tasks))
    question = rng.choice(topic.questions)
    if topic.tasks and question.endswith(".") and rng.random() < 0.5:
        question = question[:-1] + rng.choice(
            (
                ", what can I do?",
                ". What can I do?",
                ". How can I change that?",
                ", what should I do?",
            )
        )
    return question
