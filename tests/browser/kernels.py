"""Kernels of several ipykernel releases for one JupyterLab, each with packages of its own."""

import json
import os
import sys
from pathlib import Path

from tests.browser.lab import Lab
from tests.installed import ipykernel, matplotlib

ROOT = Path(__file__).parents[2]
UNTIL_RELEASED = """import pathlib
while not pathlib.Path({release!r}).exists():
    sum(range(20_000))
"""
"""A cell that computes, and lets go of nothing, until a file is there."""


def add_kernel(lab: Lab, version: str) -> str:
    """Give a JupyterLab a kernel with this release of ipykernel, and matplotlib; its name."""
    folders = [
        ipykernel(version),
        matplotlib(),
        ROOT,
    ]
    name = f"ipykernel-{version}"
    place = lab.folder.parent / "home" / "data" / "kernels" / name
    place.mkdir(parents=True, exist_ok=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        # JupyterLab sends to subshells only where the kernel says that it has some.
        "metadata": {"debugger": False},
    }
    (place / "kernel.json").write_text(json.dumps(spec))
    return name


def busy(release: Path, *after: str) -> str:
    """Return a cell that is busy until the file is there, then does what is given."""
    return "\n".join([UNTIL_RELEASED.format(release=str(release)), *after])
