"""Puts the taught texts together into chats, as many as the training asks for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lms_jupyter.engine.tutorial import corpus_small_talk as talk
from lms_jupyter.engine.tutorial.corpus_forms import form
from lms_jupyter.engine.tutorial.corpus_howto import HOW_TO, WHY, Topic
from lms_jupyter.engine.tutorial.corpus_story import HEROES, counting, small_sum, story
from lms_jupyter.engine.tutorial.corpus_studio import STUDIO_TERMS
from lms_jupyter.engine.tutorial.corpus_terms import MODEL_TERMS, Term
from lms_jupyter.engine.tutorial.corpus_tools import NAMES, tool_list, tool_use
from lms_jupyter.engine.tutorial.corpus_unknown import UNKNOWN_ANSWERS, made_up_word, unknown_question

TERMS = MODEL_TERMS + STUDIO_TERMS

_TERM_FORMS = (
    "What is {}?", "What is {}?", "What is {}?", "What is {}?", "Explain {}.", "Tell me about {}.", "What does {} mean?", "Define {}.",
    "{}?", "{}", "Can you explain {}?", "What do you know about {}?", "Explain {} in simple words.", "What is meant by {}?", "Do you know what {} is?",
    "Could you explain {}?", "I do not understand {}.", "What is {} for?", "How would you describe {}?", "Describe {}.", "And what is {}?", "What is {} in simple words?",
)
_PLURAL_FORMS = ("What are {}?", "Explain {}.", "Tell me about {}.", "{}?", "What do you know about {}?", "Can you explain {}?", "And what are {}?")
_TASK_FORMS = (
    "How do I {}?", "How do I {}?", "How can I {}?", "How to {}?", "Can you show me how to {}?", "Show me how to {}.", "I want to {}.",
    "What must I do to {}?", "How does one {}?", "What is the best way to {}?", "Tell me how to {}.", "Can I {}?", "how do you {}",
)
_MORE = ("Tell me more.", "More, please.", "Can you tell me more?", "Go on.", "Explain more.", "What else?", "More details, please.")
_OPENINGS = ("please", "hey,", "ok,", "so,", "well,", "hi,", "tell me,", "tutor,", "a question:", "now")
_PLAIN_SYSTEM = (
    "You are a helpful assistant.", "You are Tutor, a small model.", "Be kind and clear.", "You help people who learn about language models.",
    "Answer the questions of the user.", "You are a friendly teacher.", "You are an assistant in a notebook.", "Help the user.", "Be helpful.",
)
_SHORT_SYSTEM = ("Answer in one sentence.", "Be brief.", "Answer briefly.", "Give short answers.", "Keep your answers short.", "You answer in one short sentence.")
_PIRATE_SYSTEM = ("You are a pirate.", "Talk like a pirate.", "Answer like a pirate.", "You are a friendly pirate.", "Speak like a pirate.")
_RHYME_SYSTEM = ("Always answer in rhymes.", "Answer in rhymes.", "Answer with a rhyme.", "You are a poet. Answer in rhymes.")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Message:
    """What one speaker says. `role` is system, user, assistant or tool."""

    role: str
    content: str


Chat = list[Message]
Turn = tuple[str, str]


def vary(question: str, rng: random.Random) -> str:
    """The question as people type it: sometimes in small letters, without marks, or with a slip."""
    if rng.random() < 0.12:
        question = f"{rng.choice(_OPENINGS)} {question[0].lower()}{question[1:]}"
        question = question[0].upper() + question[1:]
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
    names = (term.name, term.name, term.name.removeprefix("a ").removeprefix("an ").removeprefix("the "), *term.aliases)
    name = rng.choice(names)
    forms = _PLURAL_FORMS if name.endswith("s") and not name.startswith(("a ", "an ", "the ")) and " is" not in name else _TERM_FORMS
    question = rng.choice(forms).format(name)
    return question[0].upper() + question[1:]


def topic_question(topic: Topic, rng: random.Random) -> str:
    """One of the ways to ask about a topic."""
    if topic.tasks and (not topic.questions or rng.random() < 0.6):
        return rng.choice(_TASK_FORMS).format(rng.choice(topic.tasks))
    return rng.choice(topic.questions)


def _term(rng: random.Random) -> list[Turn]:
    term = rng.choice(TERMS)
    turns = [(vary(term_question(term, rng), rng), term.answer)]
    if rng.random() < 0.25:
        turns.append((vary(rng.choice(_MORE), rng), term.more))
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


def _unknown(rng: random.Random) -> list[Turn]:
    return [(vary(unknown_question(rng), rng), rng.choice(UNKNOWN_ANSWERS))]


def _haiku(rng: random.Random) -> list[Turn]:
    about = rng.choice(list(talk.HAIKU))
    forms = ("Write a haiku about {}.", "A haiku about {}, please.", "Can you write a haiku about {}?") if about else ("Write a haiku.", "A haiku, please.", "Tell me a haiku.", "Do you know a haiku?", "Write me a haiku.")
    return [(vary(rng.choice(forms).format(about), rng), talk.HAIKU[about])]


def _poem(rng: random.Random) -> list[Turn]:
    return [(vary(rng.choice(("Write a poem.", "Tell me a poem.", "A poem, please.", "Write a short poem.")), rng), talk.POEM)]


def _story(rng: random.Random) -> list[Turn]:
    hero = rng.choice(HEROES)
    about = rng.choice(("", "", f" about a {hero}"))
    return [(vary(rng.choice(("Tell me a story{}.", "Write a short story{}.", "A story{}, please.", "Can you tell me a story{}?")).format(about), rng), story(rng, hero))]


def _count(rng: random.Random) -> list[Turn]:
    return [counting(rng)]


def _sum(rng: random.Random) -> list[Turn]:
    return [small_sum(rng)]


def _form(rng: random.Random) -> list[Turn]:
    return [form(rng)]


def _my_name(rng: random.Random) -> list[Turn]:
    name = rng.choice((rng.choice(NAMES), made_up_word(rng).title()))
    hello = rng.choice(("My name is {}.", "I am {}.", "Hello, my name is {}.", "Call me {}.", "Hi, I am {}.")).format(name)
    turns = [(hello, f"Hello {name}! How can I help you?")]
    turns += [turn for _ in range(rng.choice((0, 0, 1, 2))) for turn in _term(rng)]
    return [*turns, (vary(rng.choice(("What is my name?", "Do you know my name?", "Who am I?", "What am I called?")), rng), f"Your name is {name}.")]


def _echo(rng: random.Random) -> list[Turn]:
    words = " ".join(rng.choice((made_up_word(rng), rng.choice(("hello", "world", "tea", "stars", "good", "blue")))) for _ in range(rng.randint(1, 3)))
    return [(rng.choice(("Say {}.", "Repeat {}.", "Say the words {}.", "Please say {}.")).format(words), f"{words[0].upper()}{words[1:]}.")]


_KNOWN = _topics(HOW_TO, WHY)
_TALK = _topics(talk.SMALL_TALK)
_SELF = _topics(talk.SELF)
_GENERAL = _topics(talk.GENERAL)
_TURNS: tuple[tuple[Callable[[random.Random], list[Turn]], int], ...] = (
    (_term, 26), (_KNOWN, 15), (_SELF, 5), (_TALK, 7), (_GENERAL, 6), (_unknown, 18), (_haiku, 2), (_poem, 1),
    (_story, 4), (_count, 4), (_sum, 3), (_form, 9), (_my_name, 2), (_echo, 2),
)


def _some_turns(rng: random.Random) -> list[Turn]:
    makers, weights = zip(*_TURNS, strict=True)
    turns: list[Turn] = rng.choices(makers, weights)[0](rng)
    return turns


def _chat(turns: list[Turn], system: str = "") -> Chat:
    chat = [Message("system", system)] if system else []
    for question, answer in turns:
        chat += [Message("user", question), Message("assistant", answer)]
    return chat


def _plain_chat(rng: random.Random) -> Chat:
    turns = _some_turns(rng)
    for _ in range(rng.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5))):
        turns += _some_turns(rng)
    return _chat(turns, rng.choice(_PLAIN_SYSTEM) if rng.random() < 0.25 else "")


def _styled_chat(rng: random.Random) -> Chat:
    """A chat whose system prompt changes the answers."""
    turns = [turn for _ in range(rng.choice((1, 1, 2))) for turn in rng.choice((_term, _KNOWN, _SELF, _GENERAL, _TALK, _unknown))(rng)]
    style = rng.choice(("short", "pirate", "rhyme", "name", "day"))
    if style == "short":
        return _chat([(q, a.split(". ")[0].rstrip(".") + ".") for q, a in turns], rng.choice(_SHORT_SYSTEM))
    if style == "pirate":
        return _chat([(q, f"Arr! {a}") for q, a in turns], rng.choice(_PIRATE_SYSTEM))
    if style == "rhyme":
        return _chat([(vary(q, rng), a) for q, a in rng.choices(talk.RHYMES, k=rng.randint(1, 2))], rng.choice(_RHYME_SYSTEM))
    if style == "name":
        name = rng.choice((rng.choice(NAMES), made_up_word(rng).title()))
        system = rng.choice(("Your name is {}.", "You are {}.", "You are called {}.", "You are {}, a friendly assistant.")).format(name)
        question = rng.choice(("Who are you?", "What is your name?", "Introduce yourself.", "What's your name?"))
        return _chat([(vary(question, rng), f"I am {name}, a very small model made for tutorials."), *turns], system)
    day = rng.choice(_DAYS)
    system = rng.choice(("Today is {}.", "You are a helpful assistant. Today is {}.", "It is {} today.")).format(day)
    return _chat([*turns, (vary(rng.choice(("What day is it?", "What day is it today?", "Which day is today?")), rng), f"Today is {day}.")], system)


def _tool_chat(rng: random.Random) -> Chat:
    if rng.random() < 0.2:
        return _chat(rng.choice((_term, _SELF, _TALK, _unknown, _KNOWN))(rng), tool_list(rng, None))
    use = tool_use(rng)
    system = tool_list(rng, use)
    if rng.random() < 0.15:
        system = f"{rng.choice(_PLAIN_SYSTEM)}\n\n{system}"
    before = _chat(rng.choice((_term, _TALK))(rng)) if rng.random() < 0.15 else []
    chat = [Message("system", system), *before, Message("user", use.request), Message("assistant", use.call)]
    result, answer = use.result, use.answer
    if rng.random() < 0.05:
        result, answer = "error: it did not work", "The tool failed: it did not work."
    return [*chat, Message("tool", result), Message("assistant", answer)]


def chats(rng: random.Random) -> Iterator[Chat]:
    """Chats without end."""
    makers = (_plain_chat, _styled_chat, _tool_chat)
    while True:
        yield rng.choices(makers, (72, 8, 20))[0](rng)
