"""Where a `llama-server` may lie on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lms_jupyter.engine.errors import RuntimeUnusableError

PROGRAM = "llama-server"
GPU_SIGNS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri", "/dev/dxg")
"""What Linux shows of a GPU, the last as a guest of Windows."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that may be a build of llama.cpp."""

    name: str
    program: Path


def candidates(environ: Mapping[str, str], home: Path) -> tuple[Candidate, ...]:
    """List the programs that are found without being named, each once."""
    found: dict[Path, Candidate] = {}
    for name, program in _places(environ, home):
        real = program.resolve()
        if real not in found and os.access(real, os.X_OK) and real.is_file():
            found[real] = Candidate(name, program)
    return tuple(found.values())


def _places(environ: Mapping[str, str], home: Path) -> Iterator[tuple[str, Path]]:
    on_path = shutil.which(PROGRAM, path=environ.get("PATH", ""))
    if on_path:
        yield PROGRAM, Path(on_path)
    conda = environ.get("CONDA_PREFIX")
    if conda:
        yield f"{PROGRAM}-conda", Path(conda) / "bin" / PROGRAM
    for folder in sorted((home / ".lmstudio/extensions/backends").glob("*")):
        for program in (folder / PROGRAM, folder / "bin" / PROGRAM):
            yield f"{PROGRAM}-{folder.name}", program


def named(path: str) -> Candidate:
    """Return the program that somebody has named: a path, or a word that is on `PATH`.

    Raises:
        RuntimeUnusableError: There is no such program.
    """
    program = Path(path).expanduser()
    found = shutil.which(path) if os.sep not in path else None
    program = Path(found) if found else program.absolute()
    if not program.is_file():
        raise RuntimeUnusableError(f"There is no llama-server at {path}.")
    return Candidate(PROGRAM, program)


def may_have_gpu(system: str) -> bool:
    """Whether anything speaks for a GPU here: without, no build needs to be asked for its own."""
    return system != "linux" or any(Path(sign).exists() for sign in GPU_SIGNS)
