"""The verb that downloads: `get`."""

import argparse
import re

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb

_RATE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMG]?)B?(?:/s)?", re.IGNORECASE)
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}
SLOWEST = 1000.0
"""Bytes per second that a download may be limited to."""


class GetModel(Struct, frozen=True, kw_only=True):
    """One model to download."""

    name: str
    quantization: str | None = None


class GetModels(Struct, frozen=True, kw_only=True):
    """`%lms get`: download models."""

    models: tuple[GetModel, ...]
    yes: bool = False
    cancel: bool = False
    """Call them off and remove what there is of them."""
    plan: bool = False
    """Only say what would be fetched, and why."""
    bytes_per_second: float | None = None
    """How fast each may come at most; 0 lifts a limit of before."""


def read_rate(text: str) -> float:
    """Read bytes per second as people write them: 5MB, 800k, none.

    >>> read_rate("5MB/s")
    5000000.0
    """
    if text.strip().lower() == "none":
        return 0.0
    match = _RATE.fullmatch(text.strip())
    rate = float(match["number"]) * _UNITS[match["unit"].upper()] if match else 0.0
    if rate < SLOWEST:
        raise CommandError(f"{text!r} is no rate of at least 1 kB per second, such as 5MB")
    return rate


def _get(a: argparse.Namespace) -> GetModels:
    if not a.names:
        raise CommandError(
            "%lms get: which model? NAME is missing.", hint="For example: %lms get qwen/qwen3-4b"
        )
    if a.plan and a.cancel:
        raise CommandError("%lms get: --plan and --cancel do not go together.")
    return GetModels(
        models=tuple(_model(name) for name in dict.fromkeys(a.names)),
        yes=a.yes,
        cancel=a.cancel,
        plan=a.plan,
        bytes_per_second=a.rate,
    )


def _model(text: str) -> GetModel:
    name, *labels = text.split("@")
    if len(labels) > 1 or not name:
        raise CommandError(
            f"%lms get: {text!r} has more than one @, or nothing before it.",
            hint="Write owner/name@quantization, for example qwen/qwen3-4b@q4_k_m.",
        )
    name = name.removeprefix("https://huggingface.co/").removeprefix("https://lmstudio.ai/models/")
    return GetModel(name=name.strip("/"), quantization=labels[0] if labels else None)


VERBS = (
    Verb(
        name="get",
        summary="download models to the host's disk; interrupting pauses them, again resumes them",
        build=_get,
        words=(
            Argument(
                dest="names",
                metavar="NAME",
                help="owner/name, owner/name@quant, or words",
                many="any",
            ),
        ),
        flags=(
            Flag(names=("-y", "--yes"), help="take the first of several", default=False),
            Flag(
                names=("--plan",),
                help="only say what would be fetched, and why that file",
                default=False,
            ),
            Flag(
                names=("--rate",),
                help="at most so many bytes per second, each: 5MB, 800kB, or none",
                metavar="RATE",
                read=read_rate,
            ),
            Flag(
                names=("--cancel",),
                help="call the download off, and remove what there is of it",
                default=False,
            ),
        ),
        examples=(
            "%lms get qwen/qwen3-4b@q4_k_m",
            "%lms get qwen/qwen3-4b google/gemma-3-4b --rate 5MB",
            "%lms get qwen/qwen3-4b --plan",
        ),
    ),
)
