"""A device that leaves the LM Link is told to whoever looks, and nothing is loaded there."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from lms_jupyter.errors import LoadFailedError
from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.link import connect
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.protocol.commands import EstimateLoad
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import LmLink
from tests.hosts.studio import Studio

KEY = "qwen/qwen3-4b"
BOX = "0f3a9c27d1"
HALFWAY = 0.5
AWAY = {
    "status": "offline",
    "reconnectInSeconds": 12,
    "peers": [{"deviceIdentifier": BOX, "deviceName": "gpu-box", "status": "disconnected"}],
}


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio(devices={BOX: "gpu-box"}) as studio:
        yield studio


@pytest_asyncio.fixture
async def manager(studio: Studio) -> AsyncIterator[Manager]:
    async def find(_named: str) -> Found:
        return Found(host=SdkHost(studio.address), why="made for this test")

    manager = Manager(find)
    await connect(manager)
    yield manager
    await manager.close()


async def link_of(manager: Manager, *, connected: bool) -> LmLink:
    """Look at the host until it has said this of the other device."""
    async with asyncio.timeout(10):
        while True:
            # The list of models has the link asked for anew.
            await lookup.models(manager)
            await lookup.instances(manager)
            link = manager.activity.lm_link
            if link is not None and [peer.connected for peer in link.devices] == [connected]:
                return link


@pytest.mark.asyncio
async def test_the_slice_says_which_device_has_left_and_when_the_link_is_back(
    manager: Manager, studio: Studio
) -> None:
    link = await link_of(manager, connected=True)
    assert (link.status, link.devices[0].name, link.back_at) == ("online", "gpu-box", None)
    revision = manager.activity.revision
    await link_of(manager, connected=True)
    assert manager.activity.revision == revision

    studio.link = AWAY
    before = time.time()
    link = await link_of(manager, connected=False)

    assert link.status == "offline"
    assert link.back_at is not None
    assert before + 11 <= link.back_at <= time.time() + 13


@pytest.mark.asyncio
async def test_nothing_is_loaded_on_a_device_that_has_left(
    manager: Manager, studio: Studio
) -> None:
    studio.link = AWAY
    await link_of(manager, connected=False)

    with pytest.raises(LoadFailedError, match="gpu-box is disconnected from the LM Link") as error:
        await carry_out(LoadRequest(model_key=KEY, mode="new", device="gpu-box"), manager)

    assert "tries again in 12 s" in error.value.hint
    assert studio.memory == {}
    assert manager.activity.loads == ()


@pytest.mark.asyncio
async def test_a_device_that_has_just_come_back_is_used(manager: Manager, studio: Studio) -> None:
    studio.link = AWAY
    await link_of(manager, connected=False)
    studio.link = {}

    loaded = await carry_out(LoadRequest(model_key=KEY, mode="new", device=BOX), manager)

    assert loaded.instance.device == BOX


@pytest.mark.asyncio
@pytest.mark.parametrize(("named", "asked"), [(BOX, BOX), ("gpu-box", BOX), ("", None)])
async def test_an_estimate_is_asked_of_the_device_that_is_named(
    manager: Manager, studio: Studio, named: str, asked: str | None
) -> None:
    await run(EstimateLoad(model_key=KEY, device=named), manager)

    (parameters,) = [told for name, told in studio.calls if name == "estimateModelUsage"]
    assert parameters["deviceIdentifier"] == asked


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer", [{"status": 3}, {"peers": 7}, {"reconnectInSeconds": "soon"}, {"peers": [{}]}]
)
async def test_a_link_that_cannot_be_read_is_left_out_and_the_rest_goes_on(
    manager: Manager, studio: Studio, answer: dict[str, object]
) -> None:
    studio.link = answer
    await manager.connected_host.close()
    await connect(manager)

    for _ in range(3):
        await lookup.instances(manager)

    assert manager.activity.lm_link is None
    assert {model.device for model in manager.catalog.models} == {None, BOX}


class Leaving(Studio):
    """Its other device leaves in the middle of every load."""

    async def _load(
        self, endpoint: str, parameter: dict[str, Any], off: asyncio.Event
    ) -> AsyncIterator[dict[str, Any]]:
        async for packet in super()._load(endpoint, parameter, off):
            yield packet
            if parameter.get("deviceIdentifier") and packet.get("progress") == HALFWAY:
                yield {"title": "The device gpu-box has disconnected."}
                return


@pytest.mark.asyncio
async def test_a_device_that_leaves_during_a_load_is_one_sentence_and_loads_nothing_twice() -> None:
    with Leaving(devices={BOX: "gpu-box"}) as studio:

        async def find(_named: str) -> Found:
            return Found(host=SdkHost(studio.address), why="made for this test")

        manager = Manager(find)
        await connect(manager)
        with pytest.raises(LoadFailedError) as error:
            await carry_out(LoadRequest(model_key=KEY, device=BOX), manager)

        assert "could not be loaded: The device gpu-box has disconnected." in error.value.title
        assert len(studio.parameters) == 1
        assert studio.memory == {}
        assert manager.activity.loads == ()

        loaded = await carry_out(LoadRequest(model_key=KEY, device=""), manager)
        assert loaded.instance.device is None
        await manager.close()
