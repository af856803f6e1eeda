"""Wakes an LM Studio that is installed here and does not run, as its command line `lms` does.

It is started as a process of its own, which outlives the kernel that asked for it: llmster first,
which needs no screen, then the app without its window.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from filelock import Timeout

from lms_jupyter.errors import HostUnreachableError
from lms_jupyter.hosts.rest import Greeting
from lms_jupyter.hosts.state_folder import UserLock
from lms_jupyter.hosts.studio_files import Installation, installations

WakePolicy = Literal["ask", "always", "never"]
"""Whether LM Studio is woken when nothing else answers; `ask`: only when somebody says so."""
WAKE_TIMEOUT_S = 60.0
"""How long `lms` waits for it, too."""
LOOK_EVERY_S = 0.2
LOCK = "wake-lm-studio.lock"

_in_vain = False
"""Whether the last attempt of this process failed: it is not repeated unasked."""

Look = Callable[[], Awaitable[Greeting | None]]
"""Returns the greeting of the LM Studio of this machine, if it answers."""


def may_wake(policy: WakePolicy, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is an LM Studio to wake, and somebody to wake it for: no continuous build."""
    return policy != "never" and not environ.get("CI") and bool(installations())


def waked_in_vain() -> bool:
    """Whether the last attempt failed: a watch that looks for a host must not try for ever."""
    return _in_vain


async def wake(look: Look, timeout_s: float = WAKE_TIMEOUT_S) -> Greeting:
    """Start LM Studio unless it runs or another process starts it; return its greeting.

    Args:
        look: Looks whether it answers.
        timeout_s: How long each program that can be started has.

    Raises:
        HostUnreachableError: It is not installed, did not start, or did not answer in time.
    """
    global _in_vain  # noqa: PLW0603 - this is a fact of the process
    lock = UserLock(LOCK, timeout_s)
    try:
        await asyncio.to_thread(lock.acquire)
    except Timeout as error:
        raise HostUnreachableError(
            f"Another process has been waking LM Studio for {timeout_s:g} s.",
            hint="Open LM Studio by hand, then run the cell again.",
        ) from error
    try:
        if (known := await look()) is not None:
            return known
        failures, _in_vain = [], True
        for installation in installations():
            try:
                greeting = await _start(installation, look, timeout_s)
            except HostUnreachableError as error:
                failures.append(error.title)
            else:
                _in_vain = False
                return greeting
    finally:
        lock.release()
    raise HostUnreachableError(
        " ".join(failures) or "No LM Studio is installed on this machine.",
        hint="Open LM Studio by hand, or use the embedded engine: %lms host start",
    )


async def _start(installation: Installation, look: Look, timeout_s: float) -> Greeting:
    """Start one program and wait until it answers; what does not answer is ended again."""
    what = f"{installation.name} ({installation.program})"
    try:
        process = await asyncio.to_thread(_spawn, installation)
    except OSError as error:
        reason = error.strerror or error
        raise HostUnreachableError(f"{what} could not be started: {reason}.") from error
    answered = False
    try:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if (greeting := await look()) is not None:
                answered = True
                return greeting
            if process.poll() is not None:
                raise HostUnreachableError(
                    f"{what} ended at once, with code {process.returncode}, and did not answer."
                )
            await asyncio.sleep(LOOK_EVERY_S)
        raise HostUnreachableError(f"{what} was started and did not answer within {timeout_s:g} s.")
    finally:
        if not answered and process.poll() is None:
            process.terminate()
        # It outlives us; until we end, somebody has to wait for it, or it stays as a zombie.
        _wait_beside(process)


def _spawn(installation: Installation) -> "subprocess.Popen[bytes]":
    """Start a program that is nobody's child for long."""
    screen = {"DISPLAY": ":0"} if sys.platform == "linux" else {}
    return subprocess.Popen(  # noqa: S603 - this user's own installation
        [str(installation.program), *installation.arguments],
        cwd=installation.folder,
        env=screen | dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_beside(process: "subprocess.Popen[bytes]") -> None:
    threading.Thread(target=process.wait, name="lms-studio-wait", daemon=True).start()
