"""Chats in which the model calls a tool, and filled-in JSON forms.

Most tools here have fixed names; some are made up for each example, so that the model learns
to copy names and arguments instead of knowing them by heart.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from lms_jupyter.engine.models.training.corpus_unknown import (
    any_name,
    any_word,
    any_words,
    made_up_word,
)

CITIES = tuple(
    "Berlin Paris Rome London Tokyo Madrid Oslo Vienna Prague Dublin Athens Lisbon Cairo Lima "
    "Boston Chicago Delhi Helsinki Zurich Geneva Milan Naples Munich Hamburg Cologne Warsaw "
    "Sofia Riga Kyoto Seoul Sydney Toronto".split()
)
NAMES = tuple(
    "Ada Anna Ben Carla David Emma Finn Grace Hugo Ida Jonas Kim Laura Max Nina "
    "Oscar Paul Rosa Sam Tom Vera".split()
)
_WORDS = tuple(
    "apples cats tea music stars maps birds trains books rivers lamps chess bread "
    "rain clouds glass".split()
)
_ITEMS = tuple("lamp book chair ticket bike phone cup table bag pen clock shirt".split())
_FILES = ("notes.txt", "list.txt", "todo.txt", "data.csv", "hello.txt", "plan.md")
_TEXTS = ("hello world", "buy milk", "call Ada", "it works", "see you soon", "good luck")
_KEYS = ("tutor", "tutor-1m", "lms-jupyter/tutor-1m", "qwen", "gemma", "embed", "llama")
_SKIES = ("sunny", "cloudy", "rainy", "windy", "clear", "foggy")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One tool, a request for it, the right arguments, a result, and what to say about it."""

    name: str
    description: str
    types: dict[str, str]
    request: str
    arguments: dict[str, object]
    result: str
    answer: str

    @property
    def signature(self) -> str:
        """The tool as the chat template writes it."""
        parameters = ", ".join(f"{name}: {kind}" for name, kind in self.types.items())
        return f"- {self.name}({parameters}): {self.description}"

    @property
    def call(self) -> str:
        """The call as the model has to write it."""
        body = json.dumps({"name": self.name, "arguments": self.arguments})
        return f"<tool_call>\n{body}\n</tool_call>"


_Maker = Callable[[random.Random], ToolUse]


def _number(rng: random.Random) -> int:
    return rng.randint(0, 10 ** rng.choice((1, 2, 2, 3, 3, 4)))


_ARITHMETIC = {
    "add": (
        "What is {a} plus {b}?",
        "Add {a} and {b}.",
        "What is {a} + {b}?",
        "How much is {a} plus {b}?",
        "Calculate {a} + {b}.",
        "Please add {a} and {b}.",
    ),
    "subtract": (
        "What is {a} minus {b}?",
        "Subtract {b} from {a}.",
        "What is {a} - {b}?",
        "How much is {a} minus {b}?",
    ),
    "multiply": (
        "What is {a} times {b}?",
        "Multiply {a} by {b}.",
        "What is {a} * {b}?",
        "Multiply {a} and {b}.",
        "How much is {a} times {b}?",
    ),
    "divide": ("What is {a} divided by {b}?", "Divide {a} by {b}.", "What is {a} / {b}?"),
}


def _arithmetic(rng: random.Random) -> ToolUse:
    name = rng.choice(("add", "add", "add", "subtract", "multiply", "multiply", "divide"))
    a, b = _number(rng), _number(rng) + (name == "divide")
    result = {"add": a + b, "subtract": a - b, "multiply": a * b, "divide": a // max(1, b)}[name]
    description = rng.choice(
        (
            f"{name.title()} two numbers.",
            f"{name.title()} a and b.",
            f"Given two numbers, {name} them.",
            f"{name} two numbers",
        )
    )
    kind = rng.choice(("integer", "number"))
    request = rng.choice(_ARITHMETIC[name]).format(a=a, b=b)
    return ToolUse(
        name,
        description,
        {"a": kind, "b": kind},
        request,
        {"a": a, "b": b},
        str(result),
        f"The result is {result}.",
    )


def _weather(rng: random.Random) -> ToolUse:
    city = rng.choice((rng.choice(CITIES), any_name(rng)))
    weather = f"{rng.choice(_SKIES)}, {rng.randint(0, 35)} degrees"
    request = rng.choice(
        (
            "What is the weather in {}?",
            "How is the weather in {}?",
            "Weather in {}?",
            "What is the weather like in {} today?",
            "Tell me the weather in {}.",
        )
    )
    name = rng.choice(("get_weather", "get_weather", "weather"))
    return ToolUse(
        name,
        rng.choice(
            (
                "Get the weather in a city.",
                "The weather in a city.",
                "Get the current weather.",
                "Get the current weather of a city.",
                "Return the weather for a city.",
            )
        ),
        {"city": "string"},
        request.format(city),
        {"city": city},
        weather,
        f"The weather in {city}: {weather}.",
    )


def _time(rng: random.Random) -> ToolUse:
    city, time = rng.choice(CITIES), f"{rng.randint(0, 23)}:{rng.randint(10, 59)}"
    if rng.random() < 0.5:
        request = rng.choice(("What time is it?", "Tell me the time.", "What is the time now?"))
        return ToolUse(
            "get_time",
            rng.choice(("Get the time.", "Get the current time.")),
            {},
            request,
            {},
            time,
            f"It is {time}.",
        )
    request = rng.choice(
        ("What time is it in {}?", "Tell me the time in {}.", "What is the time in {}?")
    ).format(city)
    return ToolUse(
        "get_time",
        "Get the time in a city.",
        {"city": "string"},
        request,
        {"city": city},
        time,
        f"It is {time} in {city}.",
    )


def _file(rng: random.Random) -> ToolUse:
    name = rng.choice(
        (rng.choice(_FILES), f"{any_word(rng)}.{rng.choice(('txt', 'md', 'csv', 'py'))}")
    )
    text = rng.choice((rng.choice(_TEXTS), any_words(rng, 4), any_words(rng, 3)))
    request = rng.choice(
        (
            "Create a file named {n} with the text {t}.",
            "Make a file {n} with the text {t}.",
            "Write {t} into the file {n}.",
            "Please create a file named {n} with the text {t}.",
        )
    ).format(n=name, t=text)
    return ToolUse(
        "create_file",
        rng.choice(
            (
                "Create a file with a text.",
                "Create a file with the given name and content.",
                "Write a text into a new file.",
            )
        ),
        {"name": "string", "content": "string"},
        request,
        {"name": name, "content": text},
        "File created.",
        f"I created the file {name}.",
    )


def _search(rng: random.Random) -> ToolUse:
    query = rng.choice((rng.choice(_WORDS), any_words(rng, 2)))
    request = rng.choice(
        ("Search my notes for {}.", "Find my notes about {}.", "Look for {} in my notes.")
    ).format(query)
    found = rng.choice((f"Note 3 is about {query}.", "Nothing found."))
    return ToolUse(
        "search_notes",
        "Search the notes.",
        {"query": "string"},
        request,
        {"query": query},
        found,
        found,
    )


def _models(rng: random.Random) -> ToolUse:
    key = rng.choice(
        (
            rng.choice(_KEYS),
            any_word(rng),
            f"{any_word(rng)}-{rng.randint(1, 99)}b",
            f"{any_word(rng)}/{any_word(rng)}",
        )
    )
    verb = rng.choice(("load", "unload"))
    field = "model_key" if verb == "load" else "identifier"
    request = rng.choice(
        (f"{verb.title()} the model {key}.", f"Please {verb} {key}.", f"{verb.title()} {key}.")
    )
    return ToolUse(
        f"{verb}_model",
        f"{verb.title()} a model.",
        {field: "string"},
        request,
        {field: key},
        "Done.",
        f"The model {key} is {verb}ed.",
    )


def _prime(rng: random.Random) -> ToolUse:
    n = _number(rng)
    prime = n > 1 and all(n % k for k in range(2, int(n**0.5) + 1))
    request = rng.choice(("Is {} a prime number?", "Is {} prime?", "Check if {} is prime.")).format(
        n
    )
    answer = f"Yes, {n} is a prime number." if prime else f"No, {n} is not a prime number."
    return ToolUse(
        "is_prime",
        rng.choice(
            ("Say whether a number is prime.", "Check if a number is prime.", "Is a number prime?")
        ),
        {"n": "integer"},
        request,
        {"n": n},
        rng.choice((str(prime), str(prime).lower())),
        answer,
    )


def _price(rng: random.Random) -> ToolUse:
    item, price = rng.choice((rng.choice(_ITEMS), any_word(rng))), _number(rng)
    request = rng.choice(
        ("How much is a {}?", "What is the price of a {}?", "Price of a {}?")
    ).format(item)
    return ToolUse(
        "get_price",
        "Get the price of an item.",
        {"item": "string"},
        request,
        {"item": item},
        str(price),
        f"The result is {price}.",
    )


def _timer(rng: random.Random) -> ToolUse:
    minutes = rng.randint(1, 90)
    request = rng.choice(
        ("Set a timer for {} minutes.", "Wake me in {} minutes.", "Start a timer for {} minutes.")
    ).format(minutes)
    return ToolUse(
        "set_timer",
        "Set a timer.",
        {"minutes": "integer"},
        request,
        {"minutes": minutes},
        "Done.",
        f"The timer is set for {minutes} minutes.",
    )


def _dice(rng: random.Random) -> ToolUse:
    sides = rng.choice((4, 6, 8, 10, 12, 20))
    rolled = rng.randint(1, sides)
    return ToolUse(
        "roll_dice",
        "Roll a dice.",
        {"sides": "integer"},
        f"Roll a dice with {sides} sides.",
        {"sides": sides},
        str(rolled),
        f"The result is {rolled}.",
    )


def _message(rng: random.Random) -> ToolUse:
    name, text = (
        rng.choice((rng.choice(NAMES), any_name(rng))),
        rng.choice((rng.choice(_TEXTS), any_words(rng, 4))),
    )
    request = rng.choice(
        ("Send {n} the message {t}.", "Send the message {t} to {n}.", "Tell {n}: {t}.")
    ).format(n=name, t=text)
    return ToolUse(
        "send_message",
        "Send a message to a person.",
        {"to": "string", "text": "string"},
        request,
        {"to": name, "text": text},
        "Sent.",
        f"I sent the message to {name}.",
    )


def _made_up(rng: random.Random) -> ToolUse:
    name = "_".join(made_up_word(rng) for _ in range(rng.randint(1, 2)))
    field = rng.choice(("x", "n", "text", "name", "value", "word", made_up_word(rng)))
    number = rng.random() < 0.5
    value: object = _number(rng) if number else any_words(rng, 2)
    result = str(_number(rng)) if rng.random() < 0.5 else any_words(rng, 2)
    request = rng.choice(
        (
            f"Use {name} with {value}.",
            f"Call {name} with {value}.",
            f"What is {name} of {value}?",
            f"Run {name} on {value}.",
            f"{name} {value}",
        )
    )
    kind = rng.choice(("integer", "number")) if number else "string"
    return ToolUse(
        name,
        rng.choice(("A tool.", f"Do {name}.", f"The {name} of a {field}.")),
        {field: kind},
        request,
        {field: value},
        result,
        f"The result is {result}.",
    )


MAKERS: tuple[_Maker, ...] = (
    *(_arithmetic,) * 4,
    *(_weather,) * 2,
    _time,
    _file,
    _search,
    _models,
    _prime,
    _price,
    _timer,
    _dice,
    _message,
    *(_made_up,) * 3,
)


def tool_use(rng: random.Random) -> ToolUse:
    """One request that needs a tool."""
    return rng.choice(MAKERS)(rng)


def tool_list(rng: random.Random, needed: ToolUse | None) -> str:
    """The system text that offers `needed` and up to three other tools, in any order."""
    offered = [] if needed is None else [needed]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3)) + (needed is None)):
        other = tool_use(rng)
        if all(other.name != known.name for known in offered):
            offered.append(other)
    rng.shuffle(offered)
    return "You can call these tools:\n" + "\n".join(tool.signature for tool in offered)
