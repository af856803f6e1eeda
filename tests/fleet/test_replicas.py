"""Loads that say what their device is like, or on how many devices they want to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.fleet.placement import Place
from lms_jupyter.engine.fleet.where import Where
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Loaded, LoadOrigin
from lms_jupyter.hosts.lm_link import speaker, specifier
from lms_jupyter.hosts.prediction import Message, PredictionFragment, Sampling
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.manager.resolve import resolve
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig
from tests.engine.raw import Raw

from .conftest import (
    CHAT,
    CONFIG,
    Started,
    all_connected,
    asking,
    begun,
    said,
    until,
    with_token,
    written,
)

PLACE = Place(
    device="a1",
    name="desk",
    free_bytes=8 * 10**9,
    free_vram_bytes=24 * 10**9,
    labels={"zone": "lab", "rack": "7"},
)


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("vram>20GB,label=lab", True),
        ("vram > 20 GB , zone=lab", True),
        ("vram>24GB", False),
        ("vram>=24GB,memory<9GB", True),
        ("memory<=7.5GiB", True),
        ("memory=8000MB", True),
        ("label=rack", True),
        ("label=desk", False),
        ("rack=8", False),
        ("device=desk", True),
        ("device=a1,nothing=1", False),
    ],
)
def test_a_device_is_such_a_one(text: str, *, is_so: bool) -> None:
    assert Where.read(text).fits(PLACE) is is_so


@pytest.mark.parametrize(
    "text", ["", ",", "vram", "vram>", ">20GB", "vram>much", "zone>lab", "vram>20XB", "a" * 1001]
)
def test_what_says_nothing_of_a_device_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        Where.read(text)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[tuple[Started, dict[str, Started]]]:
    """Three devices, two of them in the lab, that a test may kill."""
    devices = {name: with_token(tmp_path / name) for name in ("alpha", "beta", "gamma")}
    file = written(tmp_path, devices)
    labelled = file.read_text()
    for name in ("beta", "gamma"):
        labelled = labelled.replace(
            f"[devices.{name}]\n", f'[devices.{name}]\nlabels.zone = "lab"\n'
        )
    file.write_text(labelled)
    gateway = begun(tmp_path / "gateway", "--no-default-models", "--fleet", str(file))
    yield gateway, devices
    for one in (gateway, *devices.values()):
        one.stop()


async def opened(raw: Raw, **asked: Any) -> tuple[list[Any], Any]:
    return await raw.end(
        await raw.open("loadModel", modelKey=CHAT, loadConfigStack=CONFIG, **asked)
    )


@pytest.mark.asyncio
@pytest.mark.timeout(120)
async def test_a_load_goes_to_such_devices_and_what_was_lost_comes_up_on_another(
    fleet: tuple[Started, dict[str, Started]], tmp_path: Path
) -> None:
    gateway, devices = fleet
    await until(gateway, all_connected)
    async with asking(gateway, "llm") as raw:
        _, end = await opened(raw, where="zone=kitchen")
        assert end["error"]["title"].endswith(
            "has no place in this fleet. No device is 'zone=kitchen': "
            f"{(await lmlink(gateway))['deviceName']}, alpha, beta, gamma."
        )
        _, end = await opened(raw, replicas=3, identifier="pool", where="zone=lab")
        assert "There was place for 2; none was kept." in end["error"]["title"]
        assert await raw.call("listLoaded") == []

        packets, end = await opened(raw, replicas=2, identifier="pool", where="zone=lab")
        assert end["type"] == "channelClose"
        progress = [one["progress"] for one in packets if one["type"] == "progress"]
        assert progress == sorted(progress)
        assert [one["type"] for one in packets].count("success") == 1
        listed = await raw.call("listLoaded")
        assert {(one["identifier"], one["deviceIdentifier"]) for one in listed} == {
            ("pool", "beta"),
            ("pool", "gamma"),
        }
        async with asking(gateway, "llm") as another:
            both = await asyncio.gather(said(raw, "pool", 64), said(another, "pool", 64))
        spoke = {packets[-1]["modelInfo"]["deviceIdentifier"] for packets in both}
        assert spoke == {"beta", "gamma"}
    gateway.kill()

    file = tmp_path / "fleet.toml"
    second = begun(tmp_path / "second", "--no-default-models", "--fleet", str(file))
    try:
        await until(second, lambda told: all_connected(told) and len(told["instances"]) == 2)
        async with asking(second, "llm") as raw:
            await said(raw, "pool")

        devices["beta"].kill()

        def is_back(told: Any) -> bool:
            return {one["deviceIdentifier"] for one in told["instances"]} == {"alpha", "gamma"}

        told = await until(second, is_back)
        assert {(one["identifier"], one["replica"]) for one in told["instances"]} == {
            ("pool", True)
        }
    finally:
        second.stop()


async def lmlink(gateway: Started) -> Any:
    async with asking(gateway, "repository") as raw:
        return await raw.call("lmLinkStatus")


@pytest_asyncio.fixture
async def host(gateway: Started) -> AsyncIterator[SdkHost]:
    await until(gateway, all_connected)
    host = SdkHost(gateway.address)
    await host.connect()
    yield host
    for instance in (await host.poll()).instances:
        await host.unload(instance)
    await host.close()


async def loaded(host: SdkHost, **asked: Any) -> None:
    request = LoadRequest(model_key=CHAT, config=LoadConfig(context_length=256), **asked)
    async with aclosing(host.load(request, LoadOrigin(load_id="1", kind="llm"))) as steps:
        assert [step async for step in steps if isinstance(step, Loaded)]


async def answered(host: SdkHost, instance: Instance) -> str:
    asked = [Message(role="user", text="Hello")]
    answer = host.respond(instance, asked, Sampling(max_tokens=32, temperature=0))
    return "".join([step.text async for step in answer if isinstance(step, PredictionFragment)])


@pytest.mark.asyncio
async def test_our_own_client_says_it_to_gateways_alone(
    host: SdkHost, devices: dict[str, Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    await loaded(host, replicas=2, identifier="pool")
    pool = (await host.poll()).instances
    assert {one.device for one in pool} == {"alpha", "beta"}
    model = (await host.models())[0]
    busy, idle = replace(pool[0], queued=3), pool[1]
    assert resolve("pool", [model], [busy, idle]).instance == idle
    with pytest.raises(CommandError, match="2 instances called 'pool'"):
        resolve("pool", [model], [busy, replace(idle, replica=False)])
    assert speaker(idle) == {"type": "query", "query": {"identifier": "pool"}}
    assert speaker(replace(idle, replica=False)) == specifier(idle)
    # Asked for one of them at once, the gateway has both answer.
    spoke = await asyncio.gather(answered(host, idle), answered(host, idle))
    assert all(spoke)

    monkeypatch.setenv("LMSTUDIO_API_TOKEN", devices["alpha"].token)
    plain = SdkHost(devices["alpha"].address)
    await plain.connect()
    try:
        with pytest.raises(CommandError, match="cannot do --where: it is no gateway"):
            await loaded(plain, where="vram>1GB")
    finally:
        await plain.close()


@pytest.mark.asyncio
async def test_clients_that_know_no_replicas_mean_all_by_their_name(
    host: SdkHost, gateway: Started
) -> None:
    await loaded(host, replicas=2, identifier="pool")
    async with asking(gateway, "system") as system:
        assert await system.call("pinInstance", identifier="pool", pinned=True) is None
        assert await system.call("setInstanceTtl", identifier="pool", ttlMs=90_000) is None
    assert [(one.pinned, one.ttl_s) for one in (await host.poll()).instances] == [(True, 90)] * 2

    async with asking(gateway, "llm") as llm:
        assert await llm.call("unloadModel", identifier="pool") is None
        assert await llm.call("listLoaded") == []
    for device in ("alpha", "beta"):
        await loaded(host, identifier="twin", device=device)
    async with asking(gateway, "llm") as llm:
        refused = await llm.call("unloadModel", identifier="twin")
    assert refused["error"]["title"] == "There are 2 instances called 'twin': on alpha, beta."
