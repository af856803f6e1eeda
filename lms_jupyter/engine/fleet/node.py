"""A machine of the fleet, as whoever finds machines describes it. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lms_jupyter.engine.token import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where one engine of the fleet listens; clients know it as a device."""

    device: str
    """Its identifier: stays the same for as long as the machine belongs to the fleet."""
    name: str
    address: str = ""
    """`host:port`; empty for as long as no engine runs there."""
    token: Token | None = field(default=None, compare=False)
    """A new one comes with a new address."""
    labels: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    """Why it cannot be used, in one sentence; empty if nothing is known to be wrong."""


class Nodes(Protocol):
    """Finds the machines of a fleet."""

    def watch(self) -> AsyncIterator[Sequence[Node]]:
        """Yield all nodes, and again whenever something about them has changed."""
