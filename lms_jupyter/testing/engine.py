"""An embedded engine of one's own, for the length of a block."""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from lms_jupyter.errors import HostUnreachableError

TUTORIAL_MODELS = Path(__file__).parents[1] / "engine" / "models"
START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 20.0
LOG_LINES = 20


@contextlib.contextmanager
def private_engine(folder: Path, *options: str) -> Iterator[str]:
    """Run an engine that nobody else finds, with the tutorial models alone, on a free port.

    Args:
        folder: Where its log and its downloads go.
        *options: More of what `lms-jupyter engine --help` lists.

    Yields:
        Its address, `127.0.0.1:port`.

    Raises:
        EngineMissingError: The extra `engine` is not installed.
        HostUnreachableError: It did not start, or not in time; the sentence says why.
    """
    from lms_jupyter.hosts.embedded import check_installed  # noqa: PLC0415 - brings httpx

    check_installed()
    folder.mkdir(parents=True, exist_ok=True)
    with _kept(_command(folder, *options), folder) as address:
        yield address


@contextlib.contextmanager
def _kept(command: list[str], folder: Path) -> Iterator[str]:
    """Run an engine's command line under a keeper; yields the address that it names."""
    errors = folder / "engine.err"
    with errors.open("w") as stderr:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "lms_jupyter.testing.keeper", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # Ctrl-C is meant for the tests; the engine goes when they have cleaned up.
            start_new_session=True,
            env={**os.environ, "HOME": str(folder), "USERPROFILE": str(folder)},
        )
    stdout = cast("IO[str]", keeper.stdout)
    try:
        yield wait_for_address(stdout, errors)
    finally:
        cast("IO[str]", keeper.stdin).close()
        try:
            keeper.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        stdout.close()


def wait_for_address(stdout: IO[str], errors: Path, timeout_s: float = START_TIMEOUT_S) -> str:
    """Return the address that a starting engine names on its stdout; its stderr goes to `errors`.

    Raises:
        HostUnreachableError: It ended, or said nothing for `timeout_s`; the last line of `errors`
            says why, and the rest is in the hint.
    """
    is_ready, _, _ = select.select([stdout], [], [], timeout_s)
    line = stdout.readline() if is_ready else ""
    _, marker, address = line.strip().partition("listening on http://")
    if marker:
        return address
    said = errors.read_text(errors="replace").strip().splitlines()
    why = said[-1] if said else "it said nothing"
    late = "" if is_ready else f" within {timeout_s:g} seconds"
    log = "\n".join(said[-LOG_LINES:])
    raise HostUnreachableError(
        f"The engine did not start{late}: {why}.", hint=f"More is in {errors}:\n{log}".rstrip(":\n")
    )


def _command(folder: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "lms_jupyter.engine"),
        *("--no-default-models", "--models", str(TUTORIAL_MODELS)),
        *("--downloads", str(folder / "downloads"), "--log", str(folder / "engine.log")),
        *options,
    ]
