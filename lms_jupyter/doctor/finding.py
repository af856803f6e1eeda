"""What was found: one line each, good or with what to do."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from lms_jupyter.protocol.record import Record

State = Literal["good", "look", "bad"]
MARKS: Mapping[State, str] = {"good": "ok", "look": "look", "bad": "BAD"}


class Finding(Record, Struct, frozen=True, kw_only=True):
    """One line of the report."""

    name: str
    state: State = "good"
    """`look`: it works, and could work better."""
    says: str
    advice: str = ""
    """What to do, unless it is good."""


class CheckContext(Struct, frozen=True, kw_only=True):
    """What the checks work with: who asks, and from where."""

    named: str = ""
    """The host that the configuration names, empty for none."""
    environ: Mapping[str, str]


def good(name: str, says: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(name=name, says=says)


def look(name: str, says: str, advice: str) -> Finding:
    """Say what could be better, and how."""
    return Finding(name=name, state="look", says=says, advice=advice)


def bad(name: str, says: str, advice: str) -> Finding:
    """Say what does not work, and what to do."""
    return Finding(name=name, state="bad", says=says, advice=advice)
