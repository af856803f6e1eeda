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
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

import msgspec
from filelock import FileLock, Timeout
from platformdirs import user_log_path, user_state_path

from lms_jupyter.errors import EngineMissingError, HostError, HostUnreachableError
from lms_jupyter.hosts.rest import Greeting, greet

START_TIMEOUT_S = 30.0
LINGER_S = 60.0
"""How long an engine with no client and no instance goes on."""

APP = "lms-jupyter"
NEEDED = ("xllamacpp", "aiohttp", "psutil")


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What a running engine writes about itself."""

    address: str
    pid: int
    version: str


def announcement_path() -> Path:
    """Return the file in which the user's engine says where it listens."""
    # Home folders may be shared between machines; an address on loopback is not.
    return user_state_path(APP, ensure_exists=True) / f"engine-{socket.gethostname()}.json"


def log_path() -> Path:
    """Return the file that an engine started by us writes its log to."""
    return user_log_path(APP, ensure_exists=True) / "engine.log"


def announced() -> Announcement | None:
    """Return what the last engine announced, whether or not it still runs."""
    try:
        return msgspec.json.decode(announcement_path().read_bytes(), type=Announcement)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


async def running_engine() -> Greeting | None:
    """Return the greeting of the engine that this user already has, if it answers."""
    known = announced()
    if known is None:
        return None
    try:
        greeting = await greet(known.address)
    except HostError:
        return None
    return greeting if greeting.is_engine else None


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
    # Taken in one thread and let go in another.
    place = announcement_path().with_suffix(".lock")
    lock = FileLock(place, timeout=START_TIMEOUT_S, thread_local=False)
    try:
        await asyncio.to_thread(lock.acquire)
    except Timeout as error:
        raise HostUnreachableError(
            f"Another process has been starting the embedded engine for {START_TIMEOUT_S:g} s.",
            hint=f"If there is none, remove {lock.lock_file} and try again.",
        ) from error
    try:
        if (greeting := await running_engine()) is not None:
            return greeting
        address = await asyncio.to_thread(_launch)
        return await greet(address, timeout_s=START_TIMEOUT_S)
    finally:
        lock.release()


def _launch() -> str:
    """Start the process and return the address that its first line names."""
    # In a session of its own: Ctrl-C in the terminal of Jupyter is not meant for it.
    errors_path = log_path().with_suffix(".err")
    with errors_path.open("w") as errors:
        process = subprocess.Popen(
            engine_command("--linger", f"{LINGER_S:g}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    with cast("IO[str]", process.stdout) as stdout:
        _, marker, address = stdout.readline().strip().partition("listening on http://")
    # Somebody must wait for it, or it stays behind as a zombie for as long as this process lives.
    threading.Thread(target=process.wait, name="lms-engine-wait", daemon=True).start()
    if marker:
        return address
    process.kill()
    said = errors_path.read_text(errors="replace").strip().splitlines()
    raise HostUnreachableError(
        f"The embedded engine did not start: {said[-1] if said else 'it said nothing'}.",
        hint=f"More is in {errors_path} and {log_path()}.",
    )


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
