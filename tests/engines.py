"""A private engine for a test, with the shipped models and folders of its own."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from lms_jupyter.hosts.starting import EngineStart
from tests.suspending import suspend


def start(log: Path, *options: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """Start an engine on a free port; return its process and its address once it is ready."""
    command = [sys.executable, "-X", "faulthandler", "-m", "lms_jupyter.engine", *options]
    return EngineStart(command, log, env={**os.environ, **environment}).run()


def end(process: subprocess.Popen[str]) -> None:
    """End an engine the polite way, and wait for it."""
    assert process.stdout is not None
    process.terminate()
    process.wait(30)
    process.stdout.close()


@contextlib.contextmanager
def engine(home: Path, *options: str) -> Iterator[str]:
    """Run an engine on a free port; yields its address."""
    home.mkdir(parents=True, exist_ok=True)
    process, address = start(home / "engine.log", *options, HOME=str(home))
    try:
        yield address
    finally:
        end(process)


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


@contextlib.contextmanager
def held(address: str) -> Iterator[list[psutil.Process]]:
    """Hold the processes of an engine until the end of the block: no load ends before that."""
    processes = family(address)
    suspend(*processes)
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
