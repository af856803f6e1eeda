"""Which of llama.cpp's devices is which GPU of the driver."""

from __future__ import annotations

import pytest

from lms_jupyter.engine.gpus.gpu import Reading, normal_bus_id
from lms_jupyter.engine.gpus.joining import joined

from .fakes import GB, device

SMALL, BIG = "NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 4090"


def reading(name: str, free: int, uuid: str = "", bus_id: str = "") -> Reading:
    return Reading(name=name, uuid=uuid, bus_id=bus_id, total_bytes=24 * GB, free_bytes=free)


def free(devices: list[object], readings: list[Reading], **environment: str) -> list[int]:
    return [gpu.free_bytes for gpu in joined(devices, readings, environment, {})]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("00000000:0A:00.0", "0000:0a:00.0"),
        ("0000:0a:00.0", "0000:0a:00.0"),
        ("0a:00.0", "0000:0a:00.0"),
        ("", ""),
    ],
)
def test_an_address_on_the_bus_is_written_in_one_way(written: str, normal: str) -> None:
    assert normal_bus_id(written) == normal


def test_an_address_on_the_bus_settles_it_whatever_the_order() -> None:
    devices = [device("CUDA0", device_id="0000:02:00.0"), device("CUDA1", device_id="0000:01:00.0")]
    readings = [reading(BIG, 1, bus_id="0000:01:00.0"), reading(BIG, 2, bus_id="0000:02:00.0")]
    assert free(devices, readings) == [2, 1]


def test_names_tell_different_gpus_apart_and_order_the_same_ones() -> None:
    devices = [device("Vulkan0"), device("Vulkan1", description=SMALL), device("Vulkan2")]
    readings = [reading(SMALL, 1), reading(BIG, 2), reading(BIG, 3)]
    assert free(devices, readings) == [2, 1, 3]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [("1,0", [2, 1]), ("GPU-b,GPU-a", [2, 1]), ("0,1", [1, 2]), ("1,7,0", [2, 23 * GB])],
)
def test_a_reordering_for_cuda_programs_is_minded(visible: str, expected: list[int]) -> None:
    readings = [reading(BIG, 1, uuid="GPU-a"), reading(BIG, 2, uuid="GPU-b")]
    devices = [device("CUDA0"), device("CUDA1")]
    assert free(devices, readings, CUDA_VISIBLE_DEVICES=visible) == expected
    assert free([device("Vulkan0"), device("Vulkan1")], readings, CUDA_VISIBLE_DEVICES="1,0") == [
        1,
        2,
    ]


def test_a_slice_is_found_by_the_name_of_the_whole() -> None:
    (gpu,) = joined(
        [device(description="NVIDIA H100", device_id="0000:01:00.0")],
        [
            reading("NVIDIA H100 MIG 1g.10gb", 1, bus_id="0000:01:00.0"),
            reading("NVIDIA H100 MIG 1g.10gb", 2, uuid="MIG-2", bus_id="0000:01:00.0"),
        ],
        {"CUDA_VISIBLE_DEVICES": "MIG-2"},
        {},
    )
    assert gpu.free_bytes == 2


def test_what_no_driver_tells_is_what_llama_cpp_said_less_what_we_hold_since() -> None:
    (gpu,) = joined([device("Vulkan0", description="llvmpipe")], [], {}, {"Vulkan0": 5 * GB})
    assert (gpu.free_bytes, gpu.names_holders, gpu.is_measured) == (18 * GB, False, False)


def test_metal_computes_in_main_memory() -> None:
    (gpu,) = joined([device("MTL0", description="Apple M3")], [reading("Apple M3", 1)], {}, {})
    assert gpu.is_unified
    assert gpu.free_bytes == 23 * GB
