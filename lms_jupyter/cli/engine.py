"""`lms-jupyter engine`: run the embedded engine in this terminal, or see to the one that runs."""

import argparse
import asyncio
import json
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lms_jupyter.errors import HostError
from lms_jupyter.hosts import credentials, discover, embedded
from lms_jupyter.hosts.announcements import (
    announced,
    announced_token,
    announcement_path,
    files,
    read,
)

LMS_VARIABLE = "LMS_API_SERVER_INFO_PATH"
"""Tells LM Studio's own command line, `lms`, in which file the port stands."""


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
    what.add_argument(
        "--env",
        action="store_true",
        help="print its address and API token as shell lines, for other programs of yours",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace, options: Sequence[str]) -> int:
    """Run the command."""
    if given.status:
        return asyncio.run(_status())
    if given.stop:
        return asyncio.run(_stop())
    if given.env:
        return asyncio.run(_print_environment())
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


async def _print_environment() -> int:
    """Print what `eval "$(lms-jupyter engine --env)"` is to set; nothing if there is no engine."""
    # One that was started for what runs here, such as the demo, goes before the user's own.
    asked = [await embedded.answering(read(file)) for file in files()]
    greeting = next(filter(None, asked), None)
    if greeting is None:
        print("No embedded engine is running.", file=sys.stderr)
        return 1
    lines = environment(greeting.address, announced_token(greeting.address))
    lines[LMS_VARIABLE] = str(_write_port_file(greeting.address))
    for name, value in lines.items():
        if os.name == "nt":
            print(f"$env:{name} = '{value}'")
        else:
            print(f"export {name}={shlex.quote(value)}")
    return 0


def environment(address: str, token: str | None) -> dict[str, str]:
    """Return the variables that let other programs of its owner use an engine."""
    places = {
        discover.VARIABLE: address,
        "OPENAI_BASE_URL": f"http://{address}/v1",
        "ANTHROPIC_BASE_URL": f"http://{address}",
    }
    keys = (*credentials.TOKEN_VARIABLES, "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
    return places if token is None else {**places, **dict.fromkeys(keys, token)}


def _write_port_file(address: str) -> Path:
    """Write the port where LM Studio's `lms` looks for it; returns the file."""
    file = announcement_path().with_name(f"http-server-{socket.gethostname()}.json")
    file.write_text(json.dumps({"port": int(address.rpartition(":")[2])}), encoding="ascii")
    return file


async def _stop() -> int:
    known = announced()
    try:
        if known is None or not await embedded.stop_engine():
            print("No embedded engine is running.")
            return 1
    except HostError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The embedded engine at {known.address} ends.")
    return 0
