"""Who watches a fleet hears all of it once, then what has changed; both come to the same."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.fleet.telling import NOTHING, Telling
from lms_jupyter.engine.wire.frames import encode
from lms_jupyter.errors import HostReplyError
from lms_jupyter.hosts.accounts import Account
from tests.bench.bench_fleet import account

from .conftest import Started, all_connected, asking, loaded, until

OWN: dict[str, Any] = {"now": 1, "instances": [], "loads": [], "memory": None, "gaveWay": []}
NODES = [Node(device=f"d{number}", name=f"device {number}") for number in range(5)]


@pytest_asyncio.fixture
async def fleet() -> AsyncIterator[Fleet]:
    """Devices that are not there, and say what a test has them say."""
    async with aiohttp.ClientSession() as session:
        fleet = Fleet(session)
        await fleet.take(NODES)
        yield fleet


def says(fleet: Fleet, number: int, instances: int, free: int = 1) -> None:
    """Have a device tell of so many instances, and of its memory."""
    told = account(number)
    told["instances"] = told["instances"][:instances]
    told["memory"]["availableBytes"] = free
    device = fleet.device(f"d{number}")
    device.is_connected = True
    device._hear(told)


def heard(telling: Telling, since: int) -> dict[str, Any]:
    packet: dict[str, Any] = msgspec.json.decode(encode(telling.changes(OWN, since)))
    return packet


@pytest.mark.asyncio
async def test_changes_come_to_what_is_there(fleet: Fleet) -> None:
    telling, chance = Telling(fleet), random.Random(7)  # noqa: S311 - no secret
    watchers = [(Account(), [NOTHING]) for _ in range(3)]
    for _ in range(200):
        says(fleet, chance.randrange(5), chance.randrange(4))
        if chance.random() < 0.05:
            gone = chance.sample(NODES, 2)
            await fleet.take([one for one in NODES if one not in gone])
            await fleet.take(NODES)
        for seen, since in watchers:
            if chance.random() < 0.5:
                continue  # it is slow, and hears of several changes at once
            snapshot = seen.take(heard(telling, since[0]))
            since[0] = fleet.revision
            there = {one["instanceReference"] for device in fleet for one in device.instances}
            assert {one.instance_reference for one in snapshot.instances} == there
            assert len(snapshot.instances) == len(there)


@pytest.mark.asyncio
async def test_of_devices_that_stay_as_they_are_nothing_is_told(fleet: Fleet) -> None:
    telling = Telling(fleet)
    for number in range(5):
        says(fleet, number, 3)
    first = heard(telling, NOTHING)
    since = fleet.revision

    says(fleet, 1, 3, free=2)
    quiet = heard(telling, since)
    says(fleet, 2, 2)
    changed = heard(telling, since)

    assert (first["whole"], len(first["devices"])) == (True, 5)
    assert (quiet["whole"], quiet["devices"]) == (False, [])
    assert [one["deviceIdentifier"] for one in changed["devices"]] == ["d2"]
    fleet.device("d2")._go()
    (gone,) = heard(telling, since)["devices"]
    assert (gone["connected"], gone["instances"]) == (False, [])


@pytest.mark.asyncio
async def test_one_change_is_written_once_for_all_who_watch(fleet: Fleet) -> None:
    telling = Telling(fleet)
    says(fleet, 1, 3)

    packets = [telling.changes(OWN, NOTHING)["devices"] for _ in range(3)]

    assert packets[0] is packets[1] is packets[2]
    says(fleet, 1, 2)
    assert telling.changes(OWN, NOTHING)["devices"] is not packets[0]
    assert len(telling._written) == 1, "what nobody will ask for again is not kept"


@pytest.mark.parametrize(
    "packet",
    [
        {"type": "activityChanges"},
        {"type": "activityChanges", "whole": True, "devices": None},
        {"type": "activityChanges", "whole": True, "devices": [{"instances": []}]},
        {"type": "activityChanges", "whole": True, "devices": [1]},
    ],
)
def test_changes_that_cannot_be_read_are_one_error(packet: dict[str, Any]) -> None:
    with pytest.raises(HostReplyError, match="its memory"):
        Account().take(OWN | packet)


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_a_gateway_tells_changes_to_who_asks_for_them(gateway: Started) -> None:
    await until(gateway, all_connected)
    async with asking(gateway, "system") as system, asking(gateway, "llm") as llm:
        channel = await system.open("watchActivity", changes=True)
        first = await system.packet(channel, "activityChanges")
        await loaded(llm, identifier="seen", deviceIdentifier="alpha")
        while not (told := await system.packet(channel, "activityChanges"))["devices"]:
            pass
        await llm.call("unloadModel", identifier="seen", deviceIdentifier="alpha")

    async with asking(gateway, "system") as system:
        _packets, end = await system.end(await system.open("watchActivity", changes=1))
    assert (first["whole"], len(first["devices"])) == (True, 2)
    assert [one["deviceIdentifier"] for one in told["devices"]] == ["alpha"]
    assert end["error"]["title"] == "'changes' has to be true or false, not 1."
