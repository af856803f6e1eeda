"""`lms-jupyter tutorials DIR`: a copy of the tutorials to write into."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lms_jupyter.errors import CommandError
from lms_jupyter.tutorials import FIRST, tutorials


def add_to(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("tutorials", help="copy the tutorials to a folder of yours")
    parser.add_argument("folder", type=Path, metavar="DIR", help="made if it is not there")
    parser.add_argument("--force", action="store_true", help="write over what is there")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace, options: Sequence[str]) -> int:
    """Copy them, or nothing.

    Raises:
        CommandError: It would write over something, or the folder cannot be written.
    """
    if options:
        raise CommandError(
            f"lms-jupyter tutorials: there is no option {options[0]!r}.",
            hint="See lms-jupyter tutorials --help.",
        )
    folder: Path = given.folder
    files = tutorials()
    there = [file.name for file in files if (folder / file.name).exists()]
    if there and not given.force:
        raise CommandError(
            f"{folder} has {', '.join(there)} already.",
            hint="Name another folder, or say --force to write over them.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise CommandError(
            f"The tutorials cannot be written to {folder}: {error.strerror}.",
            hint="Name a folder that is yours.",
        ) from error
    print(f"{len(files)} tutorials are in {folder}. Begin with {FIRST}.")
    return 0
