"""An MCP server that is a program: started for one cell, and ended with it."""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

from lms_jupyter.api.mcp.channel import MOST_BYTES, Message, is_answer
from lms_jupyter.api.mcp.servers import McpServer
from lms_jupyter.errors import McpError

END_S: Final = 2.0
"""How long a program may take to end by itself, then once it was told to."""
LAST_LINES: Final = 5
INHERITED: Final = frozenset(
    (
        *("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "USER"),
        *(
            "APPDATA",
            "COMSPEC",
            "LOCALAPPDATA",
            "PATHEXT",
            "PROGRAMFILES",
            "SYSTEMDRIVE",
            "SYSTEMROOT",
        ),
        *("TEMP", "TMP", "USERNAME", "USERPROFILE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    )
)
"""What a program gets of the kernel's environment, which may have keys of others in it."""


class StdioChannel:
    """Talks to a program by its standard input and output, a message a line."""

    def __init__(self, server: McpServer, folder: Path) -> None:
        self._name = server.name
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._printed: deque[str] = deque(maxlen=LAST_LINES)
        self._process = _start(server, folder)
        self._readers = [
            threading.Thread(target=work, args=(stream,), name=f"mcp-{server.name}", daemon=True)
            for work, stream in (
                (self._read, self._process.stdout),
                (self._note, self._process.stderr),
            )
        ]
        for reader in self._readers:
            reader.start()

    def exchange(self, message: Message, *, timeout_s: float | None) -> Iterator[Message]:
        """Send a request, and yield what comes until it is answered."""
        self.send(message)
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            reply = self._next(until)
            if reply is None:
                continue
            yield reply
            if is_answer(reply, message["id"]):
                return

    def send(self, message: Message) -> None:
        """Write one line."""
        stdin = cast("IO[bytes]", self._process.stdin)
        try:
            left = memoryview(json.dumps(message).encode() + b"\n")
            # Beside Python's buffer: what is stuck in one would hold up whoever closes it.
            while left:
                left = left[os.write(stdin.fileno(), left) :]
        except (OSError, ValueError) as error:
            raise self._ended() from error

    def agree(self, version: str) -> None:
        """Know the version: lines are the same in each."""

    def close(self) -> None:
        """End the program and what it has started: first kindly."""
        with contextlib.suppress(OSError, ValueError):
            cast("IO[bytes]", self._process.stdin).close()
        for end in (None, _terminate, _kill):
            if end is not None:
                end(self._process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
                break
        # What it has started may outlive it, and hold its output open.
        _kill(self._process)
        for reader in self._readers:
            reader.join(END_S)

    def _next(self, until: float | None) -> Message | None:
        """Return the next message; nothing where a line is none."""
        try:
            left = None if until is None else max(0.0, until - time.monotonic())
            line = self._lines.get(timeout=left)
        except queue.Empty:
            raise McpError(
                f"The MCP server {self._name!r} has not answered in time.{self._last_words()}",
                hint="Try its command in a terminal: it may be fetching something.",
            ) from None
        if line is None:
            # For whoever asks next.
            self._lines.put(None)
            raise self._ended()
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            # A program that also prints what is no message.
            self._printed.append(line.decode(errors="replace").strip()[:500])
            return None
        return message if isinstance(message, dict) else None

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(MOST_BYTES):
                if len(line) == MOST_BYTES:
                    break
                self._lines.put(line)
        self._lines.put(None)

    def _note(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(MOST_BYTES):
                self._printed.append(line.decode(errors="replace").strip()[:500])

    def _ended(self) -> McpError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._readers[1].join(END_S)
        code = self._process.returncode
        how = "sends what is no message" if code is None else f"has ended (exit code {code})"
        return McpError(
            f"The MCP server {self._name!r} {how}.{self._last_words()}",
            hint="Try its command in a terminal.",
        )

    def _last_words(self) -> str:
        words = " / ".join(line for line in self._printed if line)
        return f" It said: {words}" if words else ""


def _start(server: McpServer, folder: Path) -> subprocess.Popen[bytes]:
    environ = {key: value for key, value in os.environ.items() if key in INHERITED}
    environ.update(server.env)
    # The path that the file sets is where its program is looked for.
    command = shutil.which(server.command, path=environ.get("PATH"))
    if command is None:
        raise McpError(
            f"The MCP server {server.name!r} cannot be started: there is no program "
            f"{server.command!r}.",
            hint="Install it, or write its full path into the file.",
        )
    # Ctrl+C in a terminal is for the cell, which then ends the program.
    apart: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    try:
        return subprocess.Popen(  # noqa: S603 - whoever runs the cell names the file that says it
            [command, *server.args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder / server.cwd,
            env=environ,
            **apart,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise McpError(f"The MCP server {server.name!r} cannot be started: {reason}.") from error


def _terminate(process: subprocess.Popen[bytes]) -> None:
    _signal(process, "SIGTERM")


def _kill(process: subprocess.Popen[bytes]) -> None:
    _signal(process, "SIGKILL")


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    """Send a signal to the program and to what it has started."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, getattr(signal, name))
