"""What a build of llama.cpp is, and what it computes on: asked of the build itself."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import sys
from collections.abc import Iterable
from functools import partial

from lms_jupyter.engine.gpus.device import Device
from lms_jupyter.engine.runtimes.ask import ANSWER_S, EndlessError, NoAnswerError, ask
from lms_jupyter.engine.runtimes.discover import Candidate
from lms_jupyter.engine.runtimes.flags import (
    CHILD_MODE,
    FLAGS,
    REQUIRED,
    flag_for,
    missing_settings,
)
from lms_jupyter.engine.runtimes.kept_answers import KeptAnswers
from lms_jupyter.engine.runtimes.runtime import Backend, Runtime, installed

MIB = 2**20
MAX_TEXT = 200

_DEVICE = re.compile(
    r"^\s+(?P<name>[^\s:]+): (?P<description>.*) "
    r"\((?P<total>\d+) MiB, (?P<free>\d+) MiB free\)\s*$",
    re.MULTILINE,
)
_NO_GPU = ("BLAS", "RPC", "CPU", "Accelerate")
_BACKENDS: tuple[tuple[str, Backend], ...] = (
    ("CUDA", "cuda"),
    ("ROCm", "rocm"),
    ("HIP", "rocm"),
    ("Metal", "metal"),
    ("MTL", "metal"),
    ("Vulkan", "vulkan"),
    ("SYCL", "sycl"),
)
_FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
_DESCRIPTION = re.compile(r"(?<![,\s])\s{2,}")
_VALUES = re.compile(r"^(?:.*\s)?(?P<flag>--spec-type) (?P<values>[\w,-]+)$", re.MULTILINE)
_VERSION = re.compile(r"^version: (?P<number>\S+)(?: \((?P<more>[^)]*)\))?", re.MULTILINE)
_BUILD = re.compile(r"build (?P<number>\d+)")
_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")

_OWN = """
import json, xllamacpp
print(json.dumps([
    {
        name: one[name]
        for name in ("name", "description", "memory_total", "memory_free", "device_id")
    }
    for one in xllamacpp.get_device_info() if "GPU" in one["type"].name
]))
"""


async def survey_program(
    candidate: Candidate, kept: KeptAnswers | None = None, *, patience_s: float = ANSWER_S
) -> Runtime:
    """Ask a `llama-server` what it is; what is wrong with it is the runtime's `problem`.

    Args:
        candidate: Which.
        kept: What programs have said before; what the same file has said is not asked again.
        patience_s: How long each answer may take.
    """
    program = candidate.program
    found = Runtime(name=candidate.name, version="", program=program)
    kept = kept or KeptAnswers()
    known = await asyncio.to_thread(kept.of, program)
    if known is not None and known.problem:
        why = f"{program} cannot be used: {known.problem}, and is asked again after an hour."
        return _with_problem(found, why)
    questions = ["--list-devices"] if known else ["--list-devices", "--version", "--help"]
    answers = await asyncio.gather(
        *(ask([str(program), question], patience_s=patience_s) for question in questions),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, EndlessError):
            await asyncio.to_thread(kept.keep, program, problem=str(answer))
        if isinstance(answer, NoAnswerError):
            return _with_problem(found, f"{program} cannot be used: {answer}.")
        if isinstance(answer, BaseException):
            raise answer
    listed, *texts = (
        "\n".join(answer) for answer in answers if not isinstance(answer, BaseException)
    )
    if known is None:
        version, flags = read_version(texts[0]), read_flags(texts[1])
        await asyncio.to_thread(partial(kept.keep, program, version=version, flags=flags))
    else:
        version, flags = known.version, known.flags
    devices = read_devices(listed)
    found = dataclasses.replace(
        found,
        version=version,
        backend=backend_of(devices),
        devices=devices,
        flags=flags,
        missing=missing_settings(flags),
    )
    return _with_problem(found, lacks(str(program), flags))


def lacks(program: str, flags: frozenset[str]) -> str:
    """Say what keeps a program with these flags from serving us at all; empty if nothing does."""
    absent = [FLAGS[what][0] for what in REQUIRED if not flag_for(what, flags)]
    if len(absent) == len(REQUIRED):
        return f"{program} cannot be used: it does not answer as a llama-server does."
    if absent:
        return f"{program} cannot be used: it has no {', '.join(absent)}."
    if CHILD_MODE not in flags:
        return (
            f"{program} cannot be used: it is too old to say how far a load is "
            f"(it has no {CHILD_MODE})."
        )
    return ""


async def survey_installed(*, patience_s: float = ANSWER_S) -> Runtime:
    """Ask the installed xllamacpp for its GPUs, in a process of its own.

    A driver that is asked keeps some hundred megabytes of a GPU for the process.
    """
    found = installed()
    try:
        output, _ = await ask([sys.executable, "-P", "-c", _OWN], patience_s=patience_s)
        devices = tuple(
            Device(
                name=str(load["name"]),
                description=_text(str(load["description"])),
                total_bytes=int(load["memory_total"]),
                free_bytes=int(load["memory_free"]),
                device_id=str(load["device_id"] or ""),
            )
            for load in json.loads(output.splitlines()[-1])
        )
    except NoAnswerError as error:
        return _with_problem(found, f"The installed xllamacpp cannot be used: {error}.")
    except (ValueError, LookupError, TypeError):
        # It says nothing of its devices that can be read: an older one, which computes as it did.
        return found
    return dataclasses.replace(found, backend=backend_of(devices), devices=devices)


def read_devices(text: str) -> tuple[Device, ...]:
    """Read what `--list-devices` prints.

    >>> read_devices("  Vulkan0: llvmpipe (LLVM 15, 256 bits) (2048 MiB, 1 MiB free)")[0].name
    'Vulkan0'
    """
    return tuple(
        Device(
            name=match["name"],
            description=_text(match["description"]),
            total_bytes=int(match["total"]) * MIB,
            free_bytes=int(match["free"]) * MIB,
        )
        for match in _DEVICE.finditer(text)
        if not match["name"].startswith(_NO_GPU)
    )


def read_flags(text: str) -> frozenset[str]:
    """Read what `--help` lists at the beginning of its lines; a value counts as `--flag=value`."""
    flags = {
        flag
        for line in text.splitlines()
        if line.startswith("-") and "argument has been removed" not in line
        for flag in _FLAG.findall(_DESCRIPTION.split(line)[0])
    }
    for match in _VALUES.finditer(text):
        flags |= {f"{match['flag']}={value}" for value in match["values"].split(",")}
    return frozenset(flags)


def read_version(text: str) -> str:
    """Read what `--version` prints, which is another thing in every packaging.

    >>> read_version("version: 6123 (abc1234)")
    'b6123'
    """
    match = _VERSION.search(text)
    if match is None:
        return "unknown"
    number, more = match["number"], match["more"] or ""
    if number.isdecimal() and int(number) > 1:
        return f"b{number}"
    build, commit = _BUILD.search(more), _COMMIT.search(more)
    if build and int(build["number"]) > 1:
        return f"b{build['number']}"
    return commit[0] if commit else _text(number)


def backend_of(devices: Iterable[Device]) -> Backend:
    """Return what a build computes with, by the names of its devices."""
    for device in devices:
        known = (backend for prefix, backend in _BACKENDS if device.name.startswith(prefix))
        return next(known, "other")
    return "cpu"


def _with_problem(runtime: Runtime, problem: str) -> Runtime:
    return dataclasses.replace(runtime, problem=problem)


def _text(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()[:MAX_TEXT]
