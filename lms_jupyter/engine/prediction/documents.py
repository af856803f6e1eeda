"""Text documents cut into passages, for a search by meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_SEPARATORS: Final = ("\n\n", "\n", ". ", " ")
"""Where a text is cut best: between paragraphs, lines, sentences, words."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document and the lines that it stands on, counted from 1."""

    text: str
    first_line: int
    last_line: int


def passages(text: str, size: int, overlap: int) -> list[Passage]:
    """Cut a text into passages of at most `size` characters.

    Each begins with up to `overlap` characters of the one before, from a place where a piece
    begins, so that what stands on a cut is found, too.
    """
    pieces = tuple(_pieces(text, 0, len(text), size))
    cut: list[Passage] = []
    begin = end = covered = 0
    while end < len(pieces):
        end = begin + 1
        while end < len(pieces) and pieces[end][1] - pieces[begin][0] <= size:
            end += 1
        start, stop = pieces[begin][0], pieces[end - 1][1]
        content = text[start:stop].strip()
        if text[covered:stop].strip():
            lead = start + len(text[start:stop]) - len(text[start:stop].lstrip())
            first = text.count("\n", 0, lead) + 1
            cut.append(Passage(content, first, first + content.count("\n")))
            covered = stop
        begin = _back(pieces, begin, end, size, overlap)
    return cut


def _back(pieces: Sequence[tuple[int, int]], begin: int, end: int, size: int, overlap: int) -> int:
    """Return with which piece the next passage begins, so that the piece `end` fits in, too."""
    earliest = pieces[end - 1][1] - overlap
    if end < len(pieces):
        earliest = max(earliest, pieces[end][1] - size)
    place = end
    while place - 1 > begin and pieces[place - 1][0] >= earliest:
        place -= 1
    return place


def _pieces(
    text: str, start: int, stop: int, size: int, level: int = 0
) -> Iterator[tuple[int, int]]:
    """Yield neighbouring pieces of at most `size` characters, cut as roughly as possible."""
    if stop - start <= size:
        yield start, stop
    elif level == len(_SEPARATORS):
        yield from ((place, min(place + size, stop)) for place in range(start, stop, size))
    else:
        separator = _SEPARATORS[level]
        while start < stop:
            found = text.find(separator, start, stop)
            end = stop if found < 0 else found + len(separator)
            yield from _pieces(text, start, end, size, level + 1)
            start = end


def similarity(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the cosine of two vectors of length 1, as llama.cpp gives them."""
    return sum(a * b for a, b in zip(left, right, strict=True))
