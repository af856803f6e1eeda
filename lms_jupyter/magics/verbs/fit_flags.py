"""`--fit` and `-c max`: the longest context that fits."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Flag
from lms_jupyter.protocol.fit import MAX, read_fit

CONTEXT = "context_length"


def _checked(text: str) -> str:
    try:
        read_fit(text)
    except ValueError as error:
        raise CommandError(str(error)) from None
    return text


FIT = Flag(
    names=("--fit",),
    help="find the longest context that fits: max, 85% (of all memory in use), or leave=4GB",
    metavar="ROOM",
    read=_checked,
)


def with_max(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Let the length of the context be `max` as well as a number."""
    return tuple(
        replace(flag, read=_or_max(flag.read)) if flag.dest == CONTEXT else flag for flag in flags
    )


def take_fit(a: argparse.Namespace) -> str | None:
    """Return the fit that a line asks for; `-c max` becomes one."""
    fit: str | None = getattr(a, "fit", None)
    if getattr(a, CONTEXT, None) == MAX:
        setattr(a, CONTEXT, None)
        fit = fit or MAX
    return fit


def _or_max(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: MAX if text == MAX else read(text)
