"""An embedded engine of one's own, for the length of a block."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from lms_jupyter.model_folders import SHIPPED_MODELS

END_TIMEOUT_S = 20.0


@contextlib.contextmanager
def private_engine(folder: Path, *options: str) -> Iterator[str]:
    """Run an engine that nobody else finds, with the tutorial models alone, on a free port.

    It wants an API token. Clients of the SDK in this process carry it, and so do kernels that it
    starts and that get the address in `LMS_JUPYTER_HOST`; `token_of(address)` is for other clients.

    Args:
        folder: Where its log and its downloads go.
        *options: More of what `lms-jupyter engine --help` lists.

    Yields:
        Its address, `127.0.0.1:port`.

    Raises:
        EngineMissingError: The extra `engine` is not installed.
        HostUnreachableError: It did not start, or not in time; the sentence says why.
    """
    from lms_jupyter.hosts.credentials import equip_clients  # noqa: PLC0415 - brings the SDK
    from lms_jupyter.hosts.embedded import check_installed  # noqa: PLC0415 - brings httpx

    check_installed()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        _kept(_command(folder, *options), folder) as address,
        _known(_announcement(folder)),
    ):
        equip_clients()
        yield address


def token_of(address: str) -> str:
    """Return the API token of a private engine, for clients that are not the SDK's.

    Raises:
        LookupError: No private engine runs at this address.
    """
    from lms_jupyter.hosts.announcements import announced_token  # noqa: PLC0415 - brings msgspec

    token = announced_token(address)
    if token is None:
        raise LookupError(f"No private engine runs at {address}.")
    return token


@contextlib.contextmanager
def _kept(command: list[str], folder: Path) -> Iterator[str]:
    """Run an engine's command line under a keeper; yields the address that it names."""
    from lms_jupyter.hosts.starting import EngineStart  # noqa: PLC0415 - nothing until it is used

    keeper, address = EngineStart(
        [sys.executable, "-P", "-m", "lms_jupyter.testing.keeper", *command],
        folder / "engine.err",
        stdin=subprocess.PIPE,
        env={**os.environ, "HOME": str(folder), "USERPROFILE": str(folder)},
    ).run()
    try:
        yield address
    finally:
        cast("IO[str]", keeper.stdin).close()
        try:
            keeper.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        cast("IO[str]", keeper.stdout).close()


@contextlib.contextmanager
def _known(announcement: Path) -> Iterator[None]:
    """Let this process, and those that it starts, read an engine's announcement.

    The environment says only where it lies: what opens the engine is in the file.
    """
    from lms_jupyter.hosts.announcements import VARIABLE  # noqa: PLC0415 - brings msgspec

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = os.pathsep.join(filter(None, (str(announcement), before)))
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _command(folder: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "lms_jupyter.engine"),
        *("--no-default-models", "--models", str(SHIPPED_MODELS)),
        *("--downloads", str(folder / "downloads"), "--log", str(folder / "engine.log")),
        *("--announce", str(_announcement(folder))),
        *options,
    ]


def _announcement(folder: Path) -> Path:
    return folder / "announced" / "engine.json"
