"""What the doctor says of GPUs: nothing without one, and the one command where one lies idle."""

from pathlib import Path

import pytest

from lms_jupyter.doctor import gpus
from lms_jupyter.doctor.examine import examine
from lms_jupyter.doctor.gpus import GpuFacts, about_gpus
from lms_jupyter.idle_gpus import (
    MachineGpus,
    nvidia_by_proc,
    others_by_sysfs,
    wheel_commands,
)

WHEELS = {
    kind: f"pip install xllamacpp --force-reinstall --index-url https://host/whl/{kind}"
    for kind in ("cu132", "cu128", "vulkan")
}
RTX = "NVIDIA GeForce RTX 4090"


@pytest.mark.parametrize(
    ("facts", "says", "advice"),
    [
        (
            GpuFacts(
                machine=MachineGpus(
                    nvidia=(RTX,), driver="580.65.06", wheels=WHEELS, glibc=(2, 36)
                ),
                llama=(),
            ),
            f"This machine has an {RTX} with driver 580.65.06, but this llama.cpp computes on "
            "the CPU only",
            WHEELS["cu128"] + ", or put a llama-server built with CUDA on PATH",
        ),
        (
            GpuFacts(
                machine=MachineGpus(nvidia=(RTX,), driver="550.54", wheels=WHEELS, glibc=(2, 36)),
                llama=(),
            ),
            "with driver 550.54",
            WHEELS["vulkan"],
        ),
        (
            GpuFacts(machine=MachineGpus(nvidia=(RTX,), driver="580.65"), llama=()),
            f"an {RTX}",
            "Install the CUDA build of xllamacpp from its own index (see its readme)",
        ),
        (
            GpuFacts(
                machine=MachineGpus(nvidia=(RTX,), driver="580.65", wheels=WHEELS, glibc=(2, 31)),
                llama=(),
            ),
            f"an {RTX}",
            "need glibc 2.35, and this system has 2.31: conda install -c conda-forge llama.cpp",
        ),
        (
            GpuFacts(machine=MachineGpus(others=("AMD", "Intel"), wheels=WHEELS), llama=()),
            "This machine has a GPU of AMD, but",
            WHEELS["vulkan"],
        ),
        (
            GpuFacts(machine=MachineGpus(others=("Apple",)), llama=()),
            "a GPU of Apple",
            "pip install --force-reinstall xllamacpp, or put a llama-server built with Metal",
        ),
    ],
)
def test_a_gpu_that_lies_idle_is_named_with_its_command(
    facts: GpuFacts, says: str, advice: str
) -> None:
    finding = about_gpus(facts)

    assert finding is not None
    assert (finding.name, finding.state) == ("GPU", "look")
    assert says in finding.says
    assert finding.advice.startswith(advice) or advice in finding.advice


@pytest.mark.parametrize(
    "facts",
    [
        GpuFacts(machine=MachineGpus(nvidia=(RTX,), driver="580"), llama=(f"{RTX} (CUDA0)",)),
        GpuFacts(
            machine=MachineGpus(nvidia=(RTX,)),
            llama=(),
            server="/usr/bin/llama-server",
            server_devices=(f"{RTX} (Vulkan0)",),
        ),
    ],
)
def test_a_gpu_that_is_used_is_good(facts: GpuFacts) -> None:
    finding = about_gpus(facts)

    assert finding is not None
    assert finding.state == "good"
    assert RTX in finding.says


@pytest.mark.parametrize(
    "facts", [GpuFacts(llama=()), GpuFacts(machine=MachineGpus(nvidia=(RTX,)), llama=None)]
)
def test_nothing_is_said_without_a_gpu_or_without_the_engine(facts: GpuFacts) -> None:
    assert about_gpus(facts) is None


def test_a_check_that_has_nothing_to_say_has_not_hung() -> None:
    assert examine(environ={}, checks={"GPU": lambda _: ()}) == ()


def test_nvidias_driver_for_linux_is_read(tmp_path: Path) -> None:
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    (tmp_path / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:17:23 UTC 2025\n"
    )
    (tmp_path / "gpus" / "0000:01:00.0" / "information").write_text(
        f"Model: \t\t {RTX}\nIRQ:   \t\t 44\n"
    )

    assert nvidia_by_proc(tmp_path) == ("580.65.06", (RTX,))
    assert nvidia_by_proc(tmp_path / "none") == ("", ())


def test_the_makers_of_other_gpus_are_read(tmp_path: Path) -> None:
    for place, vendor in enumerate(("0x1002", "0x1a03", "0x8086")):
        (tmp_path / f"card{place}" / "device").mkdir(parents=True)
        (tmp_path / f"card{place}" / "device" / "vendor").write_text(f"{vendor}\n")

    assert others_by_sysfs(tmp_path) == ("AMD", "Intel")
    assert others_by_sysfs(tmp_path / "none") == ()


def test_the_list_of_devices_of_a_llama_server_is_read() -> None:
    listing = "Available devices:\n  Vulkan0: NVIDIA H100 80GB HBM3 (81559 MiB, 81062 MiB free)\n"

    assert gpus.devices_listed(listing) == ("NVIDIA H100 80GB HBM3 (Vulkan0)",)
    assert gpus.devices_listed("garbage: (\x00") == ()


def test_every_place_where_the_engine_looks_for_a_server_is_looked_at(tmp_path: Path) -> None:
    places = [
        tmp_path / "path" / "llama-server",
        tmp_path / "conda" / "bin" / "llama-server",
        tmp_path / ".lmstudio/extensions/backends/llama-vulkan/llama-server",
    ]
    for place in places:
        place.parent.mkdir(parents=True)
        place.touch(mode=0o755)
    environ = {"PATH": str(places[0].parent), "CONDA_PREFIX": str(tmp_path / "conda")}

    assert list(gpus.servers(environ, tmp_path)) == [str(place) for place in places]
    named = {"LMS_JUPYTER_LLAMA_SERVER": str(places[1])}
    assert next(gpus.servers(named, tmp_path)) == str(places[1])


def test_the_installed_xllamacpp_says_how_to_get_its_builds_for_gpus() -> None:
    commands = wheel_commands()

    assert {"cu128", "vulkan"} <= commands.keys()
    assert all(command.startswith("pip install xllamacpp") for command in commands.values())
