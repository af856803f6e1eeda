"""Tab completion of `%lms` and `%%lms`, from what the manager knows already."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

from lms_jupyter.api.settings import preset_names, profile_names
from lms_jupyter.magics.answer import is_schema
from lms_jupyter.magics.grammar import Argument, Completes, Flag, Verb
from lms_jupyter.magics.parser import BOOK, verb_names
from lms_jupyter.magics.verbs.axes import AXES
from lms_jupyter.magics.verbs.talking import CELL, COMPARE, COMPARING, SWEEP, SWEEPING
from lms_jupyter.manager import Manager
from lms_jupyter.protocol.models import Instance, Model

_MAGIC = re.compile(r"(?P<lead>.*?)(?P<magic>%%?)lms(?P<rest>(?:\s.*)?)$")
_BLANKS = re.compile(r"\s+")

HOST_WORDS = ("list", "start", "stop", "use", "add", "rm", "wake", "auto")
Names = Callable[[], Manager | None]


class Completer:
    """Says how a line may go on. Asks no host: what the manager last saw is enough."""

    def __init__(
        self, manager: Names, folder: Callable[[], Path], names: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._manager = manager
        self._folder = folder
        self._names = names

    def complete(self, line: str) -> tuple[str, list[str]] | None:
        """Return the word that is being written, and what it could become.

        Args:
            line: The text up to the cursor.

        Returns:
            `None` if the line is none of ours.
        """
        match = _MAGIC.fullmatch(line)
        if match is None or (match["magic"] == "%%" and match["lead"].strip()):
            return None
        if not match["rest"]:
            return None
        words = _BLANKS.split(match["rest"].lstrip())
        *before, word = words
        found = self._cell(before, word) if match["magic"] == "%%" else self._line(before, word)
        starts = [name for name in dict.fromkeys(found) if name.startswith(word)]
        others = [name for name in dict.fromkeys(found) if word in name and name not in starts]
        return word, [*starts, *others]

    def _line(self, before: Sequence[str], word: str) -> Iterable[str]:
        if not before:
            return verb_names()
        verb = BOOK.verbs.get(before[0])
        return () if verb is None else self._behind(verb, before[1:], word)

    def _cell(self, before: Sequence[str], word: str) -> Iterable[str]:
        kinds = {COMPARE: COMPARING, SWEEP: SWEEPING}
        if before and before[0] in kinds:
            found = [*self._behind(kinds[before[0]], before[1:], word)]
            axes = [f"{name}=[" for name in AXES] if before[0] == SWEEP else []
            return [*found, *axes]
        first = () if before else tuple(kinds)
        return [*self._behind(CELL, before, word), *first]

    def _behind(self, verb: Verb, before: Sequence[str], word: str) -> Iterable[str]:
        """Say what may stand behind these words."""
        flags = {name: flag for flag in verb.flags for name in flag.names}
        last = flags.get(before[-1]) if before else None
        if last is not None and last.metavar:
            return self._values(last.completes, last.choices)
        name, sign, _ = word.partition("=")
        if sign and name in flags and flags[name].metavar:
            values = self._values(flags[name].completes, flags[name].choices)
            return [f"{name}={value}" for value in values]
        if word.startswith("-"):
            return [*flags, "--help"]
        slot = _slot(verb, before, flags)
        return () if slot is None else self._values(slot.completes, slot.choices)

    def _values(self, completes: Completes, choices: Sequence[str]) -> Iterable[str]:
        if choices:
            return choices
        if completes in ("key", "identifier", "name", "host", "device"):
            return self._host_values(completes)
        values: dict[Completes, Callable[[], Iterable[str]]] = {
            "verb": verb_names,
            "profile": lambda: profile_names(self._folder()),
            "preset": preset_names,
            "path": lambda: self._files("*.toml"),
            "template": lambda: self._files("*.jinja*"),
            "schema": self._schemas,
            "tool": self._tools,
        }
        return values[completes]() if completes in values else ()

    def _files(self, pattern: str) -> Iterable[str]:
        """Name the files beside the notebook that are called like this."""
        return sorted(path.name for path in self._folder().glob(pattern))

    def _host_values(self, completes: Completes) -> Iterable[str]:
        """Name what the manager last saw on the host."""
        manager = self._manager()
        if manager is None:
            return _host_names() if completes == "host" else ()
        identifiers = [instance.identifier for instance in manager.activity.instances]
        keys = [
            name for model in manager.catalog.models for name in (model.model_key, *model.variants)
        ]
        found: dict[Completes, list[str]] = {
            "key": keys,
            "identifier": identifiers,
            "name": [*keys, *identifiers],
            "host": [*_host_names(), manager.activity.host.address],
            "device": _devices((*manager.catalog.models, *manager.activity.instances)),
        }
        return found[completes]

    def _schemas(self) -> Iterable[str]:
        """Name what the notebook has that `--json` takes."""
        return sorted(
            name
            for name, value in self._names().items()
            if is_schema(value) and not name.startswith("_")
        )

    def _tools(self) -> Iterable[str]:
        """Name what the notebook has that `--tools` takes."""
        return sorted(
            name
            for name, value in self._names().items()
            if isinstance(value, FunctionType | partial) and not name.startswith("_")
        )


def _host_names() -> list[str]:
    """Name what may stand where `%lms host` wants a host: its own words, and names of hosts."""
    from lms_jupyter.hosts.host_names import known_hosts  # noqa: PLC0415 - not for each kernel

    return [*HOST_WORDS, *(known.name for known in known_hosts())]


def _devices(things: Iterable[Model | Instance]) -> list[str]:
    """Name the devices of an LM Link; one whose name is no single word by its identifier."""
    found = {
        thing.device_name
        if thing.device_name and not _BLANKS.search(thing.device_name)
        else thing.device
        for thing in things
        if thing.device
    }
    return [*sorted(name for name in found if name), "Local"] if found else []


def _slot(verb: Verb, before: Sequence[str], flags: dict[str, Flag]) -> Argument | None:
    """Find the word without dashes that comes next."""
    taken = 0
    skip = False
    for word in before:
        if skip:
            skip = False
        elif word in flags:
            skip = bool(flags[word].metavar)
        elif not word.startswith("-"):
            taken += 1
    if verb.words and verb.words[-1].many == "any":
        return verb.words[-1]
    return verb.words[taken] if taken < len(verb.words) else None
