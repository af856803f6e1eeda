from msgspec.structs import replace

from lms_jupyter.hosts.base import Snapshot
from lms_jupyter.manager.events import (
    HostLost,
    InstanceLoaded,
    LoadEnded,
    LoadProgressed,
    LoadStarted,
    Polled,
)
from lms_jupyter.manager.reduce import State, reduce
from lms_jupyter.protocol.models import HostInfo, Instance, Load, Memory
from lms_jupyter.protocol.slices import Activity, Catalog

EMPTY = State(
    catalog=Catalog(epoch="e"),
    activity=Activity(epoch="e", now=100.0, host=HostInfo(name="Fake", address="fake:0")),
)
LOAD = Load(load_id="e-1", identifier=None, model_key="m", fraction=0.0, started_at=100.0)


def test_seeing_the_same_again_counts_no_revision() -> None:
    state = reduce(EMPTY, Polled(snapshot=Snapshot(now=200.0, instances=())))

    assert state.activity.revision == EMPTY.activity.revision


def test_free_memory_counts_when_it_could_be_seen() -> None:
    def look(available_bytes: int) -> Polled:
        memory = Memory(total_bytes=1000, available_bytes=available_bytes)
        return Polled(snapshot=Snapshot(now=200.0, instances=(), memory=memory))

    first = reduce(EMPTY, look(500))
    hardly = reduce(first, look(490))
    half = reduce(hardly, look(250))

    assert hardly.activity.revision == first.activity.revision
    assert half.activity.revision == first.activity.revision + 1
    assert half.activity.memory == Memory(total_bytes=1000, available_bytes=250)


def test_progress_never_falls() -> None:
    state = reduce(EMPTY, LoadStarted(load=LOAD))
    for fraction in (0.5, 0.2, 0.7):
        state = reduce(state, LoadProgressed(load_id="e-1", fraction=fraction))

    assert [load.fraction for load in state.activity.loads] == [0.7]


def test_an_old_sight_does_not_bring_back_a_load_of_ours_that_ended() -> None:
    started = reduce(EMPTY, LoadStarted(load=LOAD))
    ended = reduce(started, LoadEnded(load_id="e-1"))

    late = reduce(ended, Polled(snapshot=Snapshot(now=101.0, instances=(), loads=(LOAD,))))

    assert late.activity.loads == ()


def test_a_load_of_another_client_is_shown_beside_ours() -> None:
    foreign = replace(LOAD, load_id="other-1")
    state = reduce(EMPTY, LoadStarted(load=LOAD))

    state = reduce(state, Polled(snapshot=Snapshot(now=101.0, instances=(), loads=(foreign,))))

    assert [load.load_id for load in state.activity.loads] == ["e-1", "other-1"]


def test_losing_the_host_keeps_the_picture_and_says_since_when() -> None:
    once = reduce(EMPTY, HostLost(at=150.0))
    twice = reduce(once, HostLost(at=160.0))

    assert (twice.activity.host.link, twice.activity.host.link_since) == ("lost", 150.0)


def test_an_instance_takes_the_place_of_its_name_on_its_own_device_alone() -> None:
    here = Instance(
        identifier="twin",
        instance_reference="1",
        model_key="m",
        kind="llm",
        display_name="m",
        path="m",
        size_bytes=1,
        context_length=1,
        max_context_length=1,
    )
    there = replace(here, instance_reference="2", device="gpu-box")
    again = replace(there, instance_reference="3")

    state = EMPTY
    for instance in (here, there, again):
        state = reduce(state, InstanceLoaded(instance=instance))

    assert [i.instance_reference for i in state.activity.instances] == ["1", "3"]
