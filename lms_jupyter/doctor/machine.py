"""Checks of this machine: the embedded engine, where models lie, disk and memory."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lms_jupyter.doctor.finding import CheckContext, Finding, bad, good, look
from lms_jupyter.errors import FolderError, HostError
from lms_jupyter.hosts.state_folder import lock_trial, state_folder, trial, wanted_state_folder
from lms_jupyter.model_folders import downloaded_models, is_folder, may_be_folder, studio_models

if TYPE_CHECKING:
    from lms_jupyter.hosts.rest import Greeting

TIGHT_DISK_BYTES = 1e9
"""Less than a small model takes."""
ROOMY_DISK_BYTES = 10e9
ROOMY_MEMORY_BYTES = 4e9
LLAMA = "xllamacpp"
DEBIAN = {"libgomp.so.1": "libgomp1"}
"""Which package has a library."""


def engine(_visit: CheckContext) -> Iterator[Finding]:
    """Say whether the embedded engine can run, and whether it does."""
    from lms_jupyter.hosts import embedded  # noqa: PLC0415 - brings httpx

    lacking = embedded.missing()
    library = "" if lacking else missing_library()
    try:
        running = asyncio.run(embedded.running_engine())
    except (HostError, FolderError) as error:
        yield bad("Engine", error.title, error.hint)
        return
    yield about_engine(lacking, library, running)


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
    command = [sys.executable, "-P", "-c", program]
    completed = subprocess.run(command, capture_output=True, check=False, text=True)
    found = re.search(r"(\S+\.so[.\d]*): cannot open shared object", completed.stderr)
    return found[1] if found else ""


def models_folder(visit: CheckContext) -> Iterator[Finding]:
    """Say where models lie on this machine, and whether downloads can be written."""
    own, studio = downloaded_models(), studio_models(home_of(visit))
    folders = (own, *(() if studio is None else (studio,)))
    there = [str(folder) for folder in folders if is_folder(folder)]
    made = [folder for folder in (own, own.parent) if not folder.exists()]
    why = trial(own)
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()
    if why is not None:
        yield bad(
            "Models",
            f"{own} cannot be written ({why.strerror or why}): the engine can download nothing.",
            "Give yourself the right to write there, make room, or set XDG_DATA_HOME.",
        )
        return
    for folder in filter(may_be_folder, folders):
        try:
            with os.scandir(folder) as listing:
                next(listing, None)
        except OSError as error:
            yield look(
                "Models",
                f"{folder} cannot be looked at: {error.strerror or error}.",
                "Is its disk there? If it is, give yourself the right to read the folder.",
            )
    yield good("Models", f"The engine looks into {', '.join([*there, 'the tutorial models'])}.")


def notes(_visit: CheckContext) -> Iterator[Finding]:
    """Say where kernels leave notes for each other, having written and locked a file there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the finding says it
        try:
            folder, wanted = state_folder(), wanted_state_folder()
        except FolderError as error:
            yield bad("Notes", f"{error.title} No embedded engine can be shared.", error.hint)
            return
    if folder != wanted:
        yield look(
            "Notes",
            f"{wanted} cannot be written: kernels leave their notes in {folder}, until that is "
            "cleaned up.",
            "Give yourself the right to write there, make room, or set XDG_STATE_HOME.",
        )
    elif (why := lock_trial(folder)) is not None:
        yield look(
            "Notes",
            f"Files in {folder} cannot be locked ({why.strerror or why}): two kernels that load, "
            "start or save the same thing at the same moment may do it twice.",
            "Set XDG_STATE_HOME to a folder on a disk of this machine.",
        )
    else:
        yield good("Notes", f"Files in {folder} can be written and locked.")


def home_of(visit: CheckContext) -> Path | None:
    """Return the home folder that the environment names, if it names one."""
    home = visit.environ.get("HOME")
    return Path(home) if home else None


def disk(visit: CheckContext) -> Iterator[Finding]:
    """Say how much room there is for downloads."""
    seen: dict[int, Finding] = {}
    studio = studio_models(home_of(visit))
    for folder in (*(() if studio is None else (studio,)), downloaded_models()):
        device, free_bytes = _room_near(folder)
        seen.setdefault(device, about_disk(free_bytes, folder))
    yield from seen.values()


def about_disk(free_bytes: float, folder: Path) -> Finding:
    """Judge the room for downloads."""
    says = f"{free_bytes / 1e9:.1f} GB free for {folder}."
    if free_bytes < TIGHT_DISK_BYTES:
        return bad("Disk", says, "Free some space before you download a model.")
    if free_bytes < ROOMY_DISK_BYTES:
        return look("Disk", says, "A model of 7 billion weights takes about 5 GB.")
    return good("Disk", says)


def memory(_visit: CheckContext) -> Iterator[Finding]:
    """Say how much memory a model could have now."""
    yield about_memory(_available_bytes())


def about_memory(available_bytes: int | None) -> Finding:
    """Judge the memory that is left, `None` if the system does not report it."""
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


def _room_near(folder: Path) -> tuple[int, int]:
    """Return the device of a folder, or of the nearest above it that is there, and its free bytes.

    A folder may go while it is looked at: other checks try what they would write.
    """
    for place in (folder, *folder.parents):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return place.stat().st_dev, shutil.disk_usage(place).free
    raise FileNotFoundError(folder)
