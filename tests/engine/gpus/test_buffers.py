"""What llama.cpp says it took on each device; lines as build b10434 writes them."""

from __future__ import annotations

from lms_jupyter.engine.gpus.buffers import Buffers

LOAD = """\
0.00.419.481 I load_tensors:   CPU_Mapped model buffer size =     7.81 MiB
0.00.419.508 I load_tensors:      Vulkan0 model buffer size =    56.85 MiB
0.00.514.008 I llama_context: constructing llama_context
0.00.514.243 I llama_context: Vulkan_Host  output buffer size =     0.12 MiB
0.00.518.602 I llama_kv_cache:    Vulkan0 KV buffer size =    32.00 MiB
0.00.518.603 I llama_kv_cache:    Vulkan1 KV buffer size =    16.00 MiB
0.00.610.267 I sched_reserve:    Vulkan0 compute buffer size =    12.25 MiB
0.00.610.282 I sched_reserve: Vulkan_Host compute buffer size =     4.01 MiB
"""


def _noted(text: str) -> dict[str, float]:
    buffers = Buffers()
    for line in text.splitlines():
        buffers.note(line)
    return {device: round(size / 2**20, 2) for device, size in buffers.by_device.items()}


def test_weights_caches_and_what_is_computed_add_up_by_device() -> None:
    assert _noted(LOAD) == {"Vulkan0": 101.1, "Vulkan1": 16.0}


def test_a_buffer_for_computing_that_is_made_anew_replaces_the_one_before() -> None:
    again = LOAD + "I sched_reserve:    Vulkan0 compute buffer size =    20.25 MiB\n"
    assert _noted(again)["Vulkan0"] == 109.1


def test_a_draft_model_has_buffers_of_its_own() -> None:
    assert _noted(LOAD + LOAD) == {"Vulkan0": 202.2, "Vulkan1": 32.0}


def test_all_else_says_nothing() -> None:
    assert _noted("I srv  llama_server: model loaded\nCPU KV buffer size = 8.00 MiB\n") == {}
