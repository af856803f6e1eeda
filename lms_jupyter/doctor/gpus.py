"""Whether llama.cpp computes on the GPU that this machine has, and how it could."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata
from itertools import islice
from pathlib import Path

from lms_jupyter.doctor.finding import CheckContext, Finding, good, look

PATIENCE_S = 5.0
"""How long one program may take to answer; a driver that hangs must not hold up the rest."""
MOST_SERVERS = 2
"""How many are asked: with all the rest, the doctor takes no longer than it may."""
LLAMA = "xllamacpp"
SERVER = "llama-server"
DEVICES = (
    f"import {LLAMA} as x\n"
    "for d in x.get_device_info():\n"
    "    print(d['name'] + '\\t' + d['description'])\n"
)
WHEEL = re.compile(rf"pip install {LLAMA} [^\n]*--index-url \S+/(?P<kind>cu\d+|rocm[-.\d]+|vulkan)")
"""How the readme of xllamacpp says to install a build for a GPU, in its own words."""
LISTED = re.compile(r"^\s+(?P<name>[A-Za-z]+\d+): (?P<description>.+?) \(\d+ MiB", re.MULTILINE)
"""A device in what `llama-server --list-devices` prints."""
CUDA_12_8_DRIVER = 580
"""From this driver on CUDA 12 wheels run whatever the card: it is one of CUDA 13."""
OLDEST_GLIBC = (2, 35)
VENDORS = {"0x1002": "AMD", "0x8086": "Intel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFacts:
    """What was found of GPUs on this machine, and of what could use them."""

    system: str = "linux"
    """As `sys.platform` has it."""
    nvidia: tuple[str, ...] = ()
    """The names of NVIDIA's cards."""
    driver: str = ""
    """The version of NVIDIA's driver."""
    others: tuple[str, ...] = ()
    """Whose other GPUs there are: "AMD", "Intel", "Apple"."""
    llama: tuple[str, ...] | None = None
    """What the installed xllamacpp computes on beside the CPU; `None`: it could not be asked."""
    server: str = ""
    """A `llama-server` that lists GPUs."""
    server_devices: tuple[str, ...] = ()
    wheels: Mapping[str, str] = field(default_factory=dict)
    """The command for each GPU build, by its kind: "cu128", "vulkan"."""
    glibc: tuple[int, ...] = ()


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
    if facts.nvidia:
        driver = f" with driver {facts.driver}" if facts.driver else ""
        machine = f"an {facts.nvidia[0]}{driver}"
    elif facts.others:
        machine = f"a GPU of {facts.others[0]}"
    else:
        return None
    return look(
        "GPU",
        f"This machine has {machine}, but this llama.cpp computes on the CPU only: answers may "
        "take many times as long as they could.",
        _advice(facts),
    )


def _advice(facts: GpuFacts) -> str:
    """Say the one command for this card and system, and what else would do."""
    kind, wheel = _wheel(facts)
    server = f"or put a {SERVER} built with {kind} on PATH, which the engine finds by itself."
    if kind == "Metal":
        return f"pip install --force-reinstall {LLAMA}, {server}"
    if facts.glibc and facts.glibc < OLDEST_GLIBC:
        version = ".".join(map(str, facts.glibc))
        return (
            f"GPU builds of {LLAMA} need glibc 2.35, and this system has {version}: "
            f"conda install -c conda-forge llama.cpp, {server}"
        )
    if wheel is None:
        return f"Install the {kind} build of {LLAMA} from its own index (see its readme), {server}"
    return f"{wheel}, {server}"


def _wheel(facts: GpuFacts) -> tuple[str, str | None]:
    """Choose the build: CUDA for a card of NVIDIA whose driver is new enough, else Vulkan."""
    if not facts.nvidia and facts.others[:1] == ("Apple",):
        return "Metal", None
    major = re.match(r"\d+", facts.driver)
    if facts.nvidia and major is not None and int(major[0]) >= CUDA_12_8_DRIVER:
        # The oldest runs on every driver from there on, and on the most cards.
        kinds = sorted(kind for kind in facts.wheels if kind.startswith("cu"))
        return "CUDA", facts.wheels[kinds[0]] if kinds else None
    return "Vulkan", facts.wheels.get("vulkan")


def _facts(environ: Mapping[str, str]) -> GpuFacts:
    """Look at the machine."""
    driver, nvidia = nvidia_by_proc()
    if not nvidia:
        driver, nvidia = _nvidia_by_program(environ)
    others = others_by_sysfs()
    if sys.platform == "darwin" and platform.machine() == "arm64":
        others = ("Apple",)
    if not nvidia and not others:
        return GpuFacts(system=sys.platform)
    server, devices = _server(environ)
    return GpuFacts(
        system=sys.platform,
        nvidia=nvidia,
        driver=driver,
        others=others,
        llama=_llama_devices(),
        server=server,
        server_devices=devices,
        wheels=wheel_commands(),
        glibc=tuple(int(part) for part in re.findall(r"\d+", platform.libc_ver()[1])),
    )


def nvidia_by_proc(root: Path = Path("/proc/driver/nvidia")) -> tuple[str, tuple[str, ...]]:
    """Read the version of NVIDIA's driver and its cards, as its driver for Linux tells them."""
    try:
        version = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s", (root / "version").read_text())
        cards = [
            match[1].strip()
            for file in sorted(root.glob("gpus/*/information"))
            if (match := re.search(r"^Model:(.+)$", file.read_text(), re.MULTILINE))
        ]
    except OSError:
        return "", ()
    return version[1] if version else "", tuple(cards)


def _nvidia_by_program(environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    program = shutil.which("nvidia-smi", path=environ.get("PATH", os.defpath))
    query = ("--query-gpu=driver_version,name", "--format=csv,noheader")
    answer = None if program is None else _run(program, *query)
    rows = [line.split(", ", 1) for line in (answer or "").splitlines() if ", " in line]
    return (rows[0][0], tuple(name for _, name in rows)) if rows else ("", ())


def others_by_sysfs(root: Path = Path("/sys/class/drm")) -> tuple[str, ...]:
    """Name who made the other GPUs, as Linux tells it; not of what only draws a screen."""
    makers = set()
    for file in root.glob("card*/device/vendor"):
        try:
            makers.add(VENDORS.get(file.read_text().strip()))
        except OSError:
            continue
    return tuple(sorted(maker for maker in makers if maker))


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
        if devices := devices_listed(_run(program, "--list-devices") or ""):
            return program, devices
    return "", ()


def devices_listed(text: str) -> tuple[str, ...]:
    """Read what `llama-server --list-devices` prints."""
    return tuple(f"{match['description']} ({match['name']})" for match in LISTED.finditer(text))


def wheel_commands() -> dict[str, str]:
    """Return the commands in the readme of xllamacpp: it knows which builds it has."""
    try:
        readme = str(metadata(LLAMA).get_payload())  # type: ignore[attr-defined]
    except PackageNotFoundError:
        return {}
    return {match["kind"]: match[0] for match in WHEEL.finditer(readme)}


def _llama_devices() -> tuple[str, ...] | None:
    """Ask xllamacpp what it computes on, in a process of its own; `None`: it does not say."""
    answer = _run(sys.executable, "-c", DEVICES)
    if answer is None:
        return None
    rows = [line.split("\t", 1) for line in answer.splitlines() if "\t" in line]
    return tuple(f"{about} ({name})" for name, about in rows if not name.startswith("CPU"))


def _run(*command: str) -> str | None:
    """Return what a program prints; `None` if it fails or takes too long."""
    try:
        completed = subprocess.run(  # noqa: S603 - programs that the engine would run too
            command,
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=PATIENCE_S,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return completed.stdout
