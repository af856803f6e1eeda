"""What clients may listen to: prompts, answers, the engine's log lines and llama.cpp's.

The last of it is kept in memory, and nowhere else, for those who begin to listen later.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.prediction.prediction import Outcome
from lms_jupyter.engine.version import LLAMA_VERSION

MAX_WAITING = 1000
MAX_KEPT: Final = 1000
"""How many entries of each source are kept for those who ask for what was before."""
MAX_KEPT_LETTERS: Final = 2 * 2**20
"""How much text those of a source may have together."""
MAX_KEPT_TEXT: Final = 2**18
"""How much is kept of one text; what is listened to is told whole."""


@dataclass(frozen=True, slots=True)
class Input:
    """A prompt as the model gets it."""

    identifier: str
    """Of the instance."""
    path: str
    """Of its model."""
    text: str

    @classmethod
    def of(cls, instance: Instance, text: str) -> Input:
        """Note what an instance is asked. The instance itself is not kept: it may go."""
        return cls(instance.identifier, instance.model.path, text)


@dataclass(frozen=True, slots=True)
class Output:
    """An answer that is complete, or broken off."""

    identifier: str
    """Of the instance."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class EngineLine:
    """A line of the engine's own log; `level` is `debug`, `info`, `warn` or `error`."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class LlamaLine:
    """A line that llama.cpp wrote."""

    level: str
    text: str
    identifier: str
    pid: int
    version: str = LLAMA_VERSION
    """Of the build."""


Entry: TypeAlias = Input | Output | EngineLine | LlamaLine


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry, and when it was made; in Unix seconds."""

    at: float
    entry: Entry


class Kept:
    """The last entries of one source."""

    def __init__(self) -> None:
        self.entries: deque[Noted] = deque()
        self._letters = 0

    def add(self, noted: Noted) -> None:
        """Keep an entry, and forget the oldest ones for it."""
        self.entries.append(noted)
        self._letters += len(_text(noted.entry))
        while len(self.entries) > MAX_KEPT or self._letters > MAX_KEPT_LETTERS:
            self._letters -= len(_text(self.entries.popleft().entry))


class LogHub:
    """Passes entries to those who listen, and keeps the last of them."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Noted]] = set()
        self._predictions, self._engine, self._llama = Kept(), Kept(), Kept()
        self.on_request: Callable[[Instance, Outcome], None] = lambda _instance, _outcome: None
        """Is told of each request that has ended, besides those who listen."""

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens; making an entry may be dear."""
        return bool(self._listeners)

    def publish(self, entry: Entry) -> None:
        """Tell everyone; a listener that is too slow misses entries."""
        noted = Noted(time.time(), entry)
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(noted)
        self._source(entry).add(replace(noted, entry=_shortened(entry)))

    def end(self, instance: Instance, outcome: Outcome) -> None:
        """Tell everyone that a prediction has ended."""
        self.publish(Output(instance.identifier, outcome))
        self.on_request(instance, outcome)

    @contextmanager
    def listening(self) -> Iterator[tuple[tuple[Noted, ...], asyncio.Queue[Noted]]]:
        """Give what was kept, and collect what comes in a queue for as long as the block runs."""
        queue: asyncio.Queue[Noted] = asyncio.Queue(MAX_WAITING)
        self._listeners.add(queue)
        try:
            rings = (self._predictions, self._engine, self._llama)
            kept = [noted for ring in rings for noted in ring.entries]
            yield tuple(sorted(kept, key=lambda noted: noted.at)), queue
        finally:
            self._listeners.discard(queue)

    def _source(self, entry: Entry) -> Kept:
        """Return where an entry is kept: llama.cpp's many lines push out no prompts."""
        if isinstance(entry, Input | Output):
            return self._predictions
        return self._engine if isinstance(entry, EngineLine) else self._llama


def _text(entry: Entry) -> str:
    return entry.outcome.text if isinstance(entry, Output) else entry.text


def _shortened(entry: Entry) -> Entry:
    """Return what is kept of an entry: a text that is long ends with how much is missing."""
    text = _text(entry)
    missing = len(text) - MAX_KEPT_TEXT
    if missing > 0:
        text = f"{text[:MAX_KEPT_TEXT]}… ({missing} more characters)"
    if isinstance(entry, Output):
        # An outcome goes on being written to by whoever made it.
        return replace(entry, outcome=replace(entry.outcome, text=text))
    return replace(entry, text=text)


class HubHandler(logging.Handler):
    """Passes records of the standard log to the hub."""

    def __init__(self, hub: LogHub) -> None:
        super().__init__()
        self._hub = hub
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on, from whatever thread it comes."""
        name = {"WARNING": "warn", "CRITICAL": "error"}.get(record.levelname)
        entry = EngineLine(name or record.levelname.lower(), self.format(record))
        if not hasattr(record, "from_llama") and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hub.publish, entry)
