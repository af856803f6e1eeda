"""Why instances went: told to those who still hold on to one that is gone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from lms_jupyter.engine.instances.lifecycle import Moment

FORGOTTEN: Final = "forgotten"
KEPT = 1000
FEW = 20

Reason: TypeAlias = Literal["unloaded", "forgotten", "reloading", "abandoned", "evicted"]
"""What a client may say of its own unloading: somebody wants the instance gone, or also
what is kept of the prompts that its model has read, it comes back at
once with other settings, nobody held it any more, or it has to leave for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """The end of one instance."""

    why: str
    """One of `Reason`, or what the engine did by itself: "expired", "evicted", "crashed", …"""
    by: str
    """The client that asked for it, as far as it is known."""
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveWay:
    """An instance that has left for another program."""

    identifier: str
    reference: str
    main_bytes: int
    gpu_bytes: int
    to: str
    """The program that holds most of what was short; empty if it cannot be told."""
    pid: int | None
    at: Moment


class Departures:
    """The last instances that went, by their references."""

    def __init__(self) -> None:
        self._known: dict[str, Departure] = {}
        self.given: deque[GaveWay] = deque(maxlen=FEW)
        """The last that have left for other programs, oldest first."""

    def note(self, reference: str, departure: Departure) -> None:
        """Keep why an instance went."""
        self._known[reference] = departure
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def of(self, reference: str) -> Departure | None:
        """Return why an instance went, `None` if it is there, unknown or long forgotten."""
        return self._known.get(reference)
