"""GPUs in the tables of `ps` and `status`."""

import json

from msgspec.structs import replace

from lms_jupyter.api import cards
from lms_jupyter.api.draw import draw_instances, draw_status, instances_json
from lms_jupyter.protocol.models import Instance, Memory, MemoryUser
from lms_jupyter.protocol.shares import GpuShare
from lms_jupyter.protocol.slices import Activity
from tests.hosts.fake import FakeHost, fake_gpu, fake_model

GB = 1_000_000_000
QWEN = fake_model("qwen3-4b")
NOTEBOOK = MemoryUser(
    name="/home/me/notebooks/train.ipynb", is_notebook=True, memory_bytes=11_200_000_000, pid=7
)
BUSY = fake_gpu(total_bytes=24 * GB, available_bytes=9_100_000_000, users=(NOTEBOOK,))


def on_gpu(*shares: tuple[str, int], identifier: str = "qwen3-4b") -> Instance:
    instance = FakeHost(QWEN, clock=lambda: 1000.0).put(QWEN, identifier=identifier)
    gpu_memory = tuple(GpuShare(gpu_id=gpu_id, memory_bytes=size) for gpu_id, size in shares)
    return replace(
        instance,
        memory_bytes=400_000_000,
        gpu_memory=gpu_memory,
        runtime="llama-server b10434 (Vulkan)",
    )


def activity(*instances: Instance, memory: Memory | None) -> Activity:
    host = replace(FakeHost().info, address="127.0.0.1:1234")
    return Activity(epoch="e", now=1000.0, host=host, instances=instances, memory=memory)


def test_the_status_says_who_holds_each_gpu() -> None:
    memory = Memory(
        total_bytes=64 * GB,
        available_bytes=32 * GB,
        gpus=(BUSY, fake_gpu(1, name="Radeon", total_bytes=8 * GB, available_bytes=8 * GB)),
    )

    text = draw_status(activity(on_gpu(("CUDA0", 2_900_000_000)), memory=memory), "").text()

    assert text.splitlines()[2:] == [
        "IDENTIFIER    SIZE       MEMORY       GPU MEMORY",
        "qwen3-4b      2.50 GB    400.00 MB    2.90 GB",
        "",
        "POOL                              USED        FREE        TOTAL       HELD BY",
        "Main memory                       32.00 GB    32.00 GB    64.00 GB",
        "GPU 0: NVIDIA GeForce RTX 4090    14.90 GB    9.10 GB     24.00 GB    "
        "notebook train.ipynb 11.20 GB, qwen3-4b 2.90 GB, other programs 800.00 MB",
        "GPU 1: Radeon                     0 B         8.00 GB     8.00 GB",
    ]


def test_one_gpu_needs_no_number_and_none_no_line() -> None:
    memory = Memory(total_bytes=64 * GB, available_bytes=32 * GB, gpus=(BUSY,))

    shown = draw_status(activity(memory=memory), "").text()

    assert "\nNVIDIA GeForce RTX 4090    14.90 GB" in shown
    for gpus in ((), None):
        without = draw_status(activity(memory=replace(memory, gpus=gpus)), "").text()
        assert without.splitlines() == ["Fake 1 at 127.0.0.1:1234: nothing in memory."]


def test_ps_has_a_column_for_gpus_where_an_instance_is_on_one() -> None:
    split = on_gpu(("CUDA0", 2 * GB), ("CUDA1", 1 * GB), identifier="split")
    without = replace(on_gpu(identifier="without"), gpu_memory=())

    heading, *rows = draw_instances([split, without], 1000.0).text().splitlines()[2:]

    place = heading.index("GPU MEMORY")
    assert [row[place:].split("  ")[0] for row in rows] == ["3.00 GB", ""]
    assert "GPU" not in draw_instances([without], 1000.0).text()


def test_in_80_columns_the_gpu_memory_stays() -> None:
    text = draw_instances([on_gpu(("CUDA0", 2 * GB), identifier="qwen3-4b-2507")], 1000.0).text(80)

    assert "GPU MEMORY" in text.splitlines()[2]
    assert all(len(line) <= 80 for line in text.splitlines())


def test_json_says_it_where_it_is_told() -> None:
    with_gpu, without = json.loads(
        instances_json([on_gpu(("CUDA0", 5)), replace(on_gpu(), runtime=None)])
    )

    assert with_gpu["gpuMemory"] == [{"gpuId": "CUDA0", "memoryBytes": 5}]
    assert with_gpu["runtime"] == "llama-server b10434 (Vulkan)"
    assert not {"gpuMemory", "runtime"} & without.keys()


def test_the_card_of_an_instance_says_where_it_lies_and_what_serves_it() -> None:
    text = cards.draw_instance(on_gpu(("CUDA0", 2 * GB))).text()

    assert "GPU MEMORY" in text
    assert "RUNTIME         llama-server b10434 (Vulkan)" in text
    assert "GPU MEMORY" not in cards.draw_instance(on_gpu()).text()
