"""What clients may listen to: prompts, answers, the engine's log lines and llama.cpp's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from lms_jupyter.engine.instance import Instance
from lms_jupyter.engine.prediction import Outcome

MAX_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Input:
    """A prompt as the model gets it."""

    instance: Instance
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """An answer that is complete, or broken off."""

    instance: Instance
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


Entry: TypeAlias = Input | Output | EngineLine | LlamaLine


class LogHub:
    """Passes entries to those who listen; costs nothing when nobody does."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Entry]] = set()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens; making an entry may be dear."""
        return bool(self._listeners)

    def publish(self, entry: Entry) -> None:
        """Tell everyone; a listener that is too slow misses entries."""
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(entry)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Entry]]:
        """Collect entries in a queue for as long as the block runs."""
        queue: asyncio.Queue[Entry] = asyncio.Queue(MAX_WAITING)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)


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
