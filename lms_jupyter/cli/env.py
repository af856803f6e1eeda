"""`lms-jupyter env`: lets what is started from a shell talk to the host, as to OpenAI.

    eval "$(lms-jupyter env)" && jupyter lab

Assistants in JupyterLab run in its server, which a kernel's environment does not reach.
"""

import argparse
import asyncio
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from lms_jupyter.api.openai_env import openai_environ
from lms_jupyter.errors import CommandError

USE = 'eval "$(lms-jupyter env)"'


def add_to(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "env", help=f"let OpenAI's clients talk to the host: {USE}, then jupyter lab"
    )
    parser.add_argument("--host", default="", metavar="ADDRESS", help="this host")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace, options: Sequence[str]) -> int:
    """Write the variables for a shell to read.

    Raises:
        CommandError: There is no such option, or a person would read the key.
        HostUnreachableError: No host answers; none is started for this.
    """
    if options:
        raise CommandError(
            f"lms-jupyter env: there is no option {options[0]!r}.",
            hint="See lms-jupyter env --help.",
        )
    if sys.stdout.isatty():
        raise CommandError(
            "lms-jupyter env writes a key, which should not stand on a screen.",
            hint=f"Let the shell read it: {USE}",
        )
    from lms_jupyter.hosts.discover import find_host  # noqa: PLC0415 - brings the SDK

    found = asyncio.run(find_host(given.host, start=False))
    for name, value in openai_environ(found.host.info.address).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
