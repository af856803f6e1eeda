"""Two devices of an LM Link with one identifier: what is asked of one reaches no other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from lms_jupyter.errors import HostUnreachableError
from lms_jupyter.hosts import decode
from lms_jupyter.hosts.base import Loaded, LoadOrigin
from lms_jupyter.hosts.lm_link import Devices, short_name
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.protocol.loads import LOCAL, LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig
from tests.hosts.answers import link_status, model
from tests.hosts.studio import Studio

KEY = "qwen/qwen3-4b"
BOX = "0f3a9c27d1"


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio(devices={BOX: "gpu-box"}) as studio:
        yield studio


@pytest_asyncio.fixture
async def host(studio: Studio) -> AsyncIterator[SdkHost]:
    host = SdkHost(studio.address)
    await host.connect()
    yield host
    await host.close()


async def loaded(host: SdkHost, device: str | None, context_length: int = 4096) -> Instance:
    config = LoadConfig(context_length=context_length)
    asked = LoadRequest(model_key=KEY, identifier="twin", device=device, config=config)
    async with aclosing(host.load(asked, LoadOrigin(load_id="1", kind="llm"))) as steps:
        async for step in steps:
            if isinstance(step, Loaded):
                return step.instance
    raise AssertionError("the load ended without an instance")


async def twins(host: SdkHost) -> tuple[Instance, Instance]:
    """Load two of one identifier: one here, one on the other device."""
    return await loaded(host, LOCAL, 1024), await loaded(host, BOX, 2048)


@pytest.mark.asyncio
async def test_rows_tell_the_name_of_their_device(host: SdkHost, studio: Studio) -> None:
    local, remote = await twins(host)

    assert (local.device, local.device_name) == (None, None)
    assert (remote.device, remote.device_name) == (BOX, "gpu-box")
    assert [(i.identifier, i.device_name) for i in (await host.poll()).instances] == [
        ("twin", None),
        ("twin", "gpu-box"),
    ]
    assert [m.device_name for m in await host.models()] == [None, "gpu-box"]
    assert {p["deviceIdentifier"] for p in studio.parameters} == {None, BOX}


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.asyncio
async def test_the_end_of_one_row_leaves_the_other(host: SdkHost, *, here: bool) -> None:
    local, remote = await twins(host)
    gone, left = (local, remote) if here else (remote, local)

    await host.unload(gone)

    assert [i.instance_reference for i in (await host.poll()).instances] == [
        left.instance_reference
    ]


@pytest.mark.asyncio
async def test_config_state_and_answers_are_of_the_row_that_is_asked(
    host: SdkHost, studio: Studio
) -> None:
    local, remote = await twins(host)
    studio.busy = {f"twin on {BOX}"}

    assert (await host.load_config(local)).context_length == 1024
    assert (await host.load_config(remote)).context_length == 2048
    assert [i.status for i in (await host.poll()).instances] == ["idle", "generating"]
    for row in (local, remote):
        async with aclosing(
            host.respond(row, (Message(role="user", text="Hello"),), Sampling())
        ) as steps:
            _ = [step async for step in steps]
    asked = [p["modelSpecifier"]["instanceReference"] for p in studio.predictions]
    assert asked == [local.instance_reference, remote.instance_reference]


@pytest.mark.asyncio
async def test_an_estimate_is_of_the_device_that_has_the_model(
    host: SdkHost, studio: Studio
) -> None:
    for listed in await host.models():
        await host.estimate(listed, LoadConfig())

    asked = [told["deviceIdentifier"] for name, told in studio.calls if "estimate" in name]
    assert asked == [None, BOX]


@pytest.mark.asyncio
async def test_what_is_here_already_is_used_on_the_device_that_is_named(host: SdkHost) -> None:
    for twin in await twins(host):
        asked = LoadRequest(model_key="twin", device=twin.device or "")
        async with aclosing(host.use(asked, LoadOrigin(load_id="2", kind="llm"))) as steps:
            found = [step.instance async for step in steps if isinstance(step, Loaded)]
        assert [i.instance_reference for i in found] == [twin.instance_reference]


@pytest.mark.parametrize("oddly", ["old", "refusing", "silent", "unreadable"])
@pytest.mark.asyncio
async def test_a_device_that_the_host_does_not_name_has_a_short_name(oddly: str) -> None:
    with Studio(devices={} if oddly == "refusing" else {BOX: "gpu-box"}) as studio:
        if oddly == "silent":
            studio.silent = {"lmLinkStatus"}
        if oddly == "unreadable":
            studio.twist = lambda endpoint, told: (
                told | {"result": {"peers": [7]}} if endpoint == "lmLinkStatus" else told
            )
        studio.old = oddly == "old"
        host = SdkHost(studio.address)
        await host.connect()
        try:
            instance = await loaded(host, BOX)
            if oddly == "old":
                assert (instance.device, instance.device_name) == (None, None)
            else:
                assert instance.device_name == short_name(BOX) == "remote:0f3a9c"
        finally:
            await host.close()


@pytest.mark.asyncio
async def test_the_devices_are_asked_for_only_where_there_are_any() -> None:
    with Studio() as studio:
        host = SdkHost(studio.address)
        await host.connect()
        await loaded(host, None)
        await host.models()
        await host.poll()
        await host.close()

        assert "lmLinkStatus" not in studio.asked


@pytest.mark.asyncio
async def test_what_the_host_calls_by_its_own_identifier_is_local(host: SdkHost) -> None:
    await loaded(host, "of-this-machine")

    assert [i.device for i in (await host.poll()).instances] == [None]


@pytest.mark.asyncio
async def test_the_link_is_asked_for_beside_the_looks_once_a_device_was_met() -> None:
    answers = [
        link_status({BOX: "gpu-box"}),
        link_status({BOX: "box-2"}),
        HostUnreachableError("-"),
    ]
    asked = 0

    async def ask() -> object:
        nonlocal asked
        answer = answers[min(asked, 2)]
        asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    devices = Devices(ask, look_every_s=0)
    assert devices.link() is None
    assert asked == 0
    raw = model(KEY, BOX)
    await devices.named([decode.model(raw)])
    seen = []
    async with asyncio.timeout(10):
        while asked < 4:
            link = devices.link()
            assert link is not None
            seen.append(link.devices[0].name)
            await asyncio.sleep(0)
    await devices.close()

    # What cannot be learnt any more stays as it was.
    assert (seen[0], seen[-1]) == ("gpu-box", "box-2")
    assert devices.link() is None
