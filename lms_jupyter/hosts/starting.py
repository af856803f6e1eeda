"""Starts an engine as a process of its own and learns where it listens, in bounded time."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, cast

from lms_jupyter.errors import HostUnreachableError

START_TIMEOUT_S = 30.0
MARKER = "listening on http://"
"""How the line begins with which an engine says that it is ready, and where."""
MAX_LINE = 65_536
LOG_LINES = 20
LAST_WORDS_S = 1.0


class EngineStart:
    """One attempt: `run` blocks until it has succeeded or failed, and leaves nothing if it fails.

    Args:
        command: What to run.
        errors: Where its stderr goes; `None`: where ours goes.
        **popen: More for `subprocess.Popen`.
    """

    def __init__(self, command: Sequence[str], errors: Path | None = None, **popen: Any) -> None:
        self._command = command
        self._errors = errors
        self._popen = {"stdin": subprocess.DEVNULL, **popen}
        self._addresses: SimpleQueue[str | None] = SimpleQueue()

    def run(self, timeout_s: float = START_TIMEOUT_S) -> tuple["subprocess.Popen[str]", str]:
        """Start it; returns the process and its address.

        Raises:
            HostUnreachableError: It ended, did not say in time where it listens, or was given up.
        """
        process = self._start()
        stdout = cast("IO[str]", process.stdout)
        listening = threading.Thread(
            target=self._listen, args=(stdout,), name="lms-engine-start", daemon=True
        )
        listening.start()
        late = ""
        try:
            address = self._addresses.get(timeout=timeout_s)
        except Empty:
            address, late = None, f" within {timeout_s:g} seconds"
        except BaseException:
            _end(process, listening)
            raise
        if address:
            return process, address
        _end(process, listening)
        raise self._failure(late)

    def give_up(self) -> None:
        """Let `run` end now, from another thread."""
        self._addresses.put(None)

    def _start(self) -> "subprocess.Popen[str]":
        with contextlib.ExitStack() as stack:
            stderr = stack.enter_context(self._errors.open("a")) if self._errors else None
            return subprocess.Popen(  # noqa: S603 - what our own callers make
                self._command,
                stdout=subprocess.PIPE,
                stderr=stderr,
                encoding="utf-8",
                errors="replace",
                # Ctrl-C in our terminal is not meant for it.
                start_new_session=True,
                **self._popen,
            )

    def _listen(self, stdout: IO[str]) -> None:
        """Read until the address comes; whatever else a program says before is passed over."""
        with contextlib.suppress(OSError, ValueError):
            while line := stdout.readline(MAX_LINE):
                _, marker, address = line.strip().partition(MARKER)
                if marker:
                    self._addresses.put(address)
                    return
        self._addresses.put(None)

    def _failure(self, late: str) -> HostUnreachableError:
        if self._errors is None:
            return HostUnreachableError(f"The engine did not start{late}.", hint="See above why.")
        lines = self._errors.read_text(errors="replace").strip().splitlines()
        log = "\n".join(lines[-LOG_LINES:])
        last = lines[-1].rstrip(".") if lines else "it said nothing"
        return HostUnreachableError(
            f"The engine did not start{late}: {last}.",
            hint=f"More is in {self._errors}:\n{log}".rstrip(":\n"),
        )


def _end(process: "subprocess.Popen[str]", listening: threading.Thread) -> None:
    """Kill a process and what it has started in its session, and read no more of it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
    listening.join(LAST_WORDS_S)
    if not listening.is_alive():  # else a program in another session holds the pipe still
        cast("IO[str]", process.stdout).close()
