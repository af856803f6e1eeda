"""What LM Studio's `lms` has and what stands for it here, as a page; checked against the code."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lms_jupyter.magics.parser import BOOK

FILE = Path(__file__).with_suffix(".toml")
PREFIX = "%lms "


def read() -> tuple[str, Mapping[str, Mapping[str, Any]]]:
    """Return the version of `lms`, and its subcommands with what is written of each."""
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return entries.pop("lms_version"), entries


def problems() -> Iterator[str]:
    """Yield what the table says of us and is not so."""
    _, entries = read()
    for command, entry in entries.items():
        if ("ours" in entry) == ("reason" in entry):
            yield f"{command}: either `ours` or a `reason`"
            continue
        if "reason" in entry:
            continue
        verb = entry["ours"].removeprefix(PREFIX).split()[0]
        if verb not in BOOK.verbs:
            yield f"{command}: there is no {entry['ours']}"
            continue
        known = {name for flag in BOOK.verbs[verb].flags for name in flag.names}
        for flag, ours in entry.get("flags", {}).items():
            if ours == "same" and flag not in known:
                yield f"{command} {flag}: {entry['ours']} has no such flag"
            if ours.startswith("-") and ours not in known:
                yield f"{command} {flag}: {entry['ours']} has no {ours}"
            if ours.startswith(PREFIX) and ours.removeprefix(PREFIX).split()[0] not in BOOK.verbs:
                yield f"{command} {flag}: there is no {ours}"


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield the lines of the page: of `lms`, ours, and what differs."""
    _, entries = read()
    for command, entry in entries.items():
        if "reason" in entry:
            yield f"`lms {command}`", "-", entry["reason"]
            continue
        yield f"`lms {command}`", f"`{entry['ours']}`", entry.get("note", "the same")
        same = [flag for flag, ours in entry.get("flags", {}).items() if ours == "same"]
        if same:
            yield "", " ".join(f"`{flag}`" for flag in same), "the same"
        for flag, ours in entry.get("flags", {}).items():
            if ours.startswith("no: "):
                yield f"`{flag}`", "-", ours.removeprefix("no: ")
            elif ours != "same":
                yield f"`{flag}`", f"`{ours}`", "instead"
