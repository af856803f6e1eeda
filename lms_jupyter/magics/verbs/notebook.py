"""Verbs about the notebook: `panel`, `lock`, `restore`."""

from msgspec import Struct

from lms_jupyter.magics.grammar import Flag, Verb


class ShowPanel(Struct, frozen=True, kw_only=True):
    """`%lms panel`: the live panel."""


class Lock(Struct, frozen=True, kw_only=True):
    """`%lms lock`: write down what this notebook uses."""


class Restore(Struct, frozen=True, kw_only=True):
    """`%lms restore`: bring back what a lock names, and say what has drifted."""

    only_check: bool = False


class ShowHelp(Struct, frozen=True, kw_only=True):
    """`%lms help [VERB]`: how to use a verb, or all of them."""

    text: str


VERBS = (
    Verb(name="panel", summary="show the live panel", build=lambda _: ShowPanel()),
    Verb(
        name="lock",
        summary="write down, beside the notebook, which models it uses and how",
        build=lambda _: Lock(),
    ),
    Verb(
        name="restore",
        summary="load what the lock of this notebook names, and say what has drifted",
        build=lambda a: Restore(only_check=a.check),
        flags=(
            Flag(
                names=("--check",),
                help="only say what has drifted, and return it",
                default=False,
            ),
        ),
    ),
)
