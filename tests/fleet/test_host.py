"""The fleet as this package's own host sees it: rows of devices, and what is done to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from lms_jupyter.hosts.base import Loaded, LoadOrigin
from lms_jupyter.hosts.link_status import link_status, set_preferred_device
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig

from .conftest import CHAT, Started, all_connected, until

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def host(gateway: Started) -> AsyncIterator[SdkHost]:
    await until(gateway, all_connected)
    host = SdkHost(gateway.address)
    await host.connect()
    yield host
    for instance in (await host.poll()).instances:
        await host.unload(instance)
    await host.close()


async def loaded(host: SdkHost, device: str | None) -> Instance:
    config = LoadConfig(context_length=256)
    asked = LoadRequest(model_key=CHAT, identifier="twin", device=device, config=config)
    async with aclosing(host.load(asked, LoadOrigin(load_id="1", kind="llm"))) as steps:
        async for step in steps:
            if isinstance(step, Loaded):
                return step.instance
    raise AssertionError("the load ended without an instance")


async def test_two_of_one_name_are_pinned_timed_and_unloaded_each_for_itself(
    host: SdkHost,
) -> None:
    alpha, beta = [await loaded(host, device) for device in ("alpha", "beta")]
    assert [one.device_name for one in (alpha, beta)] == ["alpha", "beta"]

    await host.pin(alpha, pinned=True)
    await host.set_ttl(beta, 500)

    rows = {one.device: one for one in (await host.poll()).instances}
    assert (rows["alpha"].pinned, rows["beta"].pinned) == (True, False)
    assert (rows["alpha"].ttl_s, rows["beta"].ttl_s) == (alpha.ttl_s, 500)
    await host.unload(beta)
    assert [one.device for one in (await host.poll()).instances] == ["alpha"]
    departure = await host.departure(beta.instance_reference)
    assert departure is not None
    assert departure.why == "unloaded"


async def test_a_load_without_a_device_goes_to_the_preferred_one(host: SdkHost) -> None:
    for name in ("beta", "alpha"):
        assert (await set_preferred_device(host, name)).preferred_device == name
        assert (await loaded(host, None)).device == name
    assert [one.connected for one in (await link_status(host)).devices] == [True, True]
