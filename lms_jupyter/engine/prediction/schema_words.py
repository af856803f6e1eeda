"""The words of a JSON schema that speak about one value alone: what they say, or why not. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lms_jupyter.engine.prediction import formats, pattern

MAX_COUNT: Final = 100_000
"""How often something may have to be repeated; llguidance counts each time by itself."""
EXACT: Final = 2**53
"""Up to here, doubles tell whole numbers apart."""
LONGEST: Final = 10**18
"""Whole numbers without a limit get this one, or small models write digits without end."""

CHOICES: Final = ("anyOf", "oneOf")
_COUNTS: Final = ("minItems", "maxItems", "minLength", "maxLength", "maxProperties")
_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_REFUSED: Final[Mapping[str, tuple[Any, ...]]] = {
    "not": (False,),
    "if": (True,),
    "contains": (),
    "contentEncoding": (),
    "contentMediaType": (),
    "dependencies": ({},),
    "dependentRequired": ({},),
    "dependentSchemas": ({},),
    "propertyNames": (True, {}),
    "unevaluatedItems": (True, {}),
    "unevaluatedProperties": (True, {}),
    "uniqueItems": (False,),
    "$dynamicRef": (),
    "$recursiveRef": (),
}
"""What cannot be kept, with the values that ask for nothing."""
_TYPES_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("properties", "required", "patternProperties", "maxProperties"), "object"),
    "additionalProperties": "object",
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys((*_BOUNDS, "multipleOf"), "number"),
}


class UnkeepableError(ValueError):
    """A part of a schema that cannot be kept."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.pointer = pointer
        self.reason = reason


def refuse(schema: Mapping[str, Any], pointer: str) -> None:
    """Raise `UnkeepableError` for what asks for something that cannot be kept."""
    for name, harmless in _REFUSED.items():
        if name in schema and not any(schema[name] == value for value in harmless):
            raise UnkeepableError(f"{pointer}/{name}", f"{name!r} cannot be enforced")
    if pointer and isinstance(schema.get("$id"), str):
        raise UnkeepableError(f"{pointer}/$id", "a schema inside another cannot have an '$id'")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(key, str) for key in required):
        raise UnkeepableError(f"{pointer}/required", "'required' is a list of names")
    least = schema.get("minProperties", 0)
    if not isinstance(least, int | float) or least > len(set(required)):
        raise UnkeepableError(
            f"{pointer}/minProperties",
            "'minProperties' beyond the required ones cannot be enforced",
        )
    for name in _COUNTS:
        count = schema.get(name, 0)
        if isinstance(count, bool) or not isinstance(count, int | float) or count != count // 1:
            raise UnkeepableError(f"{pointer}/{name}", f"{name!r} is a whole number")
        if not 0 <= count <= MAX_COUNT:
            raise UnkeepableError(f"{pointer}/{name}", f"{name!r} is at most {MAX_COUNT}")


def with_type(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say which type is meant, where only the other words tell it."""
    typed = {"type", "enum", "const", "$ref", "allOf", *CHOICES}
    kinds = {_TYPES_OF[name] for name in schema if name in _TYPES_OF}
    if typed & schema.keys() or len(kinds) != 1:
        return schema
    return {"type": kinds.pop(), **schema}


def copy_values(schema: Mapping[str, Any], pointer: str, written: dict[str, Any]) -> None:
    """Take the values that are listed; those of another type can be left out at once."""
    for name in ("const", "enum"):
        if name not in schema:
            continue
        values = [schema[name]] if name == "const" else sequence(schema[name], f"{pointer}/{name}")
        for value in values:
            if not _is_exact(value):
                raise UnkeepableError(f"{pointer}/{name}", "a number is too large to be exact")
        written[name] = schema[name]


def _is_exact(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_exact(item) for item in value)
    if isinstance(value, Mapping):
        return all(_is_exact(item) for item in value.values())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return math.isfinite(value) and abs(value) <= EXACT


def copy_numbers(schema: Mapping[str, Any], pointer: str, written: dict[str, Any]) -> None:
    """Write the limits of numbers."""
    for name in (*_BOUNDS, "multipleOf"):
        value = schema.get(name)
        if name in schema and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UnkeepableError(f"{pointer}/{name}", f"{name!r} is a number")
        if value is None:
            continue
        if not _is_exact(value):
            raise UnkeepableError(f"{pointer}/{name}", "the number is too large to be exact")
        if name == "multipleOf" and not (value > 0 and float(value * 2**20).is_integer()):
            raise UnkeepableError(
                f"{pointer}/{name}",
                f"multiples of {value} cannot be told exactly in binary numbers",
            )
        written[name] = value
    kinds = _kinds(schema)
    if not kinds & {"integer", "number"}:
        return
    least, greatest = None, None
    form = schema.get("format")
    if isinstance(form, str) and form in formats.RANGES:
        least, greatest = formats.RANGES[form]
    elif form is not None and "string" not in kinds and form not in formats.NUMBERS:
        raise UnkeepableError(f"{pointer}/format", f"numbers have no format {form!r:.100}")
    if "number" not in kinds:
        least = -LONGEST if least is None else least
        greatest = LONGEST if greatest is None else greatest
    _limit(written, "minimum", "exclusiveMinimum", least, max)
    _limit(written, "maximum", "exclusiveMaximum", greatest, min)


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    """Return the types that a value may have; none is any."""
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return {kind for kind in kinds if isinstance(kind, str)}


def _limit(
    written: dict[str, Any],
    name: str,
    exclusive: str,
    value: int | None,
    stricter: Callable[[float, float], float],
) -> None:
    if value is None or exclusive in written:
        return
    written[name] = stricter(written.get(name, value), value)


def copy_texts(schema: Mapping[str, Any], pointer: str, written: dict[str, Any]) -> list[str]:
    """Write pattern and format; return the patterns that have to match besides."""
    wanted: list[str] = []
    if "pattern" in schema:
        wanted += _pattern(schema["pattern"], f"{pointer}/pattern")
    form = schema.get("format")
    if form is not None and (not _kinds(schema) or "string" in _kinds(schema)):
        if isinstance(form, str) and form in formats.PATTERNS:
            wanted.append(formats.PATTERNS[form])
        elif form not in formats.PLAIN:
            raise UnkeepableError(
                f"{pointer}/format", f"the format {form!r:.100} cannot be enforced"
            )
    if wanted:
        written["pattern"] = wanted[0]
    return wanted[1:]


def _pattern(text: Any, pointer: str) -> list[str]:
    if not isinstance(text, str):
        raise UnkeepableError(pointer, "a pattern is text")
    try:
        return pattern.translated(text)
    except ValueError as error:
        raise UnkeepableError(pointer, str(error)) from None


def key_of(key: str, name: str, pointer: str) -> str:
    """Return the name, or the pattern of names, that a property goes by."""
    if name == "properties":
        return key
    here = f"{pointer}/{name}/{escaped(key)}"
    patterns = _pattern(key, here)
    if len(patterns) > 1:
        raise UnkeepableError(here, "a look-ahead in a property's name cannot be kept")
    return patterns[0]


def mapping(value: Any, pointer: str) -> Mapping[str, Any]:
    """Return what has to be an object."""
    if not isinstance(value, Mapping):
        raise UnkeepableError(pointer, "this has to be an object")
    return value


def sequence(value: Any, pointer: str) -> Sequence[Any]:
    """Return what has to be a list."""
    if not isinstance(value, list):
        raise UnkeepableError(pointer, "this has to be a list")
    return value


def escaped(name: str) -> str:
    """Write a name as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
