import pytest

from lms_jupyter.errors import CommandError, HostReplyError, ModelNotFoundError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.former import KEPT, Former, RecentlyUnloaded, remember
from lms_jupyter.manager.restore import restore
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.commands import (
    LoadAgain,
    PinInstance,
    ReloadInstance,
    UnloadInstance,
)
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig
from tests.hosts.fake import FEATURES, FakeHost, fake_model

QWEN = "qwen/qwen3-4b"
CONFIG = LoadConfig(context_length=8192, gpu=0.5, flash_attention=True, k_cache_type="q8_0")


async def unloaded(manager: Manager) -> Instance:
    """Load with settings, pin, unload; return what was there."""
    load = LoadRequest(model_key=QWEN, mode="new", identifier="chat", ttl_s=600, config=CONFIG)
    await run(load, manager)
    await run(PinInstance(identifier="chat", pinned=True), manager)
    instance = await run(UnloadInstance(identifier="chat"), manager)
    assert isinstance(instance, Instance)
    return instance


@pytest.mark.asyncio
async def test_what_was_unloaded_comes_back_with_settings_name_ttl_and_pin(
    manager: Manager, host: FakeHost
) -> None:
    before = await unloaded(manager)

    await run(LoadAgain(instance_reference=before.instance_reference), manager)

    (again,) = host.memory
    assert (again.identifier, again.ttl_s, again.pinned) == ("chat", 600, True)
    assert await host.load_config(again) == CONFIG


@pytest.mark.asyncio
async def test_settings_in_effect_count_and_not_those_that_were_asked(
    manager: Manager, host: FakeHost
) -> None:
    host.ceiling = LoadConfig(gpu=0.0)
    before = await unloaded(manager)
    host.ceiling = LoadConfig()

    await run(LoadAgain(instance_reference=before.instance_reference), manager)

    assert host.requests[-1].config.gpu == 0.0


@pytest.mark.asyncio
async def test_another_model_that_looks_like_it_does_not_come_instead(
    manager: Manager, host: FakeHost
) -> None:
    before = await unloaded(manager)
    former = Former(instance=before, config=CONFIG, asked=None)
    host.disk[:] = [fake_model(f"{QWEN}-2507")]

    with pytest.raises(ModelNotFoundError):
        await run(LoadAgain(instance_reference=before.instance_reference), manager)
    with pytest.raises(ModelNotFoundError):
        await restore(former, manager, "ensure")

    assert host.memory == []


@pytest.mark.asyncio
async def test_it_comes_back_once(manager: Manager) -> None:
    before = await unloaded(manager)
    await run(LoadAgain(instance_reference=before.instance_reference), manager)

    with pytest.raises(CommandError, match="cannot be brought back"):
        await run(LoadAgain(instance_reference=before.instance_reference), manager)


class Silent(FakeHost):
    """A host that does not tell settings."""

    async def load_config(self, instance: Instance) -> LoadConfig:
        raise HostReplyError(f"{instance.identifier} has no settings.")


async def managing(host: FakeHost) -> Manager:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    return manager


@pytest.mark.asyncio
async def test_where_the_host_tells_no_settings_those_that_were_asked_count() -> None:
    host = Silent(fake_model(), features=FEATURES)
    instance = host.put(fake_model(), config=LoadConfig(context_length=8192))
    manager = await managing(host)

    assert (await remember(instance, manager.connected_host, manager.own)).config == LoadConfig(
        context_length=8192
    )
    manager.own[instance.instance_reference] = CONFIG
    assert (await remember(instance, manager.connected_host, manager.own)).config == CONFIG
    await manager.close()


@pytest.mark.asyncio
async def test_it_remembers_the_last_ones_only(host: FakeHost) -> None:
    unloaded = RecentlyUnloaded()
    instances = [host.put(fake_model(), identifier=f"i{n}") for n in range(KEPT + 1)]
    for instance in instances:
        unloaded.keep(Former(instance=instance, config=CONFIG, asked=None))

    assert unloaded.take(instances[-1].instance_reference).instance == instances[-1]
    with pytest.raises(CommandError):
        unloaded.take(instances[0].instance_reference)


@pytest.mark.asyncio
async def test_where_a_ttl_cannot_be_changed_the_instance_is_loaded_again_as_it_is(
    manager: Manager, host: FakeHost
) -> None:
    await run(
        LoadRequest(model_key=QWEN, mode="new", identifier="chat", ttl_s=600, config=CONFIG),
        manager,
    )
    (before,) = host.memory

    await run(ReloadInstance(identifier="chat", ttl_s=None), manager)

    (after,) = host.memory
    assert after.instance_reference != before.instance_reference
    assert (after.identifier, after.ttl_s) == ("chat", None)
    assert await host.load_config(after) == CONFIG


@pytest.mark.asyncio
async def test_a_ttl_that_makes_no_sense_unloads_nothing(manager: Manager, host: FakeHost) -> None:
    await run(LoadRequest(model_key=QWEN, mode="new", identifier="chat"), manager)

    with pytest.raises(CommandError):
        await run(ReloadInstance(identifier="chat", ttl_s=0), manager)

    assert len(host.memory) == 1
