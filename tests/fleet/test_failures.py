"""What becomes of a fleet when one of its devices dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import (
    CHAT,
    CONFIG,
    Started,
    all_connected,
    asking,
    begun,
    endless,
    loaded,
    meant,
    said,
    saying,
    until,
    with_token,
    written,
)

pytestmark = pytest.mark.asyncio

Fleet = tuple[Started, dict[str, Started]]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A gateway, and two devices that a test may kill."""
    devices = {name: with_token(tmp_path / name) for name in ("alpha", "beta")}
    file = written(tmp_path, devices)
    gateway = begun(tmp_path / "gateway", "--no-default-models", "--fleet", str(file))
    yield gateway, devices
    for one in (gateway, *devices.values()):
        one.stop()


async def test_what_was_being_said_ends_with_a_clear_error_and_the_instance_is_gone(
    fleet: Fleet,
) -> None:
    gateway, devices = fleet
    await until(gateway, all_connected)
    async with asking(gateway, "llm") as raw:
        devices["beta"].process.send_signal(19)  # it neither loads nor goes
        asked = {"modelKey": CHAT, "loadConfigStack": CONFIG, "deviceIdentifier": "beta"}
        channel = await raw.open("loadModel", **asked)
        devices["beta"].kill()
        _packets, end = await raw.end(channel)
        assert end["error"]["errorData"]["code"] in {"device_lost", "device_disconnected"}

        info = await loaded(raw, identifier="one", deviceIdentifier="alpha")
        asked = {"modelSpecifier": meant("one"), "history": saying("Hello")}
        channel = await raw.open("predict", **asked, predictionConfigStack=endless())
        await raw.packet(channel, "fragment")

        devices["alpha"].kill()

        _packets, end = await raw.end(channel)
        assert end["error"]["errorData"] == {"code": "device_lost"}
        assert "'alpha' went away" in end["error"]["title"]
        await until(gateway, lambda told: not all_connected(told))
        assert await raw.call("listLoaded") == []
    async with asking(gateway, "system") as raw:
        gone = {"instanceReference": info["instanceReference"]}
        departure = await raw.call("getDeparture", **gone)
    assert (departure["why"], departure["by"]) == ("deviceLost", "alpha")


async def test_a_request_goes_on_at_the_other_of_its_name_if_nothing_was_said(
    fleet: Fleet,
) -> None:
    gateway, devices = fleet
    await until(gateway, all_connected)
    async with asking(gateway, "llm") as raw:
        for device in ("alpha", "beta"):
            await loaded(raw, identifier="twin", deviceIdentifier=device)

        devices["alpha"].process.send_signal(19)  # it neither answers nor goes
        asking_it = asyncio.create_task(said(raw, "twin"))
        await asyncio.sleep(0)
        devices["alpha"].kill()

        packets = await asking_it
    assert packets[-1]["modelInfo"]["deviceIdentifier"] == "beta"


async def test_what_was_pinned_comes_up_elsewhere_once(fleet: Fleet) -> None:
    gateway, devices = fleet
    await until(gateway, all_connected)
    async with asking(gateway, "llm") as raw, asking(gateway, "system") as system:
        await loaded(raw, identifier="kept", deviceIdentifier="alpha", ttlMs=600_000)
        await system.call("pinInstance", identifier="kept", pinned=True)
        await until(gateway, lambda told: told["instances"][0]["pinned"])

        devices["alpha"].kill()

        def is_back(told: Any) -> bool:
            return [(i["deviceIdentifier"], i["pinned"]) for i in told["instances"]] == [
                ("beta", True)
            ]

        (one,) = (await until(gateway, is_back))["instances"]
        assert (one["identifier"], one["ttlMs"], one["contextLength"]) == ("kept", 600_000, 256)
