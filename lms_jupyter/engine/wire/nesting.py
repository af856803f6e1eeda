"""Reads JSON that strangers wrote: what is nested too deep is told, and never overflows a stack.

Python, llama.cpp's parser and its chat templates all walk JSON by recursion, each to a depth of its
own. One limit, well below all of them, makes every path answer the same.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from lms_jupyter.engine.errors import BadRequestError

MAX_DEPTH: Final = 256


class TooDeepError(BadRequestError):
    """JSON is nested deeper than any request needs."""

    code = "nested_too_deep"

    def __init__(self, what: str = "The request") -> None:
        super().__init__(f"{what} is nested deeper than {MAX_DEPTH} levels.")


def decode(content: bytes | str) -> Any:
    """Read JSON of any type.

    Raises:
        TooDeepError: It is nested too deep.
        ValueError: It is no JSON, or no UTF-8.
    """
    try:
        value = msgspec.json.decode(content)
    except RecursionError:
        raise TooDeepError from None
    if _opens(content) > MAX_DEPTH:
        check_depth(value)
    return value


def check_depth(value: object, what: str = "The request") -> None:
    """Raise `TooDeepError` if lists and objects are nested too deep."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise TooDeepError(what)


def _opens(content: bytes | str) -> int:
    """Count what may open a level: most requests need no closer look."""
    if isinstance(content, str):
        return content.count("[") + content.count("{")
    return content.count(b"[") + content.count(b"{")
