"""Lists of our nouns that show themselves as tables, in text, HTML and Markdown."""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from lms_jupyter.errors import CommandError

Row = TypeVar("Row")
GAP = "    "
"""Between two columns, as in the CLI."""


class Table(list[Row], Generic[Row]):
    """A list that draws itself when a notebook shows it."""

    def __init__(self, rows: Iterable[Row], describe: Callable[["Table[Row]"], "Drawing"]) -> None:
        super().__init__(rows)
        self.describe = describe

    def __repr__(self) -> str:
        return self.describe(self).text()

    def _repr_html_(self) -> str:
        return self.describe(self).html()

    def _repr_markdown_(self) -> str:
        return self.describe(self).markdown()

    def bundle(self) -> dict[str, str]:
        """Return the table in the forms that a front end may choose from."""
        drawing = self.describe(self)
        return {
            "text/plain": drawing.text(),
            "text/html": drawing.html(),
            "text/markdown": drawing.markdown(),
        }

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


class Drawing:
    """A line that introduces, and tables with headings."""

    def __init__(
        self,
        lead: str,
        tables: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]] = (),
        *,
        after: str = "",
    ) -> None:
        self._lead = lead
        self._tables = [table for table in tables if table[1]]
        self._after = after

    def text(self) -> str:
        """Draw with spaces, in a fixed font."""
        after = [self._after] if self._after else []
        return "\n\n".join([self._lead, *(_columns(*table) for table in self._tables), *after])

    def html(self) -> str:
        """Draw as HTML, with everything that came from outside escaped."""
        tables = "".join(
            f"<table><thead>{_html_row(heading, 'th')}</thead>"
            f"<tbody>{''.join(_html_row(row, 'td') for row in rows)}</tbody></table>"
            for heading, rows in self._tables
        )
        after = f"<p>{html.escape(self._after)}</p>" if self._after else ""
        return f"<p>{html.escape(self._lead)}</p>{tables}{after}"

    def markdown(self) -> str:
        """Draw as Markdown, as GitHub reads it."""
        parts = [_escaped(self._lead)]
        for heading, rows in self._tables:
            lines = [_markdown_row(heading), _markdown_row(["---"] * len(heading))]
            parts.append("\n".join([*lines, *map(_markdown_row, rows)]))
        return "\n\n".join([*parts, *([_escaped(self._after)] if self._after else [])])


def count(number: int, noun: str) -> str:
    """Say how many there are.

    >>> count(2, "model")
    '2 models'
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _columns(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    table = [heading, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heading))]
    lines = (
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)


def _html_row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Keep text from being read as Markdown or HTML."""
    for character in ("\\", "|", "*", "_", "`", "[", "<"):
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")
