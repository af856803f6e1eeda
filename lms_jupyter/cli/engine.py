"""`lms-jupyter engine`: run the embedded engine in this terminal, or see to the one that runs."""

import argparse
import asyncio
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from lms_jupyter.hosts import embedded


def add_to(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "engine",
        add_help=False,
        help="run the embedded engine; --help shows its options",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--status", action="store_true", help="say whether one is running, and where")
    what.add_argument("--stop", action="store_true", help="end the one that is running")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace, options: Sequence[str]) -> int:
    """Run the command."""
    if given.status:
        return asyncio.run(_status())
    if given.stop:
        return asyncio.run(_stop())
    _become(options)


def _become(options: Sequence[str]) -> NoReturn:
    """Let an engine take the place of this very process, signals and all."""
    embedded.check_installed()
    command = embedded.engine_command(*options)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


async def _status() -> int:
    greeting = await embedded.running_engine()
    if greeting is None:
        print("No embedded engine is running.")
        return 1
    print(f"{greeting.name} {greeting.version} listens on http://{greeting.address}")
    return 0


async def _stop() -> int:
    greeting = await embedded.running_engine()
    if greeting is None or not embedded.stop_engine():
        print("No embedded engine is running.")
        return 1
    print(f"The embedded engine at {greeting.address} ends.")
    return 0
