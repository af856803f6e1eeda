"""Reads the members of a parameter, with errors that name what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_jupyter.engine.errors import BadRequestError

MOST = 2**53
"""The largest number that every client can count to."""


def an_object(parameter: object) -> Mapping[str, Any]:
    """Return a parameter that has to be an object."""
    if not isinstance(parameter, Mapping):
        raise BadRequestError("This call needs an object as its parameter.")
    return parameter


def text(parameter: Mapping[str, Any], name: str) -> str:
    """Return a member that has to be text."""
    value = parameter.get(name)
    if not isinstance(value, str):
        raise BadRequestError(f"{name!r} has to be text, not {value!r:.100}.")
    return value


def optional_text(parameter: Mapping[str, Any], name: str) -> str | None:
    """Return a member that may be absent or null, but else has to be text."""
    return None if parameter.get(name) is None else text(parameter, name)


def optional_flag(parameter: Mapping[str, Any], name: str) -> bool:
    """Return a member that is true or false; absent or null is false."""
    value = parameter.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequestError(f"{name!r} has to be true or false, not {value!r:.100}.")
    return bool(value)


def optional_number(parameter: Mapping[str, Any], name: str) -> float | None:
    """Return a member that may be absent or null, but else has to be a number from 0 on."""
    value = parameter.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise BadRequestError(f"{name!r} has to be a number from 0 on, not {value!r:.100}.")
    return float(value)
