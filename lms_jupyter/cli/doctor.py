"""`lms-jupyter doctor`: is everything there that a first cell needs?"""

import argparse
from collections.abc import Sequence
from typing import Any

from lms_jupyter.doctor.examine import as_json, examine, text
from lms_jupyter.errors import CommandError
from lms_jupyter.printable import printable


def add_to(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "doctor", help="look at host, versions, extensions and machine, and say what to repair"
    )
    parser.add_argument("--host", default="", metavar="ADDRESS", help="look at this host")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace, options: Sequence[str]) -> int:
    """Print the report; 1 if something is to be repaired.

    Raises:
        CommandError: There is no such option.
    """
    if options:
        raise CommandError(
            f"lms-jupyter doctor: there is no option {options[0]!r}.",
            hint="See lms-jupyter doctor --help.",
        )
    findings = examine(given.host)
    if given.json:
        print(as_json(findings))
    else:
        print(printable(text(findings)))
    return int(any(finding.state == "bad" for finding in findings))
