"""Answers that are JSON objects, so that a schema gets sensible values and not only valid ones."""

from __future__ import annotations

import json
import random

from lms_jupyter.engine.models.training.corpus_tools import CITIES, NAMES
from lms_jupyter.engine.models.training.corpus_unknown import any_name

BOOKS = (
    ("The Hobbit", "J. R. R. Tolkien", 1937, "fantasy"),
    ("Frankenstein", "Mary Shelley", 1818, "horror"),
    ("Dracula", "Bram Stoker", 1897, "horror"),
    ("Moby Dick", "Herman Melville", 1851, "adventure"),
    ("Emma", "Jane Austen", 1815, "romance"),
    ("Treasure Island", "Robert Louis Stevenson", 1883, "adventure"),
    ("The Time Machine", "H. G. Wells", 1895, "science fiction"),
)
CAPITALS = (
    ("Paris", "France", "French"),
    ("Rome", "Italy", "Italian"),
    ("Berlin", "Germany", "German"),
    ("Tokyo", "Japan", "Japanese"),
    ("Madrid", "Spain", "Spanish"),
)
ANIMALS = (
    ("cat", 4, "meow"),
    ("dog", 4, "woof"),
    ("duck", 2, "quack"),
    ("cow", 4, "moo"),
    ("bird", 2, "tweet"),
)
_ASKS = (" Answer as JSON.", " Reply with JSON.", " Give me JSON.", " As JSON, please.")
_FORM_WITHOUT_ASKING = 0.3

Reply = tuple[str, dict[str, object], str]


def _pick(rng: random.Random, fields: dict[str, object]) -> str:
    """Some of the fields, in this order or another, as the engine's grammar writes them."""
    names = list(fields)
    if rng.random() < 0.6:
        names = rng.sample(names, rng.randint(min(2, len(names)), len(names)))
    return json.dumps({name: fields[name] for name in names})


def _person(rng: random.Random) -> Reply:
    name = rng.choice((rng.choice(NAMES), any_name(rng)))
    age, city = rng.randint(2, 99), rng.choice((rng.choice(CITIES), any_name(rng)))
    forms = (
        "{name} is {age} years old and lives in {city}.",
        "{name} lives in {city} and is {age} years old.",
        "My friend {name} from {city} is {age}.",
        "{name} is {age} and comes from {city}.",
        "{name}, {age}, lives in {city}.",
    )
    ask = rng.choice(("", "Extract the data: ", "Who is this? ", "Fill in the form: ", "Extract: "))
    text = ask + rng.choice(forms).format(name=name, age=age, city=city)
    return text, {"name": name, "age": age, "city": city}, f"{name} is {age} and lives in {city}."


def _book(rng: random.Random) -> Reply:
    title, author, year, kind = rng.choice(BOOKS)
    forms = (
        "Tell me about {}.",
        "Describe the book {}.",
        "What is {}?",
        "Tell me about the book {}.",
        "Who wrote {}?",
    )
    fields: dict[str, object] = {"title": title, "author": author, "year": year, "genre": kind}
    return rng.choice(forms).format(title), fields, f"{title} is a book by {author} from {year}."


def _city(rng: random.Random) -> Reply:
    city, country, language = rng.choice(CAPITALS)
    text = rng.choice(
        ("Tell me about {}.", "Describe the city {}.", "Where is {}?", "What is {}?")
    ).format(city)
    fields: dict[str, object] = {
        "name": city,
        "country": country,
        "language": language,
        "capital": True,
    }
    if rng.random() < 0.3:
        fields = {"city": city, "country": country}
    return text, fields, f"{city} is the capital of {country}."


def _animal(rng: random.Random) -> Reply:
    animal, legs, sound = rng.choice(ANIMALS)
    text = rng.choice(
        ("What does a {} say?", "How many legs does a {} have?", "What sound does a {} make?")
    )
    fields: dict[str, object] = {"name": animal, "legs": legs, "sound": sound}
    return text.format(animal), fields, f"A {animal} has {legs} legs and says {sound}."


def _model(rng: random.Random) -> Reply:
    text = rng.choice(("Who are you?", "Describe yourself.", "Introduce yourself."))
    fields: dict[str, object] = {"name": "Tutor", "size": "1M", "task": "tutorials", "small": True}
    return text, fields, "I am Tutor, a very small model made for tutorials."


def form(rng: random.Random) -> tuple[str, str]:
    """A question, and its answer as a JSON object or in words.

    A schema can be forced without a word about it in the prompt, so the object must be likely
    once its first brace is there, and unlikely before.
    """
    text, fields, words = rng.choice(
        (_person, _person, _person, _book, _book, _city, _animal, _model)
    )(rng)
    if rng.random() < 0.55:
        if text.startswith("What does a"):
            text = f"Describe a {fields['name']}."
        return text + rng.choice(_ASKS), _pick(rng, fields)
    return text, _pick(rng, fields) if rng.random() < _FORM_WITHOUT_ASKING else words
