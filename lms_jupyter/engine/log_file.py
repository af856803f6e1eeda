"""Where log records go: to the listeners, and to a rotating file without waiting for the disk."""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Final

from lms_jupyter.engine.prediction.logs import HubHandler, LogHub

MAX_BYTES: Final = 2_000_000
OLD_FILES: Final = 3
ENGINE: Final = logging.getLogger("lms_jupyter.engine")
LLAMA: Final = logging.getLogger("lms_jupyter.engine.llama.cpp")
_FORMAT: Final = logging.Formatter("%(asctime)s %(levelname)s %(message)s")


@contextmanager
def logging_to(file: Path | None, hub: LogHub) -> Iterator[None]:
    """Log for as long as the block runs: to `file`, or warnings to stderr if there is none."""
    to_hub = HubHandler(hub)
    target, why = _target(file)
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
    if why is not None:
        ENGINE.warning(
            "%s cannot be written (%s): there is no log but these lines.", file, why.strerror or why
        )
    try:
        yield
    finally:
        for handler in handlers:
            ENGINE.removeHandler(handler)
        ENGINE.setLevel(level)
        ENGINE.propagate = propagate
        listener.stop()
        target.close()


def _target(file: Path | None) -> tuple[logging.Handler, OSError | None]:
    """Open the file; else return stderr for warnings, and what went wrong if something did."""
    why = None
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return _LogFile(file), None
        except OSError as error:
            why = error
    stderr = logging.StreamHandler()
    stderr.setLevel(logging.WARNING)
    return stderr, why


class _LogFile(RotatingFileHandler):
    """A file that is rotated. On a disk that is full, a line on stderr says so once."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            file,
            maxBytes=MAX_BYTES,
            backupCount=OLD_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self._has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Tell what went wrong, without the traceback that logging would print for each line."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._has_failed:
            self._has_failed = True
            sys.stderr.write(f"{self.baseFilename} cannot be written: {error.strerror or error}.\n")

    def close(self) -> None:
        """Close the file; what it has no room for was told of when it was written."""
        with contextlib.suppress(OSError):
            super().close()
