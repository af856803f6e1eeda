"""Answers of a host with something wrong in them."""

import copy
import random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**53 + 1,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    -float("inf"),
    "",
    "0",
    "60000",
    "1e999",
    "nan",
    "idle",
    "\ud800",
    "\x1b[2J\x07",
    "a\nb\tc\x00",
    "x" * 5000,
    "\U0001d518\u202e",
    [],
    {},
    [[]],
    [None],
    ["a", 1, {}],
    {"": None},
    {"name": {"name": 5}},
    {"type": "success"},
)


def mutated(told: Any, chance: random.Random) -> Any:
    """Return a copy of a JSON value in which one to three things are not as they should be."""
    changed = copy.deepcopy(told)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        changed = _changed(changed, chance)
    return changed


def _changed(told: Any, chance: random.Random) -> Any:
    places = list(_places(told))
    if not places or chance.random() < 0.03:
        return copy.deepcopy(chance.choice(ODD))
    holder, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case 1:
            holder[f"{key}2"] = holder.pop(key)
        case 2:
            holder[key] = [holder[key]]
        case 3:
            deep: Any = holder[key]
            for _ in range(chance.choice((3, 30))):
                deep = {"a": deep}
            holder[key] = deep
        case _:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return told


def _places(told: Any) -> Any:
    """Yield each place in a JSON value as the holder and the key or index."""
    if isinstance(told, dict):
        keys: Any = list(told)
    elif isinstance(told, list):
        keys = range(len(told))
    else:
        return
    for key in keys:
        yield told, key
        yield from _places(told[key])
