"""What LM Studio leaves in its own folder for its clients: where it listens, and how it starts.

The names and the shapes of the files are those that its command line `lms` reads: 0.3.43,
`findOrStartLocalAPIServer.ts`. A file that is not this user's own says nothing here: what it names
would be trusted with a token, or run.
"""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lms_jupyter.model_folders import studio_home

SERVER_INFO = "http-server.json"
INSTALLATIONS = ("llmster-install-location.json", "app-install-location.json")
"""In the order of preference: the daemon needs no screen."""
AS_SERVICE = "--run-as-service"
"""What the app is told, so that it opens no window."""
MAX_BYTES = 65_536

_BY_OTHERS = stat.S_IWOTH
_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True)
class Installation:
    """A program of LM Studio's that can be started, as it was when it last ran."""

    name: str
    """"llmster" or "LM Studio"."""
    program: Path
    arguments: tuple[str, ...]
    folder: Path
    """In which it is to be started."""


def server_port(file: Path | None = None) -> int | None:
    """Return the port that a running LM Studio has written down, `None` if there is none.

    Args:
        file: Where it is written; in LM Studio's own folder unless it is given.
    """
    fields = _read(file or _internal(SERVER_INFO))
    port, pid = fields.get("port"), fields.get("pid")
    if not isinstance(port, int) or isinstance(port, bool) or port not in _PORTS:
        return None
    if pid is not None and not _runs(pid):
        return None
    return port


def installations() -> list[Installation]:
    """Return what can be started, best first; nothing where LM Studio is not installed."""
    found = (_installation(name) for name in INSTALLATIONS)
    return [installation for installation in found if installation is not None]


def _installation(name: str) -> Installation | None:
    fields = _read(_internal(name))
    program, folder, argv = fields.get("path"), fields.get("cwd"), fields.get("argv", [])
    if not (isinstance(program, str) and isinstance(folder, str) and isinstance(argv, list)):
        return None
    if not (_is_program(Path(program)) and Path(folder).is_dir()):
        return None
    is_daemon = name == INSTALLATIONS[0]
    # A copy that runs from its sources is started as "electron .".
    sources = (".",) if len(argv) > 1 and argv[1] == "." else ()
    return Installation(
        name="llmster" if is_daemon else "LM Studio",
        program=Path(program),
        arguments=sources if is_daemon else (*sources, AS_SERVICE),
        folder=Path(folder),
    )


def _internal(name: str) -> Path | None:
    home = studio_home()
    return None if home is None else home / ".internal" / name


def _read(file: Path | None) -> dict[str, Any]:
    """Return what a file of this user's says; nothing if it is another's, or no such thing."""
    if file is None:
        return {}
    try:
        with file.open("rb") as opened:
            if not _is_ours(os.fstat(opened.fileno())):
                return {}
            fields = json.loads(opened.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _is_program(program: Path) -> bool:
    """Whether a file can be run, and no stranger could have put it there."""
    try:
        found = program.stat()
    except (OSError, ValueError):
        return False
    return program.is_absolute() and _is_ours(found) and os.access(program, os.X_OK)


def _is_ours(found: os.stat_result) -> bool:
    """Whether a regular file is this user's or the system's, and no stranger may write it."""
    if not stat.S_ISREG(found.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid in {os.getuid(), 0} and not found.st_mode & _BY_OTHERS


def _runs(pid: object) -> bool:
    """Whether there is a process of this number that this user may send a signal to."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    if os.name == "nt":
        # There a signal of 0 would end the process.
        return True
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True
