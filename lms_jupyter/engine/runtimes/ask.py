"""Asks a program something and takes its answer, but neither for ever nor without end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import signal
from collections.abc import Sequence

ANSWER_S = 15.0
"""A driver that has not been used since the machine started may take seconds."""
LAST_WORDS_S = 2.0
MAX_BYTES = 2**20

_LIBRARY = re.compile(r"(?:loading shared libraries: |Library not loaded: )(?P<name>[^\s:]+)")
_REASONS = {
    errno.ENOENT: "it does not exist, or not what it is to be run by",
    errno.EACCES: "it may not be executed",
    errno.ENOEXEC: "it is no program for this system",
}


class NoAnswerError(Exception):
    """The program gave none; the text says why, as the end of a sentence."""


class EndlessError(NoAnswerError):
    """It would take for ever; whoever asks again waits as long."""


async def ask(command: Sequence[str], *, patience_s: float = ANSWER_S) -> tuple[str, str]:
    """Run a command and return what it wrote, on stdout and on stderr.

    Raises:
        NoAnswerError: It cannot be run, or takes too long, says too much, or fails.
    """
    starting = asyncio.ensure_future(_start(command))
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):
            await _end(await starting, [])
        raise
    except OSError as error:
        known = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise NoAnswerError(known) from None
    except ValueError as error:
        raise NoAnswerError(str(error)) from None
    streams = [stream for stream in (process.stdout, process.stderr) if stream is not None]
    readers = [asyncio.create_task(_all(stream)) for stream in streams]
    try:
        async with asyncio.timeout(patience_s):
            out, err = await asyncio.gather(*readers)
            code = await process.wait()
    except TimeoutError:
        raise EndlessError(f"it has not answered for {patience_s:g} seconds") from None
    finally:
        await asyncio.shield(_end(process, readers))
    if code:
        raise NoAnswerError(_why(code, out + err))
    return out, err


async def _start(command: Sequence[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        # Some builds read their input without end: nothing comes, and it stays open.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _end(
    process: asyncio.subprocess.Process,
    readers: Sequence[asyncio.Task[str]],
) -> None:
    """Kill the process with all that it has started, and take what it has still written."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):  # somebody else may hold the other ends
        async with asyncio.timeout(LAST_WORDS_S):
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(2**16):
                    pass
            await process.wait()


async def _all(stream: asyncio.StreamReader) -> str:
    """Read to the end.

    Raises:
        NoAnswerError: There is too much of it.
    """
    pieces = bytearray()
    while piece := await stream.read(2**16):
        pieces += piece
        if len(pieces) > MAX_BYTES:
            raise EndlessError("it writes without end")
    return pieces.decode(errors="replace")


def _why(code: int, output: str) -> str:
    library = _LIBRARY.search(output)
    if library:
        return f"it lacks the library {library['name']}"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with code {code}"
