"""Where the engine's token comes from, and how it stays out of `ps` and `/proc`.

--token TOKEN       on the command line: out of it again as soon as the engine runs
--token-file FILE   in a file of one's own; one that is not there is made, with a new token
LMS_JUPYTER_TOKEN   in the environment: no child process gets it
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import stat
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.token import Token

VARIABLE: Final = "LMS_JUPYTER_TOKEN"
_OPTION: Final = "--token"
_PIPE: Final = "--token-pipe"
_MAX_BYTES: Final = 1024

logger = logging.getLogger(__name__)


def add_options(add: Callable[..., Any]) -> None:
    """Add the options to a command line."""
    add(
        _OPTION,
        metavar="TOKEN",
        help=f"want this API token, sk-lm-…, from every client; also as {VARIABLE}",
    )
    add("--token-file", type=Path, metavar="FILE", help="read the token here; made if missing")
    add("--guest-tokens", type=Path, metavar="FILE", help="tokens of others, with permissions")
    add(_PIPE, type=int, help=argparse.SUPPRESS)
    add("--insecure", action="store_true", help="want no token, whoever can reach the engine")


def hide(arguments: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Begin this program anew without the token, if its command line or environment shows it.

    The token comes through a pipe then. Both can be read for as long as a process runs: the
    command line by everybody, the environment by whatever its user runs.
    """
    if not hasattr(os, "geteuid"):  # Windows shows them to nobody else, and cannot begin anew
        return
    shown, kept = _split(arguments)
    shown = shown if shown is not None else environ.get(VARIABLE)
    if shown is None:
        return
    environ.pop(VARIABLE, None)
    reading, writing = os.pipe()
    os.write(writing, shown.encode(errors="replace")[:_MAX_BYTES])
    os.close(writing)
    os.set_inheritable(reading, True)
    own = sys.orig_argv[1 : len(sys.orig_argv) - len(arguments)]
    command = [sys.executable, *own, *kept, _PIPE, str(reading)]
    os.execve(sys.executable, command, dict(environ))  # noqa: S606 - ourselves


def token(given: argparse.Namespace, environ: Mapping[str, str]) -> Token | None:
    """Return the token that this engine was told to want.

    Raises:
        BadRequestError: What was given is none, or cannot be read.
    """
    if given.token_pipe is not None:
        with os.fdopen(given.token_pipe, encoding="utf-8") as pipe:
            return Token(pipe.read())
    if given.token is not None:
        return Token(given.token)
    if given.token_file is not None:
        return kept_in(given.token_file)
    return Token(environ[VARIABLE]) if environ.get(VARIABLE) else None


def _split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take the token out of a command line; returns it, and the rest."""
    shown, kept = None, []
    rest = iter(arguments)
    for argument in rest:
        if argument == _OPTION:
            shown = next(rest, "")
        elif argument.startswith(f"{_OPTION}="):
            shown = argument.partition("=")[2]
        else:
            kept.append(argument)
    return shown, kept


def kept_in(file: Path) -> Token:
    """Read a token from a file; one that is not there is made, for nobody else to read."""
    try:
        with contextlib.suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(file, flags, 0o600), "w", encoding="ascii") as made:
                made.write(Token.new().reveal() + "\n")
        with file.open("rb") as reading:
            _close_to_others(file, reading.fileno())
            return Token(reading.read(_MAX_BYTES).decode(errors="replace"))
    except OSError as error:
        raise BadRequestError(f"The token cannot be read from {file}: {error.strerror}.") from error


def _close_to_others(file: Path, descriptor: int) -> None:
    """Take others the right to read a file of ours; say so where it is not ours to change."""
    found = os.fstat(descriptor)
    if not hasattr(os, "geteuid") or not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
        os.fchmod(descriptor, 0o600)
    else:
        logger.warning("others may read the token in %s", file)
