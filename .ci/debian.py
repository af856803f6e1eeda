"""System libraries that wheels from PyPI count on, and a slim Debian does not have.

`python .ci/debian.py` sees to those of the engine, for `make demo`; the tests ask for more.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BIN = Path(__file__).parents[1] / ".venv" / ("Scripts" if os.name == "nt" else "bin")


def lacking(package: str, *command: str) -> list[str]:
    """Name the package if a program does not start without it."""
    try:
        subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [package]
    return []


def engine() -> list[str]:
    """Name what the engine lacks: llama.cpp is linked with GNU's OpenMP."""
    return lacking("libgomp1", str(BIN / "python"), "-c", "import xllamacpp")


def browser_driver() -> list[str]:
    """Name what playwright lacks: its own Node is linked with libatomic."""
    return lacking("libatomic1", str(BIN / "playwright"), "--version")


def apt_get(*packages: str) -> None:
    """Install packages where that is allowed without a password; else say which are missing."""
    if not packages:
        return
    named = " ".join(packages)
    root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and lacking("sudo", *root, "true")):
        sys.exit(f"This system lacks {named} (Debian's names). Install it, then try again.")
    print(f"\n▸ Installing {named} with apt-get", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        subprocess.run([*root, "apt-get", *words], check=True, env=quiet, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    apt_get(*engine())
