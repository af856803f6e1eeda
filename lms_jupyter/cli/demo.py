"""`lms-jupyter demo`: the embedded engine and JupyterLab on the first tutorial, until Ctrl-C."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lms_jupyter.cli import demo_fleet
from lms_jupyter.cli.family import dies_with_us, ended
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import announcements
from lms_jupyter.hosts.discover import VARIABLE
from lms_jupyter.hosts.embedded import check_installed
from lms_jupyter.tutorials import FIRST, tutorials

NEWS = "@jupyterlab/apputils-extension:announcements"
"""JupyterLab's part that asks whether one wants news, and looks for newer versions."""
CONFIGS = "JUPYTER_CONFIG_PATH"
"""The variable that names more folders of configuration."""


def add_to(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("demo", help="open JupyterLab on the first tutorial")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--fleet", action="store_true", help="three engines, as devices of a gateway"
    )
    parser.add_argument("--port", type=int, default=8888, help="port of JupyterLab")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace, options: Sequence[str]) -> int:
    """Start both, wait for the end of JupyterLab, and end what is left."""
    if options:
        raise CommandError(
            f"lms-jupyter demo: there is no option {options[0]!r}.",
            hint="See lms-jupyter demo --help.",
        )
    check_installed()
    # A shell starts background jobs with SIGINT ignored; who sends it wants the end all the same.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with (
        tempfile.TemporaryDirectory(prefix="lms-jupyter-demo-") as name,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(name)
        (folder / "notebooks").mkdir()
        for tutorial in tutorials():
            shutil.copy(tutorial, folder / "notebooks")
        first, what = FIRST, "embedded engine listens"
        if given.fleet:
            address, processes = stack.enter_context(demo_fleet.fleet(folder))
            demo_fleet.write_notebook(folder / "notebooks", processes)
            first, what = demo_fleet.NOTEBOOK, "gateway of three devices listens"
        else:
            options = ("--announce", str(folder / "engine.json"))
            _, address = stack.enter_context(demo_fleet.engine(*options))
        print(f"The {what} on http://{address}", flush=True)
        print("Ctrl-C ends it, JupyterLab and this copy of the notebooks.", flush=True)
        with ended(_jupyterlab(given, folder, address, first)) as lab:
            return lab.wait()


def _jupyterlab(
    given: argparse.Namespace, folder: Path, address: str, first: str
) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-P",
        "-m",
        "jupyterlab",
        f"--LabApp.default_url=/lab/tree/{first}",
        f"--ServerApp.root_dir={folder / 'notebooks'}",
        f"--ServerApp.port={given.port}",
        "--ServerApp.answer_yes=True",
        # The address is what one looks for, and 25 lines of how a server starts would hide it.
        *(f"--{app}.log_level=WARN" for app in ("ServerApp", "LabApp")),
        *(["--no-browser"] if given.no_browser else []),
        # JupyterLab refuses to run as root unless told; containers often know no other user.
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    return subprocess.Popen(
        command,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={
            **os.environ,
            VARIABLE: address,
            # Where the engine's token lies, not the token itself.
            announcements.VARIABLE: str(folder / "engine.json"),
            CONFIGS: _quiet(folder / "config"),
        },
        preexec_fn=dies_with_us(),  # noqa: PLW1509 - there is one thread here
    )


def _quiet(folder: Path) -> str:
    """Let this one JupyterLab ask nothing and call nobody; returns the folders of configuration."""
    (folder / "labconfig").mkdir(parents=True)
    page = {"disabledExtensions": {NEWS: True}}
    (folder / "labconfig" / "page_config.json").write_text(json.dumps(page), encoding="utf-8")
    return os.pathsep.join(filter(None, (str(folder), os.environ.get(CONFIGS))))
