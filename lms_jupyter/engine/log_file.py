"""Where log records go: to the listeners, and to a rotating file without waiting for the disk."""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Final

from lms_jupyter.engine.logs import HubHandler, LogHub

MAX_BYTES: Final = 2_000_000
OLD_FILES: Final = 3
ENGINE: Final = logging.getLogger("lms_jupyter.engine")
LLAMA: Final = logging.getLogger("lms_jupyter.engine.llama.cpp")
_FORMAT: Final = logging.Formatter("%(asctime)s %(levelname)s %(message)s")


@contextmanager
def logging_to(file: Path | None, hub: LogHub) -> Iterator[None]:
    """Log for as long as the block runs: to `file`, or warnings to stderr if there is none."""
    to_hub = HubHandler(hub)
    target: logging.Handler
    if file is None:
        target = logging.StreamHandler()
        target.setLevel(logging.WARNING)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        target = RotatingFileHandler(
            file,
            maxBytes=MAX_BYTES,
            backupCount=OLD_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
    target.setFormatter(_FORMAT)
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = QueueListener(records, target, respect_handler_level=True)
    handlers = [to_hub, QueueHandler(records)]
    level, propagate = ENGINE.level, ENGINE.propagate
    ENGINE.setLevel(logging.INFO)
    ENGINE.propagate = False
    for handler in handlers:
        ENGINE.addHandler(handler)
    listener.start()
    try:
        yield
    finally:
        for handler in handlers:
            ENGINE.removeHandler(handler)
        ENGINE.setLevel(level)
        ENGINE.propagate = propagate
        listener.stop()
        target.close()
