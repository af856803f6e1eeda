"""A GPU of this machine that llama.cpp does not use, and the one command that changes that.

Whoever knows that a llama.cpp computes on the processor only learns here what that costs.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

PATIENCE_S = 5.0
"""How long one program may take to answer; a driver that hangs must not hold up the rest."""
LLAMA = "xllamacpp"
SERVER = "llama-server"
WHEEL = re.compile(rf"pip install {LLAMA} [^\n]*--index-url \S+/(?P<kind>cu\d+|rocm[-.\d]+|vulkan)")
"""How the readme of xllamacpp says to install a build for a GPU, in its own words."""
CUDA_12_8_DRIVER = 580
"""From this driver on CUDA 12 wheels run whatever the card: it is one of CUDA 13."""
OLDEST_GLIBC = (2, 35)
VENDORS = {"0x1002": "AMD", "0x8086": "Intel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineGpus:
    """The GPUs of this machine, and which builds of llama.cpp there are for them."""

    nvidia: tuple[str, ...] = ()
    """The names of NVIDIA's cards."""
    driver: str = ""
    """The version of NVIDIA's driver."""
    others: tuple[str, ...] = ()
    """Whose other GPUs there are: "AMD", "Intel", "Apple"."""
    wheels: Mapping[str, str] = field(default_factory=dict)
    """The command for each GPU build, by its kind: "cu128", "vulkan"."""
    glibc: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class IdleGpu:
    """A sentence, and what to do."""

    says: str
    advice: str


def idle_gpu(machine: MachineGpus) -> IdleGpu | None:
    """Say what is lost if llama.cpp computes on the processor here; `None`: nothing. Pure."""
    if machine.nvidia:
        driver = f" with driver {machine.driver}" if machine.driver else ""
        has = f"an {machine.nvidia[0]}{driver}"
    elif machine.others:
        has = f"a GPU of {machine.others[0]}"
    else:
        return None
    return IdleGpu(
        f"This machine has {has}, but this llama.cpp computes on the CPU only: answers may "
        "take many times as long as they could.",
        _advice(machine),
    )


def _advice(machine: MachineGpus) -> str:
    """Say the one command for this card and system, and what else would do."""
    kind, wheel = _wheel(machine)
    server = f"or put a {SERVER} built with {kind} on PATH, which the engine finds by itself."
    if kind == "Metal":
        return f"pip install --force-reinstall {LLAMA}, {server}"
    if machine.glibc and machine.glibc < OLDEST_GLIBC:
        version = ".".join(map(str, machine.glibc))
        return (
            f"GPU builds of {LLAMA} need glibc 2.35, and this system has {version}: "
            f"conda install -c conda-forge llama.cpp, {server}"
        )
    if wheel is None:
        return f"Install the {kind} build of {LLAMA} from its own index (see its readme), {server}"
    return f"{wheel}, {server}"


def _wheel(machine: MachineGpus) -> tuple[str, str | None]:
    """Choose the build: CUDA for a card of NVIDIA whose driver is new enough, else Vulkan."""
    if not machine.nvidia and machine.others[:1] == ("Apple",):
        return "Metal", None
    major = re.match(r"\d+", machine.driver)
    if machine.nvidia and major is not None and int(major[0]) >= CUDA_12_8_DRIVER:
        # The oldest runs on every driver from there on, and on the most cards.
        kinds = sorted(kind for kind in machine.wheels if kind.startswith("cu"))
        return "CUDA", machine.wheels[kinds[0]] if kinds else None
    return "Vulkan", machine.wheels.get("vulkan")


def machine_gpus(environ: Mapping[str, str]) -> MachineGpus:
    """Look at the machine; may run NVIDIA's own program."""
    driver, nvidia = nvidia_by_proc()
    if not nvidia:
        driver, nvidia = _nvidia_by_program(environ)
    others = others_by_sysfs()
    if sys.platform == "darwin" and platform.machine() == "arm64":
        others = ("Apple",)
    if not nvidia and not others:
        return MachineGpus()
    return MachineGpus(
        nvidia=nvidia,
        driver=driver,
        others=others,
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
    answer = None if program is None else answer_of(program, *query)
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


def wheel_commands() -> dict[str, str]:
    """Return the commands in the readme of xllamacpp: it knows which builds it has."""
    try:
        readme = str(metadata(LLAMA).get_payload())  # type: ignore[attr-defined]
    except PackageNotFoundError:
        return {}
    return {match["kind"]: match[0] for match in WHEEL.finditer(readme)}


def answer_of(*command: str) -> str | None:
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
