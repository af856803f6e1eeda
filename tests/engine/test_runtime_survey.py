"""What a program is, asked of itself; whatever it answers, it ends and is one sentence."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest

from lms_jupyter.engine.runtimes.discover import Candidate
from lms_jupyter.engine.runtimes.flags import CHILD_MODE, missing_settings
from lms_jupyter.engine.runtimes.runtime import Runtime
from lms_jupyter.engine.runtimes.survey import (
    MIB,
    backend_of,
    read_devices,
    read_flags,
    read_version,
    survey_installed,
    survey_program,
)
from tests import llama_server

from .stub_server import CUDA, write_stub

pytestmark = pytest.mark.asyncio
DEVICES = """ggml_vulkan: Found 2 Vulkan devices
Available devices:
  Vulkan0: llvmpipe (LLVM 15.0.6, 256 bits) (2048 MiB, 2040 MiB free)
  CUDA1: NVIDIA H100 80GB HBM3 (81559 MiB, 81062 MiB free)
  BLAS: OpenBLAS (0 MiB, 0 MiB free)
  ROCm0: half a line (12 MiB
"""


async def surveyed(program: Path, patience_s: float = 10.0) -> Runtime:
    return await survey_program(Candidate("llama-server", program), patience_s=patience_s)


async def test_device_lines_are_read_whatever_the_names_hold() -> None:
    one, other = read_devices(DEVICES)
    assert (one.name, one.description) == ("Vulkan0", "llvmpipe (LLVM 15.0.6, 256 bits)")
    assert (one.total_bytes, one.free_bytes) == (2048 * MIB, 2040 * MIB)
    assert (other.name, other.description) == ("CUDA1", "NVIDIA H100 80GB HBM3")
    assert backend_of([other, one]) == "cuda"
    assert backend_of([]) == "cpu"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("version: 6123 (abc1234)", "b6123"),
        ("ggml: hello\nversion: 0.1.0-dev (build 1, commit 7e4c0a9)\nbuilt with", "7e4c0a9"),
        ("version: 0.2.0 (build 11549, commit 7e4c0a9)", "b11549"),
        ("something else", "unknown"),
    ],
)
async def test_the_version_is_read_in_every_form(said: str, version: str) -> None:
    assert read_version(said) == version


async def test_flags_are_those_that_begin_a_line() -> None:
    flags = read_flags(
        "-ub,   --ubatch-size N     at most --batch-size\n"
        "                           see --other\n"
        "-kvu,  --kv-unified, -no-kvu, --no-kv-unified\n"
        "--draft, --draft-max N     the argument has been removed\n"
        "--spec-type none,draft-simple,draft-mtp\n"
    )
    assert {"-ub", "--ubatch-size", "--kv-unified", "--no-kv-unified", "--spec-type"} <= flags
    assert not {"--batch-size", "--other", "--draft-max"} & flags
    assert "--spec-type=draft-mtp" in flags
    assert "draft_mtp" not in missing_settings(flags)
    assert {"seed", "num_experts", "draft_model"} <= missing_settings(flags)


async def test_a_program_is_what_it_says(tmp_path: Path) -> None:
    found = await surveyed(write_stub(tmp_path / "llama-server", without=("--override-kv",)))
    assert not found.problem
    assert (found.version, found.backend) == ("b10434", "cuda")
    assert found.devices[0].description == "NVIDIA GeForce RTX 4090"
    assert found.label == "llama-server b10434 (CUDA)"
    assert found.missing == {"num_experts", "draft_mtp"}


@pytest.mark.parametrize(
    ("first", "patience_s", "reason"),
    [
        ("sleep 100", 0.5, "it has not answered for 0.5 seconds"),
        ("yes", 20, "it writes without end"),
        ("echo nothing; exit 0", 10, "it does not answer as a llama-server does"),
        ("exit 3", 10, "it ended with code 3"),
        ("kill -ILL $$", 10, "it was ended by SIGILL"),
        (
            "echo 'x: error while loading shared libraries: libcuda.so.1: no such file' >&2;exit 1",
            10,
            "it lacks the library libcuda.so.1",
        ),
    ],
)
async def test_a_bad_program_is_refused_with_one_reason(
    tmp_path: Path, first: str, patience_s: float, reason: str
) -> None:
    program = write_stub(tmp_path / "llama-server", first=first)
    before = psutil.Process().children()
    found = await surveyed(program, patience_s)
    assert found.problem == f"{program} cannot be used: {reason}."
    left = [one for one in psutil.Process().children() if one.status() != "zombie"]
    assert [one for one in left if one not in before] == []


async def test_a_program_for_another_system_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(200))
    assert "it may not be executed" in (await surveyed(program)).problem
    program.chmod(0o755)
    assert "it is no program for this system" in (await surveyed(program)).problem
    assert "it does not exist" in (await surveyed(tmp_path / "none")).problem


async def test_a_build_that_lacks_what_we_need_is_refused(tmp_path: Path) -> None:
    program = write_stub(tmp_path / "llama-server", without=("--api-key-file", "--parallel"))
    assert "it has no --api-key-file, --parallel." in (await surveyed(program)).problem
    program = write_stub(tmp_path / "llama-server", without=(CHILD_MODE,))
    assert "it is too old" in (await surveyed(program)).problem


async def test_a_survey_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    began = tmp_path / "began"
    os.mkfifo(began)
    program = write_stub(
        tmp_path / "llama-server", first=f'[ "$1" = --help ] && echo >{began} && sleep 100'
    )
    survey = asyncio.create_task(surveyed(program))
    await asyncio.to_thread(began.read_text)
    survey.cancel()
    await asyncio.wait([survey])
    assert survey.cancelled()
    assert not [one for one in psutil.Process().children(recursive=True) if one.name() == "sleep"]


async def test_the_installed_xllamacpp_says_what_it_computes_on() -> None:
    found = await survey_installed()
    assert (found.name, found.problem) == ("xllamacpp", "")
    assert found.version[0].isdecimal()


async def test_a_real_program_has_all_that_we_need() -> None:
    began = time.monotonic()
    found = await surveyed(llama_server.program())
    assert not found.problem
    assert not found.missing
    assert time.monotonic() - began < 10
    assert CUDA not in found.version
