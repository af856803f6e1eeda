"""The verb about what was: `usage`."""

import argparse

from msgspec import Struct

from lms_jupyter.api.usage import DAYS, WORDS, UsageBy
from lms_jupyter.magics.grammar import Flag, Verb, number


class ShowUsage(Struct, frozen=True, kw_only=True):
    """`%lms usage`: what the memory diary says."""

    by: UsageBy | None = None
    days: float = DAYS
    as_json: bool = False


def _usage(a: argparse.Namespace) -> ShowUsage:
    return ShowUsage(by=a.by, days=a.days, as_json=a.as_json)


VERBS = (
    Verb(
        name="usage",
        summary="say what was in memory, when, for whom, and what it was asked",
        build=_usage,
        flags=(
            Flag(
                names=("--by",),
                help="add up by notebook, model or day",
                metavar="WHAT",
                choices=WORDS,
            ),
            Flag(
                names=("--days",),
                help=f"how far to look back (default: {DAYS:g})",
                metavar="N",
                read=number(0),
                default=DAYS,
            ),
            Flag(names=("--json",), help="print JSON", dest="as_json", default=False),
        ),
        examples=("%lms usage", "%lms usage --by notebook --days 7", "sums = %lms usage --by day"),
    ),
)
