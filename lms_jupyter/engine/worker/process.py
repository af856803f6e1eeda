"""A process that is started without stopping the event loop.

`subprocess` returns only when the new program runs, and nothing else runs in this process until
then. On a busy machine that takes as long as a core lets wait for itself, a fifth of a second and
more. Here the loop goes on as soon as the new process is split off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

NOT_EXECUTED = 127


@dataclass(slots=True, eq=False)
class Process:
    """A running program, in a session of its own; whoever starts it has to `kill` and `wait`."""

    pid: int
    stdin: asyncio.WriteTransport
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    _ended: asyncio.Future[int]

    @classmethod
    async def start(
        cls, arguments: list[str], environment: Mapping[str, str], *, limit: int
    ) -> Process:
        """Start a program; `limit` is how long a line of its output may be, in bytes.

        Must run to its end: who may be cancelled has to shield it.
        """
        (in_read, in_write), (out_read, out_write), (err_read, err_write) = (
            os.pipe() for _ in range(3)
        )
        theirs = (in_read, out_write, err_write)
        try:
            pid = _fork(arguments, environment, theirs)
        except OSError:
            for end in (in_write, out_read, err_read):
                os.close(end)
            raise
        finally:
            for end in theirs:
                os.close(end)
        ended = _end_of(pid)
        stdin, _ = await asyncio.get_running_loop().connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(in_write, "wb", 0)
        )
        stdout, stderr = await _reader(out_read, limit), await _reader(err_read, limit)
        return cls(pid, stdin, stdout, stderr, ended)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if not self._ended.done():
            for kill in (os.killpg, os.kill):  # its own children with it, if it has any
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Return its exit code, that of a signal negative, when it has ended."""
        return await asyncio.shield(self._ended)


def _fork(arguments: list[str], environment: Mapping[str, str], ends: tuple[int, int, int]) -> int:
    """Split off a process that executes a program, with these as its standard streams."""
    with warnings.catch_warnings():
        # A fork beside other threads is dangerous only if it does not execute a program at once.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _execute(arguments, environment, ends)
    return pid


def _execute(
    arguments: list[str], environment: Mapping[str, str], ends: tuple[int, int, int]
) -> NoReturn:
    """Become the program. Nothing here may return or raise: this is a copy of the engine."""
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        for standard, end in enumerate(ends):
            os.dup2(end, standard)
            os.set_inheritable(standard, True)
        os.execve(arguments[0], arguments, environment)  # noqa: S606 - our own arguments
    except BaseException as error:  # noqa: BLE001 - see above
        os.write(2, f"E cannot run {arguments[0]}: {error}\n".encode())
    finally:
        os._exit(NOT_EXECUTED)


def _end_of(pid: int) -> asyncio.Future[int]:
    """Return the exit code to come, and let the system forget the process then."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    try:
        handle = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not on Linux, or on a very old one
        return asyncio.ensure_future(asyncio.to_thread(_exit_code, pid))

    def reap() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        ended.set_result(_exit_code(pid))

    loop.add_reader(handle, reap)
    return ended


def _exit_code(pid: int) -> int:
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


async def _reader(end: int, limit: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0)
    )
    return reader
