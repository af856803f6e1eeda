"""Turns llama.cpp's last words into one sentence that helps. Pure."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from pathlib import Path

from lms_jupyter.engine.errors import LoadFailedError

_ERROR_LINE = re.compile(r"^(?:[\d.]+ )?E (?P<text>.*)$")
_NOISE = ("exiting due to", "Failed to init server", "cleaning up")

_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"cannot run (?P<program>.+): (?P<why>[^:]+)$",
        "{program}, which is to load {file}, cannot be run: {why}.",
        "Look whether it is still there, or select another runtime.",
    ),
    (
        r"not within the file bounds|corrupted or incomplete|reached end of file|failed to read",
        "The file is truncated or damaged: {file}.",
        "Download it again; the transfer may have been cut off.",
    ),
    (
        r"invalid magic|bad magic",
        "This is not a GGUF file: {file}.",
        "Only models in the GGUF format can be loaded.",
    ),
    (
        r"(?:failed|unable) to allocate (?P<gpu>[A-Za-z]+\d+) buffer",
        "There is not enough memory on the GPU {gpu} to load {file}.",
        "Another program may have taken it: put fewer layers there, or unload something first.",
    ),
    (
        r"failed to allocate|unable to allocate|bad_alloc|Cannot allocate memory",
        "There is not enough memory to load {file}.",
        "Use a shorter context or a smaller variant, or unload something first.",
    ),
    (
        r"unknown (?:model )?architecture",
        "llama.cpp does not know the architecture of {file}.",
        "A newer release of the runtime may know it.",
    ),
    (
        r"[Vv] cache (?:quantization )?requires flash_attn",
        "A quantised V cache needs flash attention.",
        "Turn flash attention on, or use f16 for the V cache.",
    ),
    (
        r"cache type (?P<kind>\w+) with block size (?P<block>\d+) does not divide \w+=(?P<head>\d+)",  # noqa: E501 - one pattern
        "Blocks of {block} values, as in a {kind} cache, do not fit the heads of {head} of {file}.",
        "Leave the cache at f16 for this model.",
    ),
    (
        r"doesn't contain MTP layers|failed to create MTP context",
        "{file} has no layers of its own that could propose tokens.",
        "Load it without them, or name a draft model.",
    ),
    (
        r"No such file or directory|failed to open",
        "The file cannot be opened: {file}.",
        "It may have been moved or deleted since it was listed.",
    ),
    (
        r"this (?P<build>xllamacpp|llama-server) has no (?P<names>.+)",
        "This release of {build} has no parameter {names}, which the load of {file} needs.",
        "Install a newer {build}, or leave the setting out.",
    ),
    (
        r"cannot import llama\.cpp",
        "llama.cpp could not be started.",
        "Check the installation of xllamacpp; on Linux it needs the library libgomp1.",
    ),
)


_DRIVER = re.compile(r"(?:CUDA|ROCm|HIP|SYCL) error: .+|\bvk::.+Error\w+|ErrorDeviceLost.*")
"""What the drivers of GPUs say, without llama.cpp's mark of an error."""


def explain(stderr: Iterable[str], exit_code: int, file: Path) -> LoadFailedError:
    """Return the error for a worker that ended before its model was ready."""
    lines = list(stderr)
    errors = [match["text"] for line in lines if (match := _ERROR_LINE.match(line))]
    reasons = [text for text in errors if not any(noise in text for noise in _NOISE)]
    everything = "\n".join(reasons)
    first = f" llama.cpp says: {_short(reasons[0])}" if reasons else ""
    for pattern, title, hint in _KNOWN:
        found = re.search(pattern, everything, re.MULTILINE)
        if found:
            return LoadFailedError(
                title.format(file=file, **found.groupdict()),
                hint=f"{hint.format(file=file, **found.groupdict())}{first}",
            )
    driver = next((found[0] for line in lines if (found := _DRIVER.search(line))), "")
    if driver:
        return LoadFailedError(
            f"The driver of the GPU gave up while {file} was loaded: {driver.rstrip('.')}.",
            hint="The GPU may be full, or may have been reset: load less onto it, or nothing.",
        )
    if exit_code < 0:
        name = _signal_name(-exit_code)
        if name == "SIGILL":
            return LoadFailedError(
                f"This build of llama.cpp cannot run on this machine's processor; loading {file} "
                "ended with SIGILL.",
                hint="It uses instructions that the processor does not have: take another build.",
            )
        return LoadFailedError(
            f"llama.cpp was ended by {name} while loading {file}.",
            hint=f"The machine may be out of memory, or the file unusual.{first}",
        )
    why = _short(reasons[0]) if reasons else f"it ended with code {exit_code} and gave no reason"
    return LoadFailedError(
        f"llama.cpp could not load {file}: {why}.", reason=why if reasons and exit_code == 1 else ""
    )


def hanging(file: Path, still_s: float, runtime: str) -> LoadFailedError:
    """Return the error for a worker that was ended because it got nowhere."""
    return LoadFailedError(
        f"{runtime} hung while it loaded {file}: it did nothing for {still_s:.0f} seconds, and was "
        "ended.",
        hint="The driver of the GPU may hang, or the disk: look at them, or load with --gpu off or "
        "by another runtime (%lms runtime ls).",
    )


def _short(reason: str) -> str:
    """Drop the names of the C++ functions that speak."""
    return (
        re.sub(
            r"^\s*(?:(?:\w+\s+)?\w+:|error loading model:|chat template parsing error:)+"
            r"\s*(?:error:\s*)?",
            "",
            reason,
        )
        .strip()
        .rstrip(".:")
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
