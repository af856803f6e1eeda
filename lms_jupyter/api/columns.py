"""Rows as columns of plain text, in a fixed font, that fit the width of a terminal."""

import shutil
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]

GAPS = (4, 2)
"""Characters between two columns: as in the CLI, and where room is short."""
EXPENDABLE = ("REFUSED", "EVICTED", "READ", "DEVICE", "PARALLEL", "ARCH", "SIZE", "PARAMS")
"""Columns that are left out where room is short, the first of them first."""
LAST = ("LOADED BY",)
"""Left out only where shortening long names does not make room enough."""
SHORTEST = 12
"""Characters of a cell below which it is not shortened further."""


def terminal_columns() -> int:
    """Return how many characters a line of output may have; 80 where nobody says."""
    return shutil.get_terminal_size().columns


def fit(heading: Sequence[str], rows: Rows, width: int | None) -> tuple[str, list[str]]:
    """Lay rows out as columns, all to the left.

    Args:
        heading: The names of the columns; all empty for a table without a heading.
        rows: The cells.
        width: How many characters a line may have; `None`: as many as it needs.

    Returns:
        The lines, and the names of the columns that were left out for the width.
    """
    table: Rows = [heading, *rows] if any(heading) else list(rows)
    gap = next((gap for gap in GAPS if _fits(table, gap, width)), GAPS[-1])
    left_out: list[str] = []
    for names in _expendable(table):
        for name in names:
            if name in table[0] and not _fits(table, gap, width):
                place = list(table[0]).index(name)
                table = [[*row[:place], *row[place + 1 :]] for row in table]
                left_out.append(name)
        if width is not None:
            table = _shorten(table, gap, width)
    return _lines(table, gap), left_out


def _expendable(table: Rows) -> tuple[Sequence[str], Sequence[str]]:
    """Return what may be left out before long names are shortened, and after."""
    if "DEVICE" in table[0]:
        place = list(table[0]).index("DEVICE")
        if len({row[place] for row in table[1:]}) > 1:
            # Rows of one name may differ in nothing else.
            others = tuple(name for name in EXPENDABLE if name != "DEVICE")
            return others, (*LAST, "DEVICE")
    return EXPENDABLE, LAST


def _shorten(table: Rows, gap: int, width: int) -> Rows:
    """Shorten the longest cells, those of the widest column first, until the lines fit."""
    while not _fits(table, gap, width):
        widths = _widths(table)
        place = max(range(len(widths)), key=widths.__getitem__)
        if widths[place] <= SHORTEST:
            return table
        most = widths[place] - 1
        table = [[*row[:place], shortened(row[place], most), *row[place + 1 :]] for row in table]
    return table


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, with its middle left out.

    >>> shortened("qwen3-4b-instruct-2507@q4_k_m", 15)
    'qwen3-4…@q4_k_m'
    """
    if len(text) <= most:
        return text
    text = text.replace("…", "")
    head, tail = most // 2, (most - 1) // 2
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _fits(table: Rows, gap: int, width: int | None) -> bool:
    return width is None or all(len(line) <= width for line in _lines(table, gap).split("\n"))


def _widths(table: Rows) -> list[int]:
    return [max(len(row[column]) for row in table) for column in range(len(table[0]))]


def _lines(table: Rows, gap: int) -> str:
    widths = _widths(table)
    lines = (
        (" " * gap).join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)
