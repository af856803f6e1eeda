"""Lets our nouns show themselves in a notebook, where somebody knows how to draw them.

The nouns know nothing of tables; whoever does says so here:

    DRAWERS[Instance] = draw_instance
"""

from collections.abc import Callable
from typing import Any, Protocol


class Card(Protocol):
    """A thing in the three forms that a front end may choose from."""

    def text(self) -> str:
        """Draw in a fixed font."""
        ...

    def html(self) -> str:
        """Draw as HTML."""
        ...

    def markdown(self) -> str:
        """Draw as Markdown."""
        ...


DRAWERS: dict[type, Callable[[Any], Card]] = {}
"""How things of a kind are drawn; filled by the layer that draws."""


class Displayable:
    """A noun that draws itself when it is the value of a cell; alone, not within other values."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        card = self._card()
        return None if card is None else card.html()

    def _repr_markdown_(self) -> str | None:
        card = self._card()
        return None if card is None else card.markdown()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001, ARG002 - IPython's protocol
        card = self._card() if len(printer.stack) <= 1 else None
        printer.text(repr(self) if card is None else card.text())

    def _card(self) -> Card | None:
        for kind in type(self).__mro__:
            if kind in DRAWERS:
                return DRAWERS[kind](self)
        return None
