"""Regular expressions of JSON Schema, written so that llguidance matches no more than they do.

JSON Schema means ECMA-262's dialect, where the classes of digits, words and spaces are plain ASCII,
and many validators use another one. What is written here is inside all of them. Pure.
"""

from __future__ import annotations

import re
from typing import Final

_IN_CLASS: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": r" \t\n\r\f\v"}
_SAME: Final = frozenset("tnrfvDWSpPx")
_DOT: Final = r"[^\n\r\u{2028}\u{2029}]"
_LOOK_AHEAD: Final = re.compile(r"\(\?[=!]")
_ONLY_THESE: Final = re.compile(r"\^?\[([^\]\\^][^\]\\]*)\]\*\$")
_NONE_OF_THESE: Final = re.compile(r"\.\*\[([^\]\\^][^\]\\]*)\]")
_SURROGATES: Final = range(0xD800, 0xE000)
_TIMES: Final = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}", re.ASCII)
_NOT_REPEATED: Final = ("", "^", "$", "|", "(")


def translated(pattern: str) -> list[str]:
    """Return patterns that have to match all at once; `ValueError` says what cannot be kept."""
    if not _LOOK_AHEAD.search(pattern):
        return [_Scanner(pattern).whole()]
    rest, conditions = pattern, []
    if not rest.startswith("^"):
        raise ValueError("a look-ahead that is not at the beginning cannot be kept")
    rest = rest[1:]
    while found := _LOOK_AHEAD.match(rest):
        end = _closing(rest, 0)
        conditions.append(_condition(rest[found.end() : end], wanted=found[0] == "(?="))
        rest = rest[end + 1 :]
    if "|" in _outside_groups(rest):
        raise ValueError("a look-ahead beside alternatives cannot be kept")
    return [_Scanner("^" + rest).whole(), *conditions]


def _condition(inner: str, *, wanted: bool) -> str:
    """Return the pattern that says the same as a look-ahead at the very beginning."""
    if wanted:
        return _Scanner(f"^(?:{inner})").whole()
    if found := _ONLY_THESE.fullmatch(inner):
        return _Scanner(f"[^{found[1]}]").whole()
    if found := _NONE_OF_THESE.fullmatch(inner):
        return _Scanner(f"^[^{found[1]}]*$").whole()
    raise ValueError(f"the look-ahead (?!{inner}) cannot be kept")


class _Scanner:
    """Goes over a pattern once."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def whole(self) -> str:
        """Return the whole pattern."""
        written, repeatable = "", ""
        while self._at < len(self._text):
            if times := _TIMES.match(self._text, self._at):
                written += self._repetition(times[0], repeatable)
                repeatable = ""
                continue
            letter = repeatable = self._next()
            if letter == "\\":
                written += self._escape(is_class=False)
            elif letter == "[":
                written += self._class()
            elif letter == ".":
                written += _DOT
            elif letter == "(" and self._text.startswith("?", self._at):
                written += self._group()
            elif letter == "{":
                raise ValueError("a '{' that repeats nothing means different things")
            else:
                written += letter
        return written

    def _repetition(self, times: str, repeated: str) -> str:
        """Return how often something is repeated; a '?' behind it makes it lazy."""
        if repeated in _NOT_REPEATED:
            raise ValueError(f"there is nothing that {times!r} could repeat")
        self._at += len(times)
        if self._text.startswith("?", self._at):
            self._at += 1
            return f"{times}?"
        return times

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise ValueError("the pattern is not complete")
        self._at += 1
        return self._text[self._at - 1]

    def _group(self) -> str:
        if found := re.compile(r"\?:|\?P?<[A-Za-z_]\w*>", re.ASCII).match(self._text, self._at):
            self._at = found.end()
            return "(?:"
        raise ValueError(f"the group ({self._text[self._at : self._at + 3]}…) cannot be kept")

    def _class(self) -> str:
        negated = self._text.startswith("^", self._at)
        self._at += negated
        written = "[^" if negated else "["
        if self._text.startswith("]", self._at):
            raise ValueError("an empty class of letters cannot be kept")
        while (letter := self._next()) != "]":
            if letter == "\\":
                written += self._escape(is_class=True, negated=negated)
            elif letter == "-" and self._text.startswith("-", self._at):
                raise ValueError("'--' in a class of letters means different things")
            else:
                # Alone they mean themselves; in pairs, or nested, they mean more to llguidance.
                written += f"\\{letter}" if letter in "[&~" else letter
        return written + "]"

    def _escape(self, *, is_class: bool, negated: bool = False) -> str:
        letter = self._next()
        if letter in _IN_CLASS:
            if negated:
                return f"\\{letter}"
            return _IN_CLASS[letter] if is_class else f"[{_IN_CLASS[letter]}]"
        if letter == "u":
            return self._code_point()
        if letter == "0" and not self._text[self._at : self._at + 1].isdigit():
            return r"\x00"
        if letter in _SAME:
            return f"\\{letter}"
        if letter.isalnum():
            raise ValueError(f"'\\{letter}' cannot be kept")
        return re.escape(letter)

    def _code_point(self) -> str:
        found = re.compile(r"\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4})").match(self._text, self._at)
        if found is None or int(found[1] or found[2], 16) in _SURROGATES:
            raise ValueError("'\\u' has to be followed by the number of a character")
        self._at = found.end()
        return f"\\u{{{found[1] or found[2]}}}"


def _closing(text: str, start: int) -> int:
    """Return where the group that begins at `start` ends."""
    depth = 0
    for at, letter in _structure(text, start):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return at
    raise ValueError("the pattern is not complete")


def _outside_groups(text: str) -> str:
    depth, outside = 0, ""
    for _, letter in _structure(text, 0):
        depth += (letter == "(") - (letter == ")")
        outside += letter if not depth else ""
    return outside


def _structure(text: str, start: int) -> list[tuple[int, str]]:
    """Return the letters that are neither escaped nor in a class, with their places."""
    found, at, in_class = [], start, False
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 2
            continue
        if in_class:
            in_class = letter != "]"
        elif letter == "[":
            in_class = True
        else:
            found.append((at, letter))
        at += 1
    return found
