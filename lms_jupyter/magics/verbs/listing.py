"""Verbs that only look: `ls`, `ps`, `status`, `log`."""

import argparse

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb, number, whole

KINDS = ("llm", "embedding")
JSON = Flag(
    names=("--json",), help="print JSON, with the fields of lms", dest="as_json", default=False
)


class ListModels(Struct, frozen=True, kw_only=True):
    """`%lms ls`: what is downloaded."""

    kinds: tuple[str, ...] = KINDS
    as_json: bool = False
    model_key: str | None = None
    variants: bool = False


class ListInstances(Struct, frozen=True, kw_only=True):
    """`%lms ps`: what is in memory."""

    as_json: bool = False
    watch_s: float | None = None
    """How long to go on showing it."""
    all_hosts: bool = False


class ShowStatus(Struct, frozen=True, kw_only=True):
    """`%lms status`: which host, and what is in memory."""

    why: bool = False
    """Say what keeps each instance and what will end it, instead."""
    as_json: bool = False


def _status(a: argparse.Namespace) -> ShowStatus:
    if a.as_json and not a.why:
        raise CommandError("%lms status: --json goes with --why.", hint="%lms status --why --json")
    return ShowStatus(why=a.why, as_json=a.as_json)


class ShowLog(Struct, frozen=True, kw_only=True):
    """`%lms log`: what the host writes down."""

    follow: bool = False
    seconds: float = 2.0
    source: str = "model"
    shows: tuple[str, ...] = ("input", "output")
    as_json: bool = False
    lines: int | None = None
    last: int = 20
    """How many entries of the past come first."""
    identifier: str | None = None
    """Of this instance alone."""
    requests: bool = False
    """One line for each request that has ended, instead of what was said."""


def _ls(a: argparse.Namespace) -> ListModels:
    if a.model_key is not None and a.variants:
        raise CommandError(
            "%lms ls: a key and --variants do not go together.",
            hint=f"`%lms ls {a.model_key}` lists the variants of this key.",
        )
    named = tuple(kind for kind in KINDS if getattr(a, kind))
    return ListModels(
        kinds=named or KINDS, as_json=a.as_json, model_key=a.model_key, variants=a.variants
    )


def _ps(a: argparse.Namespace) -> ListInstances:
    if a.all_hosts and a.watch:
        raise CommandError(
            "%lms ps: --watch goes with one host, and not with --all-hosts.",
            hint="`%lms host NAME` uses another; then `%lms ps --watch`.",
        )
    return ListInstances(
        as_json=a.as_json, watch_s=a.seconds if a.watch else None, all_hosts=a.all_hosts
    )


def _log(a: argparse.Namespace) -> ShowLog:
    if a.filter is not None and a.source != "model":
        raise CommandError("%lms log: --filter goes with --source model alone.")
    if a.requests and (a.follow or a.filter is not None or a.source != "model"):
        raise CommandError(
            "%lms log: --requests goes with --last, --instance and --json alone.",
            hint="`%lms log --follow` shows what is asked from now on.",
        )
    shows = tuple(part.strip() for part in (a.filter or "input,output").split(","))
    if not set(shows) <= {"input", "output"}:
        raise CommandError(
            f"%lms log: --filter takes input, output or both, not {a.filter!r}.",
            hint="For example: --filter input,output",
        )
    return ShowLog(
        follow=a.follow,
        seconds=a.seconds,
        source=a.source,
        shows=shows,
        as_json=a.as_json,
        lines=a.lines,
        last=a.last,
        identifier=a.instance,
        requests=a.requests,
    )


VERBS = (
    Verb(
        name="ls",
        summary="list the models on the disk",
        build=_ls,
        words=(
            Argument(
                dest="model_key",
                metavar="KEY",
                help="list the variants of this model",
                many="optional",
                completes="key",
            ),
        ),
        flags=(
            Flag(names=("--llm",), help="only LLMs", default=False),
            Flag(names=("--embedding",), help="only embedding models", default=False),
            Flag(names=("--variants",), help="the variants of all models too", default=False),
            JSON,
        ),
        examples=("%lms ls", "models = %lms ls --llm"),
    ),
    Verb(
        name="ps",
        summary="list the models in memory",
        build=_ps,
        flags=(
            JSON,
            Flag(
                names=("--all-hosts",),
                help="of every host that has a name or runs here, not of the one that is used",
                default=False,
            ),
            Flag(names=("--watch",), help="go on showing it until interrupted", default=False),
            Flag(
                names=("--seconds",),
                help="how long to watch",
                metavar="S",
                read=number(0),
                default=float("inf"),
            ),
        ),
        examples=("%lms ps", "%lms ps --watch", "%lms ps --all-hosts"),
    ),
    Verb(
        name="status",
        summary="say which host is used and what it has in memory",
        build=_status,
        flags=(
            Flag(
                names=("--why",),
                help="for each instance, what keeps it and what will end it",
                default=False,
            ),
            JSON,
        ),
        examples=("%lms status", "%lms status --why"),
    ),
    Verb(
        name="log",
        summary="show what the host has logged, and what it logs from now on",
        build=_log,
        words=(
            Argument(
                dest="stream",
                metavar="stream",
                help="for lms users: it changes nothing",
                many="optional",
                choices=("stream",),
            ),
        ),
        flags=(
            Flag(names=("--follow", "-f"), help="until interrupted", dest="follow", default=False),
            Flag(
                names=("--seconds",),
                help="how long to listen (default: 2)",
                metavar="S",
                read=number(0),
                default=2.0,
            ),
            Flag(
                names=("-s", "--source"),
                help="model, server or runtime (default: model)",
                metavar="SOURCE",
                choices=("model", "server", "runtime"),
                default="model",
            ),
            Flag(names=("--filter",), help="input, output or both", metavar="WHAT"),
            Flag(
                names=("--last",),
                help="how many entries of the past come first (default: 20)",
                metavar="N",
                read=whole(0),
                default=20,
            ),
            Flag(
                names=("--instance",),
                help="of this one alone",
                metavar="ID",
                completes="identifier",
            ),
            Flag(
                names=("--requests",),
                help="a line for each request: when, from whom, tokens, speed, how it ended",
                default=False,
            ),
            Flag(names=("--lines",), help="stop after so many entries", metavar="N", read=whole()),
            JSON,
        ),
        examples=("%lms log --last 5", "%lms log --follow", "%lms log --instance chat --requests"),
    ),
)
