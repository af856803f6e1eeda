"""Whether llama.cpp computes on the GPU that this machine has, and how it could."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from lms_jupyter.doctor.finding import CheckContext, Finding, good, look
from lms_jupyter.idle_gpus import LLAMA, SERVER, MachineGpus, answer_of, idle_gpu, machine_gpus

MOST_SERVERS = 2
"""How many are asked: with all the rest, the doctor takes no longer than it may."""
DEVICES = (
    f"import {LLAMA} as x\n"
    "for d in x.get_device_info():\n"
    "    print(d['name'] + '\\t' + d['description'])\n"
)
LISTED = re.compile(r"^\s+(?P<name>[A-Za-z]+\d+): (?P<description>.+?) \(\d+ MiB", re.MULTILINE)
"""A device in what `llama-server --list-devices` prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFacts:
    """What was found of GPUs on this machine, and of what could use them."""

    machine: MachineGpus = field(default_factory=MachineGpus)
    llama: tuple[str, ...] | None = None
    """What the installed xllamacpp computes on beside the CPU; `None`: it could not be asked."""
    server: str = ""
    """A `llama-server` that lists GPUs."""
    server_devices: tuple[str, ...] = ()


def gpus(visit: CheckContext) -> Iterator[Finding]:
    """Say whether llama.cpp computes on the GPU; nothing where there is none."""
    found = about_gpus(_facts(visit.environ))
    if found is not None:
        yield found


def about_gpus(facts: GpuFacts) -> Finding | None:
    """Judge what was found; `None`: there is nothing to say. Pure."""
    if facts.server_devices:
        names = ", ".join(facts.server_devices)
        return good("GPU", f"The engine can compute on {names}, by {facts.server}.")
    if facts.llama:
        return good("GPU", f"llama.cpp computes on {', '.join(facts.llama)}.")
    if facts.llama is None:
        # Not installed, or what the line about the engine is about.
        return None
    idle = idle_gpu(facts.machine)
    return None if idle is None else look("GPU", idle.says, idle.advice)


def _facts(environ: Mapping[str, str]) -> GpuFacts:
    """Look at the machine, and at what could use its GPUs if it has any."""
    machine = machine_gpus(environ)
    if not machine.nvidia and not machine.others:
        return GpuFacts()
    server, devices = _server(environ)
    return GpuFacts(machine=machine, llama=_llama_devices(), server=server, server_devices=devices)


def servers(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield where the engine looks for a `llama-server` too."""
    named = environ.get("LMS_JUPYTER_LLAMA_SERVER")
    on_path = shutil.which(named or SERVER, path=environ.get("PATH", os.defpath))
    if on_path:
        yield on_path
    conda = environ.get("CONDA_PREFIX")
    places = [Path(conda) / "bin" / SERVER] if conda else []
    for folder in sorted((home / ".lmstudio/extensions/backends").glob("*")):
        places += [folder / SERVER, folder / "bin" / SERVER]
    yield from (str(place) for place in places if place.is_file())


def _server(environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Find a `llama-server` that lists GPUs, and which."""
    for program in islice(servers(environ, Path.home()), MOST_SERVERS):
        if devices := devices_listed(answer_of(program, "--list-devices") or ""):
            return program, devices
    return "", ()


def devices_listed(text: str) -> tuple[str, ...]:
    """Read what `llama-server --list-devices` prints."""
    return tuple(f"{match['description']} ({match['name']})" for match in LISTED.finditer(text))


def _llama_devices() -> tuple[str, ...] | None:
    """Ask xllamacpp what it computes on, in a process of its own; `None`: it does not say."""
    answer = answer_of(sys.executable, "-P", "-c", DEVICES)
    if answer is None:
        return None
    rows = [line.split("\t", 1) for line in answer.splitlines() if "\t" in line]
    return tuple(f"{about} ({name})" for name, about in rows if not name.startswith("CPU"))
