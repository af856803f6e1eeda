"""From settings and GPUs to which layer lies where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.instances.placement import Placer, check
from lms_jupyter.engine.instances.vram import GpuUse, Site, places
from lms_jupyter.engine.library.gguf import GgufHeader, read_header
from lms_jupyter.engine.runtimes.runtime import Runtime
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Placement
from tests.engine.synthetic import Shape, write_llm

from .fakes import GB, gpu

LAYERS = 32
PROGRAM = Runtime(
    name="llama-server", version="b10434", backend="vulkan", program=Path("/bin/llama-server")
)
PACKAGE = Runtime(name="xllamacpp", version="1")
ONE = (gpu("Vulkan0"),)
TWO = (gpu("Vulkan0", free=10 * GB), gpu("Vulkan1", free=20 * GB, name="AMD Radeon"))


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> GgufHeader:
    return read_header(write_llm(tmp_path_factory.mktemp("models") / "m.gguf", shape=Shape()))


def uses(site: Site) -> Sequence[GpuUse]:
    """Each layer takes a gigabyte, and each GPU that is used one more."""
    where = places(site, LAYERS)
    counts = [where.count(number) for number in range(len(site.gpus))]
    return tuple(GpuUse(weights=n * GB, process=GB if n else 0) for n in counts)


def placed(
    gpus: Sequence[Gpu], runtime: Runtime = PROGRAM, share: float = 1.0, **settings: Any
) -> Placement:
    placer = Placer(
        settings=LoadSettings(**settings),
        layers=LAYERS,
        gpus=gpus,
        runtime=runtime,
        uses=uses,
        share=share,
    )
    return placer.place().placement


@pytest.mark.parametrize(
    ("ratio", "layers"), [(1.0, 33), (0.0, 0), (0.5, 16), (0.51, 16), (0.52, 17), (0.99, 32)]
)
def test_a_part_of_the_layers_is_rounded_and_max_takes_the_output_as_well(
    ratio: float, layers: int
) -> None:
    assert placed(ONE, gpu_offload_ratio=ratio).gpu_layers == layers


@pytest.mark.parametrize(
    ("free", "share", "layers"),
    [(40, 1.0, 33), (34, 1.0, 33), (33.9, 1.0, 32), (20, 1.0, 19), (20, 0.5, 9), (1.5, 1.0, 0)],
)
def test_where_nothing_is_said_as_many_layers_as_fit_go_there(
    free: float, share: float, layers: int
) -> None:
    assert placed([gpu("Vulkan0", free=free * GB)], share=share).gpu_layers == layers


@pytest.mark.parametrize(
    ("settings", "devices", "split"),
    [
        ({}, ("Vulkan0", "Vulkan1"), (9536.0, 19073.0)),
        ({"disabled_gpus": (0,)}, ("Vulkan1",), ()),
        (
            {"split_strategy": "custom", "gpu_custom_ratio": (3.0, 1.0)},
            ("Vulkan0", "Vulkan1"),
            (3.0, 1.0),
        ),
        ({"split_strategy": "custom", "gpu_custom_ratio": (0.0, 1.0)}, ("Vulkan1",), ()),
        (
            {"split_strategy": "priorityOrder", "gpu_priority": (1,)},
            ("Vulkan1", "Vulkan0"),
            (19.0, 1.0),
        ),
        ({"split_strategy": "priorityOrder"}, ("Vulkan0", "Vulkan1"), (9.0, 11.0)),
        (
            {"split_strategy": "priorityOrder", "gpu_priority": (1, 0), "disabled_gpus": (1,)},
            ("Vulkan0",),
            (),
        ),
    ],
    ids=["evenly", "disabled", "custom", "custom of one", "priority", "in order", "both"],
)
def test_two_gpus_share_the_layers_as_the_split_says(
    settings: dict[str, Any], devices: tuple[str, ...], split: tuple[float, ...]
) -> None:
    placement = placed(TWO, gpu_offload_ratio=20 / LAYERS, **settings)
    assert (placement.devices, placement.tensor_split) == (devices, split)


def test_what_fits_into_the_first_gpu_stays_on_it() -> None:
    placement = placed(TWO, split_strategy="priorityOrder", gpu_offload_ratio=8 / LAYERS)
    assert (placement.devices, placement.tensor_split) == (("Vulkan0",), ())


def test_xllamacpp_which_cannot_name_gpus_gives_the_others_nothing() -> None:
    placement = placed(TWO, PACKAGE, disabled_gpus=(0,), gpu_offload_ratio=1.0)
    assert placement.devices == ()
    assert placement.tensor_split == (0.0, 19073.0)


def test_without_gpus_llama_cpp_is_told_as_before() -> None:
    assert placed(()) == Placement(gpu_layers=33)
    assert placed((), gpu_offload_ratio=0.5, disabled_gpus=(3,)) == Placement(gpu_layers=16)


def test_with_all_gpus_disabled_everything_stays_in_main_memory() -> None:
    assert placed(TWO, disabled_gpus=(0, 1)) == Placement()


def test_experts_stay_in_main_memory_in_a_part_of_the_layers() -> None:
    half = placed(ONE, gpu_offload_ratio=1.0, num_cpu_expert_layers_ratio=0.5)
    assert half.cpu_expert_layers == 16


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "disabled": (
        {"disabled_gpus": (2,)},
        BadRequestError,
        r"no GPU 2: llama.cpp has 0 \(NVIDIA GeForce RTX 4090\), 1 \(AMD Radeon\)",
    ),
    "first": (
        {"split_strategy": "priorityOrder", "gpu_priority": (7,)},
        BadRequestError,
        "no GPU 7",
    ),
    "none left": (
        {"disabled_gpus": (0, 1), "gpu_offload_ratio": 0.5},
        BadRequestError,
        "50% of the layers cannot go to a GPU: all GPUs are disabled",
    ),
    "too short": (
        {"split_strategy": "custom", "gpu_custom_ratio": (1.0,)},
        BadRequestError,
        "one number for each GPU, 2 here and not 1",
    ),
    "nothing": (
        {"split_strategy": "custom", "gpu_custom_ratio": (0.0, 1.0), "disabled_gpus": (1,)},
        BadRequestError,
        "gives nothing to any GPU",
    ),
    "no experts": ({"num_cpu_expert_layers_ratio": 0.5}, UnsupportedError, "this model has none"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_had_is_refused_with_the_reason(header: GgufHeader, case: str) -> None:
    settings, kind, said = REFUSED[case]
    with pytest.raises(kind, match=said):
        check(LoadSettings(**settings), header, TWO, PROGRAM)


@pytest.mark.parametrize("case", REFUSED)
def test_without_a_gpu_or_off_the_gpus_it_is_no_matter(header: GgufHeader, case: str) -> None:
    settings = LoadSettings(**REFUSED[case][0])
    check(settings, header, (), PROGRAM)
    check(replace(settings, gpu_offload_ratio=0.0), header, TWO, PROGRAM)


@pytest.mark.parametrize(
    ("lacking", "settings"),
    [
        ("disabled_gpus", {"disabled_gpus": (0,)}),
        ("gpu_priority", {"gpu_priority": (0,)}),
        ("num_cpu_expert_layers_ratio", {"num_cpu_expert_layers_ratio": 1.0}),
    ],
)
def test_what_a_runtime_lacks_is_refused_in_its_name(
    header: GgufHeader, lacking: str, settings: dict[str, Any]
) -> None:
    runtime = replace(PROGRAM, missing=frozenset({lacking}))
    with pytest.raises(UnsupportedError, match="llama-server b10434 cannot"):
        check(LoadSettings(**settings), header, TWO, runtime)
    check(LoadSettings(), header, TWO, runtime)


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        (Placement(gpu_layers=5), (0, 0, 0, 1, 1)),
        (Placement(gpu_layers=99), (0, 0, 0, 1, 1)),
        (Placement(gpu_layers=2), (None, None, None, 0, 1)),
        (Placement(gpu_layers=5, devices=("B",)), (1, 1, 1, 1, 1)),
        (Placement(gpu_layers=5, devices=("B", "A"), tensor_split=(1, 4)), (1, 0, 0, 0, 0)),
        (Placement(gpu_layers=5, tensor_split=(0, 1)), (1, 1, 1, 1, 1)),
        (Placement(), (None,) * 5),
    ],
)
def test_layers_lie_where_llama_cpp_puts_them(
    placement: Placement, expected: tuple[int | None, ...]
) -> None:
    assert places(Site(gpus=("A", "B"), placement=placement), 4) == expected
