"""`lms-jupyter`: the command line."""

import argparse
import sys
from collections.abc import Sequence

from lms_jupyter import __version__
from lms_jupyter.cli import demo, doctor, engine, env, tutorials
from lms_jupyter.errors import LmsError

NAME = "lms-jupyter"
COMMANDS = (demo, tutorials, doctor, engine, env)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog=NAME, description="Local language models as a first-class thing in Jupyter."
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    given, rest = parser.parse_known_args(arguments)
    try:
        return int(given.run(given, rest))
    except LmsError as error:
        print(f"{NAME}: {error.title}", file=sys.stderr)
        if error.hint:
            print(error.hint, file=sys.stderr)
        return 1
