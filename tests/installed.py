"""Packages that tests need beside this environment's: installed once, kept with the environment."""

import os
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

CACHE = Path(sys.prefix) / "installed-for-tests"
INSTALL_S = 170


def installed(name: str, *requirements: str) -> Path:
    """Return a folder with these packages, to be put in front of this environment's.

    Args:
        name: Of the folder; the same requirements each time.
        requirements: What pip is told.
    """
    CACHE.mkdir(exist_ok=True)
    folder = CACHE / name
    with FileLock(CACHE / f"{name}.lock"):
        if not folder.exists():
            making = folder.with_name(f"{name}.{os.getpid()}")
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(making)]
            quiet = [*command, "--disable-pip-version-check", *requirements]
            subprocess.run(quiet, check=True, timeout=INSTALL_S)
            making.rename(folder)
    return folder


def ipykernel(version: str) -> Path:
    """Return a folder with this release of ipykernel."""
    return installed(f"ipykernel-{version}", "--no-deps", f"ipykernel=={version}", "nest-asyncio")


def matplotlib() -> Path:
    """Return a folder with matplotlib."""
    return installed("matplotlib", "matplotlib", "matplotlib-inline")


def newest_sdk() -> Path:
    """Return a folder with the SDK's newest release, a beta; what it needs is here already."""
    return installed("lmstudio-1.6.0b1", "--no-deps", "lmstudio==1.6.0b1")
