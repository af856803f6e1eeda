from msgspec.structs import replace

from lms_jupyter.manager.eviction import evicted_by_request, making_room
from lms_jupyter.protocol.models import Estimate, Instance, Memory
from lms_jupyter.protocol.shares import GpuShare
from tests.hosts.fake import FakeHost, fake_gpu, fake_model

GB = 1_000_000_000


def instance(identifier: str, **changes: object) -> Instance:
    host = FakeHost()
    made = host.put(fake_model(), identifier=identifier)
    return replace(made, memory_bytes=2 * GB, idle_since=100.0, **changes)


def needs(total_bytes: int, vram_bytes: int = 0) -> Estimate:
    return Estimate(
        total_bytes=total_bytes,
        vram_bytes=vram_bytes,
        confidence="high",
        passes_guardrails=True,
    )


def test_a_request_evicts_only_what_a_request_has_loaded_and_nobody_uses() -> None:
    instances = (
        instance("by-request", jit=True),
        instance("by-hand"),
        instance("pinned", jit=True, pinned=True),
        instance("working", jit=True, status="generating"),
        instance("waited-for", jit=True, queued=1),
    )

    assert evicted_by_request(instances) == ("by-request",)


def test_the_longest_idle_make_room_first_and_no_more_than_needed() -> None:
    young = replace(instance("young"), idle_since=300.0)
    old = replace(instance("old"), idle_since=100.0)
    middle = replace(instance("middle"), idle_since=200.0)
    memory = Memory(total_bytes=10 * GB, available_bytes=1 * GB)

    assert making_room((young, old, middle), needs(1 * GB), memory) == ()
    assert making_room((young, old, middle), needs(2 * GB), memory) == ("old",)
    assert making_room((young, old, middle), needs(4 * GB), memory) == ("old", "middle")


def test_nothing_is_proposed_that_would_not_help() -> None:
    memory = Memory(total_bytes=10 * GB, available_bytes=1 * GB)

    assert making_room((instance("chat"),), needs(9 * GB), memory) == ()
    assert making_room((instance("chat"),), needs(9 * GB), None) == ()
    assert making_room((instance("chat", pinned=True),), needs(2 * GB), memory) == ()


def test_the_pool_that_is_short_is_the_one_that_is_made_room_in() -> None:
    main = replace(instance("main"), idle_since=100.0)
    share = GpuShare(gpu_id="CUDA0", memory_bytes=4 * GB)
    on_gpu = replace(instance("on-gpu"), idle_since=200.0, gpu_memory=(share,), memory_bytes=0)
    gpu = fake_gpu(total_bytes=8 * GB, available_bytes=1 * GB)
    memory = Memory(total_bytes=10 * GB, available_bytes=2 * GB, gpus=(gpu,))

    assert making_room((main, on_gpu), needs(6 * GB, 5 * GB), memory) == ("on-gpu",)
    assert making_room((main, on_gpu), needs(4 * GB, 1 * GB), memory) == ("main",)
    assert making_room((main, on_gpu), needs(8 * GB, 5 * GB), memory) == ("main", "on-gpu")
    assert making_room((main, on_gpu), needs(9 * GB, 9 * GB), memory) == ()
