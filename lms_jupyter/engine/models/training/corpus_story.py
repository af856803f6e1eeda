"""Stories from a small grammar, and counting: text that is made anew for each example."""

from __future__ import annotations

import random

HEROES = (
    "cat",
    "dog",
    "robot",
    "girl",
    "boy",
    "bird",
    "fox",
    "mouse",
    "dragon",
    "horse",
    "king",
    "frog",
    "bear",
    "teacher",
)
_NAMES = ("Ada", "Max", "Luna", "Tom", "Mia", "Ben", "Zoe", "Sam")
_PLACES = (
    "small town",
    "green valley",
    "quiet forest",
    "house by the sea",
    "library",
    "village on a hill",
)
_THINGS = ("blue stone", "golden key", "little lamp", "lost letter", "broken watch", "silver bell")
_HELPERS = ("an old owl", "a kind baker", "a wise turtle", "a friendly neighbour")
_PROBLEMS = ("did not know whose it was", "wondered what it was for", "wanted to give it back")
_ENDS = (
    "In the end they found the owner, who was so happy that they all had cake.",
    "They put it in a safe place, and everybody could come and look at it.",
    "It was a present for {name}, and nobody had told.",
)


def story(rng: random.Random, hero: str) -> str:
    """A story of six sentences about `hero`."""
    name, place, thing = rng.choice(_NAMES), rng.choice(_PLACES), rng.choice(_THINGS)
    return (
        f"Once upon a time there was a young {hero} named {name}. {name} lived in a {place}. "
        f"One day {name} found a {thing}. {name} {rng.choice(_PROBLEMS)}. "
        f"So {name} asked {rng.choice(_HELPERS)} for help, and together they looked everywhere. "
        f"{rng.choice(_ENDS).format(name=name)}"
    )


def counting(rng: random.Random) -> tuple[str, str]:
    """A request to count, and the numbers."""
    first = 1
    last = rng.choice((3, 5, 10, 10, 10, 12, 15, 20, 20, 30, 50, 100, rng.randint(2, 40)))
    form = rng.choice(
        (
            "Count to {last}.",
            "Count from {first} to {last}.",
            "Please count to {last}.",
            "Can you count to {last}?",
        )
    )
    if "{first}" in form and rng.random() < 0.6:
        first = rng.randint(1, 30)
        last = first + rng.randint(2, 15)
    return form.format(first=first, last=last), ", ".join(
        str(n) for n in range(first, last + 1)
    ) + "."


def small_sum(rng: random.Random) -> tuple[str, str]:
    """A sum of two numbers up to ten, and its result."""
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    form = rng.choice(
        (
            "What is {a} plus {b}?",
            "What is {a} + {b}?",
            "{a} + {b}",
            "Add {a} and {b}.",
            "How much is {a} plus {b}?",
            "{a}+{b}?",
        )
    )
    return form.format(a=a, b=b), f"{a} plus {b} is {a + b}."
