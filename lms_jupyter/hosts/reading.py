"""Where everything that a host says is read: what cannot be read is one kind of error.

A host may be older, newer or broken. Whatever its answer does to the code that reads it, the
caller sees `HostReplyError` with what was read and what is wrong with it.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import msgspec
from msgspec import Struct

from lms_jupyter.errors import HostReplyError, LmsError

Asked = ParamSpec("Asked")
Read = TypeVar("Read")
Noun = TypeVar("Noun", bound=Struct)

LARGEST = 2**53
"""No number of a host is larger; JavaScript, which shows them too, counts exactly to here."""
LAST_MOMENT_S = 253_402_300_799.0
"""The end of the year 9999: no clock shows more."""
LONGEST = 300
"""Characters of a host's own words in a sentence of ours."""


def reads(what: str) -> Callable[[Callable[Asked, Read]], Callable[Asked, Read]]:
    """Make a function one that reads: it returns, or raises one of our errors.

    Args:
        what: What is read, for the sentence.
    """

    def reading(read: Callable[Asked, Read]) -> Callable[Asked, Read]:
        @functools.wraps(read)
        def guarded(*args: Asked.args, **kwargs: Asked.kwargs) -> Read:
            try:
                return read(*args, **kwargs)
            except LmsError:
                raise
            except Exception as error:
                raise unreadable(what, error) from error

        return guarded

    return reading


def unreadable(what: str, reason: Exception | str) -> HostReplyError:
    """Return the error for what cannot be read."""
    if isinstance(reason, KeyError):
        reason = f"{reason} is missing"
    detail = one_line(str(reason)).rstrip(".") or type(reason).__name__
    return HostReplyError(
        f"The host describes {what} in a way that we cannot read: {detail}.",
        hint="It may be much older or newer than what this version was tested with.",
    )


def noun(fields: Mapping[str, Any], kind: type[Noun]) -> Noun:
    """Make a noun of fields, and see to it that nothing in it is out of all bounds.

    Raises:
        msgspec.ValidationError: A field is missing or of another type.
        ValueError: A number or a text is none that could be shown.
    """
    made = msgspec.convert(fields, kind, strict=False)
    for name in made.__struct_fields__:
        _check(name, getattr(made, name))
    return made


def table(raw: Any) -> Mapping[str, Any]:
    """Return what is to be an object of JSON.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(raw, Mapping):
        raise TypeError(f"an object was expected, not {_shown(raw)}")
    return raw


def rows(raw: Any) -> list[Any]:
    """Return what is to be a list of JSON.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(raw, list):
        raise TypeError(f"a list was expected, not {_shown(raw)}")
    return raw


def text(raw: Any) -> str:
    """Return what is to be a text that can be shown.

    Raises:
        TypeError: It is something else.
        ValueError: It holds what no encoding can write.
    """
    if not isinstance(raw, str):
        raise TypeError(f"a text was expected, not {_shown(raw)}")
    _check("it", raw)
    return raw


def number(raw: Any) -> float:
    """Return what is to be a number.

    Raises:
        TypeError: It is something else.
        ValueError: It is out of all bounds.
    """
    if isinstance(raw, bool):
        raise TypeError(f"a number was expected, not {_shown(raw)}")
    found = msgspec.convert(raw, float, strict=False)
    _check("it", found)
    return found


def moment(raw_ms: Any) -> float:
    """Return a time in milliseconds as Unix seconds.

    Raises:
        TypeError: It is no number.
        ValueError: No clock shows it.
    """
    seconds = number(raw_ms) / 1000
    if seconds > LAST_MOMENT_S:
        raise ValueError(f"{_shown(raw_ms)} is no time")
    return seconds


def one_line(raw: str) -> str:
    """Return a host's text as a part of a sentence: shortened, no line ends or control codes."""
    words = " ".join(raw.split())
    shown = "".join(sign for sign in words if sign.isprintable())
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST].rstrip()}…"


def _check(name: str, value: Any) -> None:
    """Refuse what could be neither shown nor sent on."""
    match value:
        case bool() | None:
            return
        case int() | float():
            if not (math.isfinite(value) and 0 <= value <= LARGEST):
                raise ValueError(f"{name} is {_shown(value)}")
        case str():
            if not value.isascii():
                value.encode()
        case tuple():
            for item in value:
                _check(name, item)
        case _:
            return


def _shown(value: Any) -> str:
    return one_line(ascii(value))[:60]
