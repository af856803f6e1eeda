"""Packages that tests need beside this environment's: installed once, kept with the environment."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

CACHE = Path(sys.prefix) / "installed-for-tests"
INSTALL_S = 170


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this name that was made by the first who asked; others wait for it.

    Args:
        name: Of the folder.
        make: Fills the folder that it is given; only a whole one gets the name.
    """
    CACHE.mkdir(exist_ok=True)
    folder = CACHE / name
    with FileLock(CACHE / f"{name}.lock"):
        if not folder.exists():
            making = folder.with_name(f"{name}.{os.getpid()}")
            making.mkdir()
            make(making)
            making.rename(folder)
    return folder


def installed(name: str, *requirements: str) -> Path:
    """Return a folder with these packages, to be put in front of this environment's.

    Args:
        name: Of the folder; the same requirements each time.
        requirements: What pip is told.
    """

    def install(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        quiet = [*command, "--disable-pip-version-check", *requirements]
        subprocess.run(quiet, check=True, timeout=INSTALL_S)

    return made_once(name, install)


def wheel(requirement: str, sha256: str) -> Path:
    """Return a folder with what is in a wheel of this hash, without what it depends on."""

    def unpack(folder: Path) -> None:
        pinned = folder / "requirement.txt"
        pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"]
        command += ["--target", str(folder), "--requirement", str(pinned)]
        subprocess.run(command, check=True, timeout=INSTALL_S)

    return made_once(requirement.replace("==", "-"), unpack)


def npm_package(package: str) -> Path:
    """Return the folder of an npm package, without what it depends on."""

    def unpack(folder: Path) -> None:
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder), package]
        subprocess.run(command, check=True, capture_output=True)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                # Python has none before 3.11.4.
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(folder)  # noqa: S202 - what npm has checked

    return made_once(package.replace("/", "-"), unpack) / "package"


def ipykernel(version: str) -> Path:
    """Return a folder with this release of ipykernel."""
    return installed(f"ipykernel-{version}", "--no-deps", f"ipykernel=={version}", "nest-asyncio")


def matplotlib() -> Path:
    """Return a folder with matplotlib."""
    return installed("matplotlib", "matplotlib", "matplotlib-inline")


def marimo() -> Path:
    """Return a folder with marimo."""
    return installed("marimo", "marimo")


def newest_sdk() -> Path:
    """Return a folder with the SDK's newest release, a beta; what it needs is here already."""
    return installed("lmstudio-1.6.0b1", "--no-deps", "lmstudio==1.6.0b1")


def jupyter_collaboration() -> Path:
    """Return a folder with what several people need who work in one notebook of JupyterLab."""
    parts = ("jupyter-collaboration==5.0.4", "jupyter-collaboration-ui==3.0.4")
    parts += ("jupyter-docprovider==3.0.4", "jupyter-server-ydoc==3.0.4")
    parts += ("jupyter-server-fileid==0.10.0", "jupyter-ydoc==4.2.1", "pycrdt==0.14.13")
    parts += ("pycrdt-websocket==0.16.5", "pycrdt-store==0.1.5", "sqlite-anyio==0.2.10")
    return installed("jupyter-collaboration-5.0.4", "--no-deps", *parts)
