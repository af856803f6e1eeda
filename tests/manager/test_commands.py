import asyncio
from typing import get_args

import pytest
from traitlets import Bunch

from lms_jupyter.errors import (
    CommandError,
    InstanceExistsError,
    InstanceNotFoundError,
    LoadCancelledError,
    ModelNotFoundError,
)
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.events import Polled
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.protocol.commands import (
    CancelLoad,
    Command,
    EstimateLoad,
    PinInstance,
    Refresh,
    SetTtl,
    UnloadInstance,
)
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Estimate, LoadConfig, Memory
from tests.hosts.fake import FakeHost, fake_gpu

QWEN = "qwen/qwen3-4b"


async def begun(host: FakeHost) -> None:
    """Wait until the host has begun a load."""
    async for _sight in host.subscribe():
        if host.loads:
            return


@pytest.mark.parametrize("command", get_args(Command))
def test_every_command_has_a_runner(command: type) -> None:
    assert run.dispatch(command) is not run.dispatch(object)


@pytest.mark.asyncio
async def test_a_load_is_seen_moving_and_then_as_an_instance(manager: Manager) -> None:
    seen: list[float] = []

    def watch(change: Bunch) -> None:
        seen.extend(load.fraction for load in change.new.loads)

    manager.observe(watch, "activity")

    outcome = await run(LoadRequest(model_key=QWEN, mode="new", ttl_s=600), manager)

    assert isinstance(outcome, LoadResult)
    assert sorted(set(seen)) == seen == [0.0, 0.5, 1.0]
    assert manager.activity.loads == ()
    assert [(i.identifier, i.ttl_s) for i in manager.activity.instances] == [(QWEN, 600)]


@pytest.mark.asyncio
async def test_loading_twice_makes_two_and_ensuring_makes_none(manager: Manager) -> None:
    await run(LoadRequest(model_key=QWEN, mode="new"), manager)
    await run(LoadRequest(model_key=QWEN, mode="new"), manager)
    outcome = await run(LoadRequest(model_key=QWEN), manager)

    assert isinstance(outcome, LoadResult)
    assert outcome.how == "used"
    assert [i.identifier for i in manager.activity.instances] == [QWEN, f"{QWEN}:2"]


@pytest.mark.asyncio
async def test_an_ensure_that_loads_takes_its_ttl_and_one_that_uses_leaves_it(
    manager: Manager,
) -> None:
    await run(LoadRequest(model_key=QWEN, ttl_s=60), manager)
    await run(LoadRequest(model_key=QWEN, ttl_s=900), manager)

    assert [i.ttl_s for i in manager.activity.instances] == [60]


@pytest.mark.asyncio
async def test_our_own_instance_is_reloaded_when_other_settings_are_asked(
    manager: Manager,
) -> None:
    await run(LoadRequest(model_key=QWEN, config=LoadConfig(context_length=2048)), manager)
    outcome = await run(
        LoadRequest(model_key=QWEN, config=LoadConfig(context_length=8192)), manager
    )

    assert isinstance(outcome, LoadResult)
    assert outcome.how == "reloaded"
    assert [(i.identifier, i.context_length) for i in manager.activity.instances] == [(QWEN, 8192)]


@pytest.mark.asyncio
async def test_an_instance_of_somebody_else_is_left_alone(manager: Manager, host: FakeHost) -> None:
    host.put(host.disk[0], config=LoadConfig(context_length=2048))

    with pytest.raises(InstanceExistsError, match="context_length is 2048, not 8192"):
        await run(LoadRequest(model_key=QWEN, config=LoadConfig(context_length=8192)), manager)

    assert [i.context_length for i in host.memory] == [2048]


@pytest.mark.asyncio
async def test_an_identifier_that_is_taken_is_an_error_and_loses_nothing(
    manager: Manager,
) -> None:
    await run(LoadRequest(model_key=QWEN, mode="new", identifier="chat"), manager)

    with pytest.raises(InstanceExistsError, match="'chat' already exists"):
        await run(LoadRequest(model_key=QWEN, mode="new", identifier="chat"), manager)
    with pytest.raises(InstanceExistsError, match="'chat' already exists"):
        await run(LoadRequest(model_key="nomic-embed", identifier="chat"), manager)

    assert [i.identifier for i in manager.activity.instances] == ["chat"]
    assert manager.activity.loads == ()


@pytest.mark.asyncio
async def test_an_unknown_key_names_its_neighbours(manager: Manager) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        await run(LoadRequest(model_key="qwen/qwen3-4", mode="new"), manager)

    assert caught.value.hint == f"Did you mean {QWEN}?"


@pytest.mark.asyncio
@pytest.mark.parametrize("ttl_s", [0, -1, float("nan")])
async def test_a_ttl_that_makes_no_sense_is_refused(manager: Manager, ttl_s: float) -> None:
    with pytest.raises(CommandError, match="TTL"):
        await run(LoadRequest(model_key=QWEN, mode="new", ttl_s=ttl_s), manager)

    assert manager.activity.instances == ()


@pytest.mark.asyncio
async def test_a_context_beyond_the_model_is_refused_before_anything_is_unloaded(
    manager: Manager,
) -> None:
    await run(LoadRequest(model_key=QWEN), manager)
    too_long = LoadConfig(context_length=100_000)

    with pytest.raises(CommandError, match="at most 40,960 tokens, not 100,000"):
        await run(LoadRequest(model_key=QWEN, config=too_long), manager)

    assert [i.identifier for i in manager.activity.instances] == [QWEN]


@pytest.mark.asyncio
async def test_cancelling_a_load_ends_it_on_the_host(manager: Manager, host: FakeHost) -> None:
    host.gate = asyncio.Event()
    loading = manager.spawn(run(LoadRequest(model_key=QWEN, mode="new"), manager))
    await begun(host)
    (load_id,) = host.loads

    await run(CancelLoad(load_id=load_id), manager)

    with pytest.raises(LoadCancelledError):
        await loading
    assert (host.loads, host.memory, manager.activity.loads) == ({}, [], ())


@pytest.mark.asyncio
async def test_ending_the_waiting_task_calls_the_load_off_too(
    manager: Manager, host: FakeHost
) -> None:
    host.gate = asyncio.Event()
    loading = manager.spawn(run(LoadRequest(model_key=QWEN, mode="new"), manager))
    await begun(host)

    loading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await loading
    assert (host.loads, host.memory, manager.activity.loads) == ({}, [], ())


@pytest.mark.asyncio
async def test_unloading_asks_the_host_which_instance_it_is(
    manager: Manager, host: FakeHost
) -> None:
    host.put(host.disk[0], identifier="chat")

    await run(UnloadInstance(identifier="chat"), manager)
    with pytest.raises(InstanceNotFoundError, match="'chat'"):
        await run(UnloadInstance(identifier="chat"), manager)

    assert host.memory == []


@pytest.mark.asyncio
async def test_ttl_and_pin_change_where_the_host_can(manager: Manager, host: FakeHost) -> None:
    host.put(host.disk[0], identifier="chat", ttl_s=60)

    await run(SetTtl(identifier="chat", ttl_s=600), manager)
    await run(PinInstance(identifier="chat", pinned=True), manager)

    assert [(i.ttl_s, i.pinned) for i in host.memory] == [(600, True)]


@pytest.mark.asyncio
async def test_an_estimate_is_answered(manager: Manager) -> None:
    estimate = await run(EstimateLoad(model_key=QWEN), manager)

    assert isinstance(estimate, Estimate)
    assert estimate.total_bytes > 2_497_281_120


@pytest.mark.asyncio
async def test_refreshing_sees_what_came_to_the_disk(manager: Manager, host: FakeHost) -> None:
    revision = manager.catalog.revision
    host.disk.pop()

    await run(Refresh(), manager)

    assert [model.model_key for model in manager.catalog.models] == [QWEN]
    assert manager.catalog.revision == revision + 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (LoadConfig(gpu=1.5), "from 0 to 1, not 1.5"),
        (LoadConfig(main_gpu=3), "There is no GPU 3: 0 is NVIDIA GeForce RTX 4090"),
    ],
)
async def test_what_no_gpu_could_do_is_refused_before_the_host_is_asked(
    manager: Manager, host: FakeHost, config: LoadConfig, sentence: str
) -> None:
    host.machine = Memory(total_bytes=64, available_bytes=32, gpus=(fake_gpu(0),))
    manager.apply(Polled(snapshot=await host.poll()))
    commands: tuple[LoadRequest | EstimateLoad, ...] = (
        LoadRequest(model_key=QWEN, config=config),
        EstimateLoad(model_key=QWEN, config=config),
    )

    for command in commands:
        with pytest.raises(CommandError, match=sentence):
            await run(command, manager)

    assert host.requests == []
