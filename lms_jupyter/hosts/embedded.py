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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

from filelock import Timeout

from lms_jupyter.errors import EngineMissingError, HostError, HostUnreachableError
from lms_jupyter.hosts.announcements import Announcement, announced, announcement_path, is_dead
from lms_jupyter.hosts.diary_file import diary_options, measured_options
from lms_jupyter.hosts.rest import Greeting, greet
from lms_jupyter.hosts.starting import START_TIMEOUT_S, EngineStart
from lms_jupyter.hosts.state_folder import UserLock, log_folder
from lms_jupyter.rule_file import rules_path

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
        "-P",
        "-m",
        "lms_jupyter.engine",
        "--announce",
        str(announcement_path()),
        "--log",
        str(log_path()),
        *diary_options(),
        *measured_options(),
        "--rules",
        str(rules_path()),
        *options,
    ]


async def stop_engine() -> bool:
    """Ask the user's engine to end; return whether there was one to ask.

    Raises:
        HostUnreachableError: What was announced does not prove to be the engine, so it is not
            ended: its number may be another program's by now.
    """
    known = announced()
    if known is None or is_dead(known):
        return False
    # Held before it is asked who it is: the number cannot become another's after that.
    with _held(known.pid) as end:
        if await answering(known) is None or not _may_be_an_engine(known.pid):
            raise HostUnreachableError(
                f"Process {known.pid} was announced as the engine at {known.address} and does not "
                "prove to be it, so nothing was ended.",
                hint="If it is your engine and hangs, end that process yourself.",
            )
        try:
            end()
        except ProcessLookupError:
            return False
    return True


@contextlib.contextmanager
def _held(pid: int) -> Iterator[Callable[[], None]]:
    """Keep hold of a process; yields what asks it to end, and never another one."""
    if not hasattr(os, "pidfd_open"):
        yield partial(os.kill, pid, signal.SIGTERM)
        return
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # it has just ended, or an old or a guarded Linux
        yield partial(os.kill, pid, signal.SIGTERM)
        return
    try:
        yield partial(signal.pidfd_send_signal, handle, signal.SIGTERM)
    finally:
        os.close(handle)


def _may_be_an_engine(pid: int) -> bool:
    """Whether a process runs the engine, as far as the system tells.

    An engine in another container may prove who it is, and its number is somebody else's here.
    """
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc/self/cmdline").exists()
    return b"lms_jupyter.engine" in command.split(b"\0")
