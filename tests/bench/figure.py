"""One measured figure, and how a run of them is printed."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and the limit that it has to keep if there is one."""

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def line(self) -> str:
        """The figure as a row of the table."""
        limit, verdict = "", ""
        if self.at_most is not None:
            limit = f"≤ {self.at_most:g}"
        elif self.at_least is not None:
            limit = f"≥ {self.at_least:g}"
        if limit:
            verdict = "holds" if self.holds else "MISSED"
        return f"{self.what:78} {_short(self.value):>9} {self.unit:9} {limit:8} {verdict}".rstrip()


def show(figures: Iterable[Figure]) -> list[Figure]:
    """Print figures as they come; returns those that miss their limit."""
    missed = []
    for figure in figures:
        print(figure.line, flush=True)
        if not figure.holds:
            missed.append(figure)
    return missed


def load() -> str:
    """Say how busy the machine is: the load of the last minute, and how many cores there are."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the percentile of at least two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
