"""Text from disks and files that may hold anything, made fit to be sent and shown.

File names on Linux are bytes: Python keeps those that are no UTF-8 as lone surrogates, which no
JSON can carry. Line breaks, control characters and marks that turn the direction of writing can be
carried, but make one name look like another, or like two.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Of the format characters these belong to words of some languages, and to emoji."""


def safe(text: str, limit: int | None = None) -> str:
    r"""Write what cannot be shown as `\x0a`, `\u202e` or, for a byte that is no UTF-8, `\xff`.

    What is longer than `limit` is cut off, and says so by an ellipsis.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, text))


def _letter(letter: str) -> str:
    if unicodedata.category(letter) not in _UNSAFE or letter in _JOINERS:
        return letter
    number = ord(letter)
    if 0xDC80 <= number <= 0xDCFF:  # noqa: PLR2004 - a byte, as Python keeps it
        return f"\\x{number - 0xDC00:02x}"
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004


def sendable(value: Any) -> Any:
    """Return what is sent without the lone surrogates in its texts, which no JSON can carry."""
    if isinstance(value, str):
        return (
            safe(value)
            if any(unicodedata.category(character) == "Cs" for character in value)
            else value
        )
    if isinstance(value, dict):
        return {sendable(key): sendable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(inner) for inner in value]
    return value
