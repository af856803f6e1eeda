"""What runs on a machine of the fleet: it owns the engine there, which ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lms_jupyter.engine.token import Token
from lms_jupyter.engine.version import VERSION

MARKER: Final = "listening on http://"
MAX_LINE: Final = 65_536


class EngineOwner:
    """Starts the engine of one machine, again if it has ended, and says where it listens."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._process: subprocess.Popen[str] | None = None
        self._alive = -1
        self._found: dict[str, str] = {}

    def where(self) -> dict[str, str]:
        """Return the engine's address and token, and the version of this package.

        `problem` says instead why there is no engine.
        """
        if self._process is None or self._process.poll() is not None:
            self._found = self._start()
        return self._found | {"version": VERSION}

    def _start(self) -> dict[str, str]:
        self._let_go()
        token = Token.new().reveal()
        token_end, writing = os.pipe()
        os.write(writing, token.encode())
        os.close(writing)
        alive_end, self._alive = os.pipe()
        log = _log_file()
        command = [
            *(sys.executable, "-P", "-m", "lms_jupyter.engine", "--host", self._host),
            *("--token-pipe", str(token_end), "--until-closed", str(alive_end)),
            *(("--log", str(log)) if log else ()),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - our own engine
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=_without_ray(os.environ),
            pass_fds=(token_end, alive_end),
            start_new_session=True,
        )
        os.close(token_end)
        os.close(alive_end)
        line = self._process.stdout.readline(MAX_LINE) if self._process.stdout else ""
        if not line.startswith(MARKER):
            code = self._process.wait()
            self._let_go()
            return {"problem": f"The engine on {self._host} ended at once (exit code {code})."}
        return {"address": line.removeprefix(MARKER).strip(), "token": token}

    def _let_go(self) -> None:
        """Close what connects us with an engine that has ended."""
        if self._alive >= 0:
            os.close(self._alive)
            self._alive = -1
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()


def _without_ray(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what an engine may know: not how to command the whole fleet."""
    return {name: value for name, value in environ.items() if not name.startswith("RAY_")}


def _log_file() -> Path | None:
    """Return where the engine of a fleet logs; `None` where nothing can be written."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    try:
        (state / "lms_jupyter").mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return state / "lms_jupyter" / f"fleet-{os.getpid()}.log"
