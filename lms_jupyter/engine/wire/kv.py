"""LM Studio's key-value configurations: layers of `{"key": …, "value": …}`.

`Key` says how one key is read into a field of ours and written back. A key is read strictly, so
that a mistake is told and not ignored; keys that nobody knows are ignored, as LM Studio does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from lms_jupyter.engine.errors import BadRequestError

Read: TypeAlias = Callable[[Any], Any]
"""Turns a wire value into ours, or raises `ValueError` with what it has to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One wire key: the field it stands for, and the two translations."""

    name: str
    field: str
    read: Read
    write: Callable[[Any], Any] = lambda value: value


def collapse(stack: object) -> dict[str, Any]:
    """Return key → value of a configuration stack; later layers and later duplicates win."""
    values: dict[str, Any] = {}
    for layer in _members(stack, "layers"):
        config = layer.get("config") if isinstance(layer, Mapping) else None
        for field in _members(config, "fields"):
            if not isinstance(field, Mapping) or not isinstance(field.get("key"), str):
                raise BadRequestError("A configuration field needs a 'key' and a 'value'.")
            values[field["key"]] = field.get("value")
    return values


def read(values: Mapping[str, Any], keys: Iterable[Key]) -> dict[str, Any]:
    """Return field → value for the known keys.

    Raises:
        BadRequestError: A value is wrong; it says of which key.
    """
    fields: dict[str, Any] = {}
    for key in keys:
        if key.name not in values:
            continue
        try:
            value = key.read(values[key.name])
        except ValueError as error:
            shown = repr(values[key.name])
            raise BadRequestError(
                f"The setting {key.name!r} has to be {error}, not {shown:.200}."
            ) from None
        if value is not None:
            fields[key.field] = value
    return fields


def write(fields: Mapping[str, Any], keys: Iterable[Key]) -> dict[str, Any]:
    """Return the configuration that says these fields; those that are `None` are left out."""
    written = (
        (key.name, key.write(fields[key.field]))
        for key in keys
        if fields.get(key.field) is not None
    )
    return {
        "fields": [{"key": name, "value": value} for name, value in written if value is not None]
    }


def _members(container: object, name: str) -> list[Any]:
    if container is None:
        return []
    members = container.get(name) if isinstance(container, Mapping) else None
    if not isinstance(members, list):
        raise BadRequestError(f"A configuration needs a list of {name!r}.")
    return members


# What a value has to be


def boolean(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one kind of complaint
    return value


def text(value: object) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise ValueError("text")  # noqa: TRY004 - one kind of complaint
    return value


def texts(value: object) -> list[str]:
    """Read a list of strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of texts")
    return value


def integer(minimum: int, maximum: int = 2**31 - 1) -> Read:
    """Read a whole number in a range; 5.0 is one too."""

    def check(value: object) -> int:
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        if number is None or number != number // 1 or not minimum <= number <= maximum:
            raise ValueError(f"a whole number from {minimum} to {maximum}")
        return int(number)

    return check


def number(minimum: float, maximum: float = 1e12) -> Read:
    """Read a number in a range."""

    def check(value: object) -> float:
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        if number is None or not minimum <= number <= maximum:
            raise ValueError(f"a number from {minimum:g} to {maximum:g}")
        return float(number)

    return check


def one_of(*choices: str) -> Read:
    """Read one of some words."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return check


def checkbox(inner: Read) -> Read:
    """Read `{"checked": …, "value": …}`; unchecked is `None`, that is, not said."""

    def check(value: object) -> Any:
        if not isinstance(value, Mapping) or not isinstance(value.get("checked"), bool):
            raise ValueError("a checkbox of 'checked' and 'value'")  # noqa: TRY004 - one kind
        return inner(value.get("value")) if value["checked"] else None

    return check


def checked(value: object) -> dict[str, object]:
    """Write a value as a ticked checkbox."""
    return {"checked": True, "value": value}
