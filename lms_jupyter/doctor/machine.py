"""Checks of this machine: the embedded engine, where models lie, disk and memory."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path, user_state_path

from lms_jupyter.doctor.finding import Finding, Visit, bad, good, look

if TYPE_CHECKING:
    from lms_jupyter.hosts.rest import Greeting

APP = "lms-jupyter"
TIGHT_DISK_BYTES = 1e9
"""Less than a small model takes."""
ROOMY_DISK_BYTES = 10e9
ROOMY_MEMORY_BYTES = 4e9
LLAMA = "xllamacpp"
DEBIAN = {"libgomp.so.1": "libgomp1"}
"""Which package has a library."""


def engine(_visit: Visit) -> Iterator[Finding]:
    """Say whether the embedded engine can run, and whether it does."""
    from lms_jupyter.hosts import embedded  # noqa: PLC0415 - brings httpx

    lacking = embedded.missing()
    library = "" if lacking else missing_library()
    yield about_engine(lacking, library, asyncio.run(embedded.running_engine()))


def about_engine(lacking: Sequence[str], library: str, running: "Greeting | None") -> Finding:
    """Judge what was found of the engine."""
    if lacking:
        return look(
            "Engine",
            f"The embedded engine lacks {', '.join(lacking)}.",
            "Only where there is no LM Studio: pip install 'lms-jupyter[engine]'",
        )
    if library:
        return bad(
            "Engine",
            f"llama.cpp cannot be loaded: this system has no {library}.",
            f"sudo apt-get install {DEBIAN.get(library, library)}, or what your system calls it.",
        )
    if running is not None:
        return good("Engine", f"Running at {running.address}, version {running.version}.")
    return good("Engine", "Installed; it starts when no LM Studio is found.")


def missing_library(program: str = f"import {LLAMA}") -> str:
    """Name the shared library that llama.cpp needs and the system does not have, if there is one.

    Slim images have no OpenMP. A process of its own looks: what is loaded once is never let go.
    """
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, capture_output=True, check=False, text=True)
    found = re.search(r"(\S+\.so[.\d]*): cannot open shared object", told.stderr)
    return found[1] if found else ""


def models_folder(visit: Visit) -> Iterator[Finding]:
    """Say where models lie on this machine, and whether downloads can be written."""
    own, studio = user_data_path(APP) / "models", studio_models(visit)
    there = [str(folder) for folder in (own, studio) if folder.is_dir()]
    tutorial = "the tutorial models of the package"
    for folder in (own, user_state_path(APP)):
        place = _nearest(folder)
        if not place.is_dir() or not os.access(place, os.W_OK):
            yield bad(
                "Models",
                f"{folder} cannot be written.",
                "Give yourself the right to write there, or set XDG_DATA_HOME and XDG_STATE_HOME.",
            )
            return
    yield good("Models", f"The engine looks into {', '.join([*there, tutorial])}.")


def studio_models(visit: Visit) -> Path:
    """Return LM Studio's models folder: a pointer file in the home folder may move it."""
    home = Path(visit.environ.get("HOME") or Path.home())
    try:
        named = (home / ".lmstudio-home-pointer").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        named = ""
    old = home / ".cache" / "lm-studio"
    return (Path(named) if named else old if old.is_dir() else home / ".lmstudio") / "models"


def disk(visit: Visit) -> Iterator[Finding]:
    """Say how much room there is for downloads."""
    seen: dict[int, Finding] = {}
    for folder in (studio_models(visit), user_data_path(APP) / "models"):
        place = _nearest(folder)
        free_bytes = shutil.disk_usage(place).free
        finding = about_disk(free_bytes, folder)
        seen.setdefault(place.stat().st_dev, finding)
    yield from seen.values()


def about_disk(free_bytes: float, folder: Path) -> Finding:
    """Judge the room for downloads."""
    says = f"{free_bytes / 1e9:.1f} GB free for {folder}."
    if free_bytes < TIGHT_DISK_BYTES:
        return bad("Disk", says, "Free some space before you download a model.")
    if free_bytes < ROOMY_DISK_BYTES:
        return look("Disk", says, "A model of 7 billion weights takes about 5 GB.")
    return good("Disk", says)


def memory(_visit: Visit) -> Iterator[Finding]:
    """Say how much memory a model could have now."""
    yield about_memory(_available_bytes())


def about_memory(available_bytes: int | None) -> Finding:
    """Judge the memory that is left, `None` if the system does not tell."""
    if available_bytes is None:
        return good("Memory", "This system does not tell; `%lms estimate KEY` asks the host.")
    says = f"{available_bytes / 1e9:.1f} GB are available."
    if available_bytes >= ROOMY_MEMORY_BYTES:
        return good("Memory", says)
    return look(
        "Memory",
        says,
        "`%lms free` and `%lms unload --all` give some back; `%lms estimate KEY` says if a "
        "model fits.",
    )


def _available_bytes() -> int | None:
    try:
        import psutil  # noqa: PLC0415 - there with the engine, not without
    except ImportError:
        pass
    else:
        return int(psutil.virtual_memory().available)
    if sys.platform == "linux":
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest of those above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())
