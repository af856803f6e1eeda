"""Starts the embedded engine as a process of its own, or adopts one that already runs.

The engine is launched once per user and machine, whoever comes first: it writes where it listens
into a file in the user's state folder, and a lock file keeps two kernels from starting two. It is
nobody's child: it outlives the kernel that started it, and ends by itself when nobody is connected
and nothing is loaded any more.
"""

import asyncio
import contextlib
import importlib.util
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, cast

from filelock import Timeout

from lms_jupyter.errors import EngineMissingError, HostError, HostUnreachableError
from lms_jupyter.hosts.announcements import Announcement, announced, announcement_path
from lms_jupyter.hosts.rest import Greeting, greet
from lms_jupyter.hosts.starting import START_TIMEOUT_S, EngineStart
from lms_jupyter.hosts.state import UserLock, log_folder

LINGER_S = 60.0
"""How long an engine with no client and no instance goes on."""

NEEDED = ("xllamacpp", "aiohttp", "psutil")


def log_path() -> Path:
    """Return the file that an engine started by us writes its log to."""
    return log_folder() / "engine.log"


async def running_engine() -> Greeting | None:
    """Return the greeting of the engine that this user already has, if it answers."""
    return await answering(announced())


async def answering(known: Announcement | None) -> Greeting | None:
    """Return the greeting of the engine that was announced, if it answers and is the one."""
    if known is None:
        return None
    try:
        greeting = await greet(known.address)
    except HostError:
        return None
    # The engine may have died, and somebody else may listen on its port by now.
    is_it = greeting.is_engine and (greeting.is_proven or known.token is None)
    return greeting if is_it else None


def missing() -> tuple[str, ...]:
    """Name the packages that the engine needs and that are not installed."""
    return tuple(name for name in NEEDED if importlib.util.find_spec(name) is None)


def check_installed() -> None:
    """Make sure that the engine can run here.

    Raises:
        EngineMissingError: The extra `engine` is not installed.
    """
    if lacking := missing():
        raise EngineMissingError(
            f"The embedded engine lacks {', '.join(lacking)}.",
            hint="Start LM Studio, or run: pip install 'lms-jupyter[engine]'",
        )


async def start_engine() -> Greeting:
    """Start the engine unless another process was faster, and return its greeting.

    Raises:
        EngineMissingError: The extra `engine` is not installed.
        HostUnreachableError: It did not start; the sentence says why.
    """
    check_installed()
    deadline = time.monotonic() + START_TIMEOUT_S

    def left_s() -> float:
        return max(1.0, deadline - time.monotonic())

    # Taken in one thread and let go in another.
    lock = UserLock(announcement_path().with_suffix(".lock").name, START_TIMEOUT_S)
    try:
        await asyncio.to_thread(lock.acquire)
    except Timeout as error:
        raise HostUnreachableError(
            f"Another process has been starting the embedded engine for {START_TIMEOUT_S:g} s.",
            hint=f"If there is none, remove {error.lock_file} and try again.",
        ) from error
    try:
        if (greeting := await running_engine()) is not None:
            return greeting
        address = await _launch(left_s())
        return await greet(address, timeout_s=left_s())
    finally:
        lock.release()


async def _launch(timeout_s: float) -> str:
    """Start the process and return the address that it names."""
    # It outlives us.
    command = engine_command("--linger", f"{LINGER_S:g}")
    errors = log_path().with_suffix(".err")
    errors.unlink(missing_ok=True)
    start = EngineStart(command, errors)
    starting = asyncio.ensure_future(asyncio.to_thread(start.run, timeout_s))
    try:
        process, address = await asyncio.shield(starting)
    except asyncio.CancelledError:
        start.give_up()
        await asyncio.wait([starting])
        raise
    cast("IO[str]", process.stdout).close()
    # Somebody must wait for it, or it stays behind as a zombie for as long as this process lives.
    threading.Thread(target=process.wait, name="lms-engine-wait", daemon=True).start()
    return address


def engine_command(*options: str) -> list[str]:
    """Return the command line of an engine that announces itself to this user's notebooks."""
    return [
        sys.executable,
        "-m",
        "lms_jupyter.engine",
        "--announce",
        str(announcement_path()),
        "--log",
        str(log_path()),
        *options,
    ]


def stop_engine() -> bool:
    """Ask the user's engine to end; return whether there was one to ask."""
    known = announced()
    if known is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(known.pid, signal.SIGTERM)
        return True
    return False
