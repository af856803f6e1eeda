"""An LM Studio that is installed in a home and sleeps: a program that runs until it is ended."""

import contextlib
import json
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
STARTED = "started.txt"
"""Where each start of a program leaves its process id and its arguments, a line each."""

SERVING = """
    from tests.hosts.studio import Studio
    with Studio() as studio:
        port = int(studio.address.rpartition(":")[2])
        file = internal / "http-server.json"
        file.with_suffix(".part").write_text(json.dumps({"port": port, "pid": os.getpid()}))
        file.with_suffix(".part").rename(file)
        signal.sigwait({signal.SIGTERM})
        file.unlink()
"""
ENDING = "    sys.exit(3)"
HANGING = "    signal.sigwait({signal.SIGTERM})"


def install(home: Path, name: str = "llmster", body: str = SERVING) -> Path:
    """Put a program of LM Studio's into a home, and the file that says where it is.

    Args:
        home: The user's home.
        name: "llmster" or "app", as the file is named.
        body: What the program does, indented by four.
    """
    internal = home / ".lmstudio" / ".internal"
    internal.mkdir(parents=True, exist_ok=True)
    program = internal / name
    head = f"""\
        #!{sys.executable}
        import json, os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})
        internal = Path({str(internal)!r})
        with (internal / {STARTED!r}).open("a") as started:
            print(os.getpid(), Path(__file__).name, *sys.argv[1:], file=started)
        if True:
        """
    program.write_text(textwrap.dedent(head).rstrip() + "\n" + body.strip("\n") + "\n")
    program.chmod(0o755)
    said = {"path": str(program), "argv": [str(program)], "cwd": str(internal)}
    (internal / f"{name}-install-location.json").write_text(json.dumps(said))
    return program


def starts(home: Path) -> Sequence[str]:
    """Return what was started, in order: the program's name and its arguments."""
    return [line.partition(" ")[2] for line in _lines(home)]


def pids(home: Path) -> Sequence[int]:
    """Return the processes that were started."""
    return [int(line.partition(" ")[0]) for line in _lines(home)]


def _lines(home: Path) -> Sequence[str]:
    file = home / ".lmstudio" / ".internal" / STARTED
    return file.read_text().splitlines() if file.exists() else []


def publish(home: Path, said: object) -> Path:
    """Write what a running LM Studio says of itself."""
    internal = home / ".lmstudio" / ".internal"
    internal.mkdir(parents=True, exist_ok=True)
    file = internal / "http-server.json"
    file.write_text(said if isinstance(said, str) else json.dumps(said))
    return file


def wait_for_end(pid: int, timeout_s: float) -> None:
    """Return when a process is gone, or a zombie."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        deadline = time.monotonic() + timeout_s
        while process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"process {pid} does not end"
            time.sleep(0.05)
