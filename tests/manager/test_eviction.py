from msgspec.structs import replace

from lms_jupyter.hosts.fake import FakeHost, fake_model
from lms_jupyter.manager.eviction import evicted_by_request, making_room
from lms_jupyter.protocol.models import Instance, Memory

GB = 1_000_000_000


def instance(identifier: str, **changes: object) -> Instance:
    host = FakeHost()
    made = host.put(fake_model(), identifier=identifier)
    return replace(made, memory_bytes=2 * GB, idle_since=100.0, **changes)


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

    assert making_room((young, old, middle), 1 * GB, memory) == ()
    assert making_room((young, old, middle), 2 * GB, memory) == ("old",)
    assert making_room((young, old, middle), 4 * GB, memory) == ("old", "middle")


def test_nothing_is_proposed_that_would_not_help() -> None:
    memory = Memory(total_bytes=10 * GB, available_bytes=1 * GB)

    assert making_room((instance("chat"),), 9 * GB, memory) == ()
    assert making_room((instance("chat"),), 9 * GB, None) == ()
    assert making_room((instance("chat", pinned=True),), 2 * GB, memory) == ()
