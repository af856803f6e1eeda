"""A private engine for a test, with the shipped models and folders of its own."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil


@contextlib.contextmanager
def engine(home: Path, *options: str) -> Iterator[str]:
    """Run an engine on a free port; yields its address."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "engine.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lms_jupyter.engine", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "HOME": str(home)},
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), (home / "engine.log").read_text()
        yield line.strip().removeprefix("listening on http://")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def owner(address: str) -> psutil.Process:
    """Return the engine's own process."""
    port = int(address.rpartition(":")[2])
    (pid,) = {
        c.pid
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid
    }
    return psutil.Process(pid)


def family(address: str) -> list[psutil.Process]:
    """Return the processes that the engine has started, those in waiting included."""
    return owner(address).children()
