"""Lists of our nouns that show themselves as tables, in text, HTML and Markdown."""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from lms_jupyter.api.columns import fit, terminal_columns
from lms_jupyter.errors import CommandError
from lms_jupyter.printable import printable, printable_line

Row = TypeVar("Row")
NUMBERS = frozenset(
    {
        *("PARAMS", "SIZE", "CONTEXT", "PARALLEL", "LOAD", "MEMORY", "GPU MEMORY"),
        *("REQUESTS", "READ", "WRITTEN", "LOADS", "REFUSED", "EVICTED", "ENERGY"),
        *("USED", "FREE", "TOTAL", "FIRST TOKEN", "TOKENS/S", "TOKENS"),
    }
)
"""Headings of columns that stand to the right, so that digits stand below digits."""
FOLDED = 30
"""Rows that are shown at once: a cell's output is no wall, and what is longer folds."""
MARKS = frozenset("\\`*_[]<>|~$&#!")
"""What Markdown, HTML or a formula could be made of."""


class Table(list[Row], Generic[Row]):
    """A list that draws itself when a notebook shows it."""

    def __init__(
        self, rows: Iterable[Row], describe: Callable[["Table[Row]"], "RichOutput"]
    ) -> None:
        super().__init__(rows)
        self.describe = describe

    def __repr__(self) -> str:
        return self.describe(self).text(terminal_columns())

    def _repr_html_(self) -> str:
        return self.describe(self).html()

    def _repr_markdown_(self) -> str:
        return self.describe(self).markdown()

    def bundle(self) -> dict[str, str]:
        """Return the table in the forms that a front end may choose from."""
        return self.describe(self).bundle()

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame`, one column for each field.

        Raises:
            CommandError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - only who asks for it needs it
        except ImportError as error:
            raise CommandError(
                "There is no pandas in this environment.", hint="Run: %pip install pandas"
            ) from error
        return pd.DataFrame([msgspec.to_builtins(row) for row in self])


class RichOutput:
    """A line that introduces, and tables with headings."""

    def __init__(
        self,
        lead: str,
        tables: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]] = (),
        *,
        after: str = "",
        has_heading: bool = True,
    ) -> None:
        self._lead = printable(lead)
        self._tables = [
            (_shown(heading), [_shown(row) for row in rows]) for heading, rows in tables if rows
        ]
        self._after = printable(after)
        self._has_heading = has_heading

    def text(self, width: int | None = None) -> str:
        """Draw with spaces, in a fixed font; all to the left, as the CLI does.

        Args:
            width: How many characters a line may have; what was left out for it is said below.
        """
        parts, left_out = [self._lead], list[str]()
        for heading, rows in self._tables:
            if self._has_heading:
                lines, without = fit(heading, rows[:FOLDED], width)
                lines += _more(rows, "\n")
            else:
                # A card: its values are what one asked for, whatever room they take.
                lines, without = fit([""] * len(heading), rows, None)
            parts.append(lines)
            left_out += [name for name in without if name not in left_out]
        if self._after:
            parts.append(self._after)
        if left_out:
            parts.append(f"Left out at {width} columns: {', '.join(left_out)}.")
        return "\n\n".join(parts)

    def html(self) -> str:
        """Draw as HTML, with everything that came from outside escaped."""
        tables = "".join(self._html_table(heading, rows) for heading, rows in self._tables)
        after = f"<p>{html.escape(self._after)}</p>" if self._after else ""
        return f"<p>{html.escape(self._lead)}</p>{tables}{after}"

    def markdown(self) -> str:
        """Draw as Markdown, as GitHub reads it."""
        parts = [_escaped(self._lead)]
        for heading, rows in self._tables:
            named = heading if self._has_heading else [""] * len(heading)
            sides = ["---:" if name in NUMBERS else ":---" for name in heading]
            lines = [_markdown_row(named), f"| {' | '.join(sides)} |"]
            shown = rows[:FOLDED] if self._has_heading else rows
            parts.append("\n".join([*lines, *map(_markdown_row, shown)]))
            if self._has_heading and (more := _more(rows, "")):
                parts.append(more)
        return "\n\n".join([*parts, *([_escaped(self._after)] if self._after else [])])

    def bundle(self) -> dict[str, str]:
        """Return all three forms, for a front end to choose from."""
        return {
            "text/plain": self.text(terminal_columns()),
            "text/html": self.html(),
            "text/markdown": self.markdown(),
        }

    def _html_table(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Draw a table; rows beyond the first are behind a line that opens them."""
        shown = rows[:FOLDED] if self._has_heading else rows
        table = self._html_rows(heading, shown)
        if len(shown) == len(rows):
            return table
        rest = self._html_rows(heading, rows[FOLDED:])
        more = f"{len(rows) - FOLDED:,} more"
        return f"{table}<details><summary>{more}</summary>{rest}</details>"

    def _html_rows(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        body = "".join(_html_row(row, heading, "td") for row in rows)
        return f"<table>{self._html_heading(heading)}<tbody>{body}</tbody></table>"

    def _html_heading(self, heading: Sequence[str]) -> str:
        if not self._has_heading:
            return ""
        return f"<thead>{_html_row(heading, heading, 'th')}</thead>"


def count(number: int, noun: str) -> str:
    """Say how many there are.

    >>> count(2, "model")
    '2 models'
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _more(rows: Sequence[object], lead: str) -> str:
    """Say how many rows are not shown, where not all are."""
    left = len(rows) - FOLDED
    return f"{lead}… and {left:,} more rows." if left > 0 else ""


def _shown(cells: Sequence[str]) -> list[str]:
    return [printable_line(cell) for cell in cells]


def _html_row(cells: Sequence[str], heading: Sequence[str], tag: str) -> str:
    """Draw a row; said inline, since JupyterLab puts every cell to the right otherwise."""
    return "".join(
        [
            "<tr>",
            *(
                f'<{tag} align="{side}" style="text-align:{side};white-space:nowrap">'
                f"{html.escape(cell)}</{tag}>"
                for cell, name in zip(cells, heading, strict=True)
                for side in ("right" if name in NUMBERS else "left",)
            ),
            "</tr>",
        ]
    )


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Keep text from being read as Markdown, as HTML or as a formula."""
    marked = "".join(f"\\{letter}" if letter in MARKS else letter for letter in text)
    return " ".join(marked.splitlines())
