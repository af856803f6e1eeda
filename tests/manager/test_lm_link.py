"""One identifier on two devices of an LM Link: a command reaches the instance that it names."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from lms_jupyter.errors import CommandError, InstanceNotFoundError
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.protocol.commands import LoadAgain, ReloadInstance, UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig
from tests.hosts.studio import Studio

KEY = "qwen/qwen3-4b"
BOX = "0f3a9c27d1"
HERE, THERE = "twin", f"twin on {BOX}"
"""What the host calls the two of them."""


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio(devices={BOX: "gpu-box"}) as studio:
        yield studio


@pytest.fixture
def host(studio: Studio) -> SdkHost:
    return SdkHost(studio.address)


async def loaded(manager: Manager, device: str, context_length: int) -> Instance:
    config = LoadConfig(context_length=context_length)
    order = LoadRequest(model_key=KEY, mode="new", identifier="twin", config=config, device=device)
    return (await carry_out(order, manager)).instance


@pytest_asyncio.fixture
async def twins(manager: Manager, studio: Studio) -> dict[str, Instance]:
    found = {HERE: await loaded(manager, "", 1024), THERE: await loaded(manager, BOX, 2048)}
    assert set(studio.memory) == set(found)
    return found


@pytest.mark.parametrize(("meant", "left"), [(HERE, THERE), (THERE, HERE)])
@pytest.mark.asyncio
async def test_an_unload_ends_the_one_that_it_names_and_undo_brings_it_back_there(
    manager: Manager, studio: Studio, twins: dict[str, Instance], meant: str, left: str
) -> None:
    reference = twins[meant].instance_reference

    await run(UnloadInstance(identifier="twin", instance_reference=reference), manager)
    assert set(studio.memory) == {left}

    outcome = await run(LoadAgain(instance_reference=reference), manager)

    assert isinstance(outcome, LoadResult)
    assert set(studio.memory) == {HERE, THERE}
    assert outcome.instance.device == twins[meant].device
    assert outcome.instance.context_length == twins[meant].context_length


@pytest.mark.parametrize("meant", [HERE, THERE])
@pytest.mark.asyncio
async def test_a_reload_keeps_the_device_of_the_one_that_it_names(
    manager: Manager, studio: Studio, twins: dict[str, Instance], meant: str
) -> None:
    reference = twins[meant].instance_reference
    command = ReloadInstance(identifier="twin", instance_reference=reference, ttl_s=600)

    outcome = await run(command, manager)

    assert isinstance(outcome, LoadResult)
    assert outcome.instance.device == twins[meant].device
    assert set(studio.memory) == {HERE, THERE}
    left = {one.instance_reference for one in manager.activity.instances}
    others = {one.instance_reference for name, one in twins.items() if name != meant}
    assert left == others | {outcome.instance.instance_reference}


@pytest.mark.usefixtures("twins")
@pytest.mark.asyncio
async def test_without_a_reference_nothing_is_unloaded(manager: Manager, studio: Studio) -> None:
    with pytest.raises(CommandError, match="2 instances called 'twin': on Local and gpu-box"):
        await run(UnloadInstance(identifier="twin"), manager)

    assert set(studio.memory) == {HERE, THERE}


@pytest.mark.asyncio
async def test_the_other_of_its_name_is_not_taken_for_one_that_is_gone(
    manager: Manager, studio: Studio, twins: dict[str, Instance]
) -> None:
    reference = twins[THERE].instance_reference
    await run(UnloadInstance(identifier="twin", instance_reference=reference), manager)

    with pytest.raises(InstanceNotFoundError):
        await run(UnloadInstance(identifier="twin", instance_reference=reference), manager)

    assert set(studio.memory) == {HERE}
