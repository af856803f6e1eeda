"""A gateway and two engines: LM Link's calls reach the device that is meant."""

from __future__ import annotations

from collections.abc import AsyncIterator

import lmstudio
import pytest
import pytest_asyncio

from tests.engine.raw import Raw

from .conftest import (
    CHAT,
    Started,
    all_connected,
    asking,
    endless,
    loaded,
    meant,
    said,
    saying,
    until,
)

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(autouse=True)
async def _tidy(gateway: Started) -> AsyncIterator[None]:
    """Wait for both devices; end, after each test, what it has loaded."""
    await until(gateway, all_connected)
    yield
    async with asking(gateway, "llm") as raw:
        for one in await raw.call("listLoaded"):
            where = {"deviceIdentifier": one["deviceIdentifier"]}
            await raw.call("unloadModel", identifier=one["identifier"], **where)
        assert await raw.call("listLoaded") == []


@pytest_asyncio.fixture
async def llm(gateway: Started) -> AsyncIterator[Raw]:
    async with asking(gateway, "llm") as raw:
        yield raw


async def test_the_link_names_the_devices(gateway: Started) -> None:
    async with asking(gateway, "repository") as raw:
        status = await raw.call("lmLinkStatus")

    assert status["status"] == "online"
    assert [(p["deviceIdentifier"], p["deviceName"]) for p in status["peers"]] == [
        ("alpha", "alpha"),
        ("beta", "beta"),
    ]


async def test_models_of_all_devices_are_listed(gateway: Started) -> None:
    async with asking(gateway, "system") as raw:
        models = await raw.call("listDownloadedModels")

    assert {m["deviceIdentifier"] for m in models if m["modelKey"] == CHAT} == {"alpha", "beta"}


async def test_a_load_goes_where_it_is_sent_and_an_unload_too(
    llm: Raw, devices: dict[str, Started]
) -> None:
    for device in ("alpha", "beta"):
        info = await loaded(llm, identifier="twin", deviceIdentifier=device)
        assert (info["identifier"], info["deviceIdentifier"]) == ("twin", device)
    assert [i["deviceIdentifier"] for i in await llm.call("listLoaded")] == ["alpha", "beta"]
    refused = await llm.call("unloadModel", identifier="twin")
    assert "2 instances called 'twin': on alpha, beta" in refused["error"]["title"]

    await llm.call("unloadModel", identifier="twin", deviceIdentifier="alpha")

    assert [i["deviceIdentifier"] for i in await llm.call("listLoaded")] == ["beta"]
    async with asking(devices["alpha"], "llm") as raw:
        assert await raw.call("listLoaded") == []


async def test_what_is_said_of_an_instance_is_said_by_its_device(llm: Raw) -> None:
    info = await loaded(llm, identifier="there", deviceIdentifier="beta")
    one = {"type": "instanceReference", "instanceReference": info["instanceReference"]}

    assert (await llm.call("getModelInfo", specifier=one))["deviceIdentifier"] == "beta"
    assert await llm.call("countTokens", specifier=one, inputString="Hello") == await llm.call(
        "countTokens", specifier=meant(CHAT), inputString="Hello"
    )
    state = await llm.call("getInstanceProcessingState", specifier=meant("there"))
    assert state == {"status": "idle", "queued": 0}


async def test_a_stream_is_that_of_the_device(llm: Raw, devices: dict[str, Started]) -> None:
    await loaded(llm, identifier="speaker", deviceIdentifier="beta")

    through = await said(llm, "speaker")

    async with asking(devices["beta"], "llm") as raw:
        direct = await said(raw, "speaker")
    texts = [
        "".join(p["fragment"]["content"] for p in packets if p["type"] == "fragment")
        for packets in (through, direct)
    ]
    assert texts[0] == texts[1] != ""
    assert through[-1]["modelInfo"]["deviceIdentifier"] == "beta"


async def test_a_stream_can_be_cancelled(llm: Raw) -> None:
    await loaded(llm, identifier="speaker", deviceIdentifier="alpha")
    channel = await llm.open(
        "predict",
        modelSpecifier=meant("speaker"),
        history=saying("Hello"),
        predictionConfigStack=endless(),
    )
    await llm.packet(channel, "fragment")

    await llm.say(channel, "cancel")

    packets, end = await llm.end(channel)
    assert end["type"] == "channelClose"
    assert packets[-1]["stats"]["stopReason"] == "userStopped"


async def test_a_client_that_leaves_stops_the_device(
    gateway: Started, devices: dict[str, Started], llm: Raw
) -> None:
    await loaded(llm, identifier="speaker", deviceIdentifier="alpha")
    async with asking(gateway, "llm") as leaving:
        channel = await leaving.open(
            "predict",
            modelSpecifier=meant("speaker"),
            history=saying("Hello"),
            predictionConfigStack=endless(),
        )
        await leaving.packet(channel, "fragment")

    activity = await until(devices["alpha"], lambda told: told["instances"][0]["status"] == "idle")
    assert activity["instances"][0]["queued"] == 0


async def test_without_a_device_a_load_goes_to_one_that_has_the_model(llm: Raw) -> None:
    info = await loaded(llm)

    assert info["deviceIdentifier"] in {"alpha", "beta"}
    channel = await llm.open("getOrLoad", identifier=CHAT, loadConfigStack={"layers": []})
    packets, _end = await llm.end(channel)
    assert [p["type"] for p in packets] == ["alreadyLoaded"]
    assert packets[0]["info"]["instanceReference"] == info["instanceReference"]


async def test_the_activity_is_that_of_all_devices(gateway: Started, llm: Raw) -> None:
    async with asking(gateway, "system") as raw:
        channel = await raw.open("watchActivity")
        first = await raw.packet(channel, "activity")
        await loaded(llm, identifier="seen", deviceIdentifier="alpha")
        while not (now := await raw.packet(channel, "activity"))["instances"]:
            pass

    assert first["instances"] == []
    assert [(i["identifier"], i["deviceIdentifier"]) for i in now["instances"]] == [
        ("seen", "alpha")
    ]
    assert {d["deviceName"]: d["connected"] for d in now["devices"]} == {
        "alpha": True,
        "beta": True,
    }


async def test_a_device_that_is_not_there_is_refused_by_name(llm: Raw) -> None:
    channel = await llm.open(
        "loadModel", modelKey=CHAT, loadConfigStack={"layers": []}, deviceIdentifier="gamma"
    )

    _packets, end = await llm.end(channel)

    assert end["error"]["title"] == "No device of this fleet is called 'gamma'."
    assert end["error"]["errorData"] == {"code": "device_not_found"}


async def test_a_pin_and_a_ttl_reach_the_device(gateway: Started, llm: Raw) -> None:
    await loaded(llm, identifier="kept", deviceIdentifier="beta", ttlMs=60_000)
    async with asking(gateway, "system") as raw:
        assert await raw.call("pinInstance", identifier="kept", pinned=True) is None
        assert await raw.call("setInstanceTtl", identifier="kept", ttlMs=90_000) is None
        (one,) = (await raw.call("getActivity"))["instances"]

    assert (one["pinned"], one["ttlMs"]) == (True, 90_000)


async def test_the_official_sdk_works_as_with_any_host(gateway: Started) -> None:
    async with lmstudio.AsyncClient(gateway.address) as client:
        model = await client.llm.load_new_instance(CHAT, config={"contextLength": 256})
        stream = await model.respond_stream("Hello", config={"maxTokens": 6})
        pieces = [piece.content async for piece in stream]
        assert "".join(pieces) == stream.result().content != ""
        await model.unload()
        assert await client.llm.list_loaded() == []
