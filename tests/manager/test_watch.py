import asyncio
from collections.abc import Callable

import pytest

from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.watch import watch
from lms_jupyter.protocol.commands import Attend
from lms_jupyter.protocol.slices import Activity
from tests.hosts.fake import FEATURES, FakeHost, fake_model
from tests.waiting import PATIENCE_S


def watched(host: FakeHost) -> Manager:
    """Return a manager that watches this host."""

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    manager.spawn(watch(manager))
    return manager


async def until(manager: Manager, condition: Callable[[Activity], bool]) -> None:
    """Wait until the activity is as wanted."""
    reached = asyncio.Event()

    def look(_change: object) -> None:
        if condition(manager.activity):
            reached.set()

    manager.observe(look, "activity")
    look(None)
    async with asyncio.timeout(PATIENCE_S):
        await reached.wait()


@pytest.mark.asyncio
async def test_what_another_client_loads_appears_by_itself_where_the_host_tells() -> None:
    host = FakeHost(fake_model(), features=FEATURES)
    manager = watched(host)
    await until(manager, lambda a: a.host.link == "connected")

    host.put(host.disk[0], identifier="theirs")

    await until(manager, lambda a: [i.identifier for i in a.instances] == ["theirs"])
    await manager.close()


@pytest.mark.asyncio
async def test_what_another_client_loads_is_polled_for_while_somebody_looks() -> None:
    host = FakeHost(fake_model())
    manager = watched(host)
    await until(manager, lambda a: a.host.link == "connected")
    await run(Attend(viewer="tab", visible=True), manager)

    host.put(host.disk[0], identifier="theirs")

    await until(manager, lambda a: [i.identifier for i in a.instances] == ["theirs"])
    await manager.close()


@pytest.mark.asyncio
async def test_a_host_that_goes_is_shown_as_lost_and_found_again_when_it_is_back() -> None:
    host = FakeHost(fake_model(), features=FEATURES)
    manager = watched(host)
    await until(manager, lambda a: a.host.link == "connected")

    host.reachable = False
    host.notify()
    await until(manager, lambda a: a.host.link == "lost")
    host.reachable = True

    await until(manager, lambda a: a.host.link == "connected")
    await manager.close()


@pytest.mark.asyncio
async def test_nobody_looking_costs_the_host_nothing() -> None:
    host = FakeHost(fake_model())
    manager = watched(host)
    await until(manager, lambda a: a.host.link == "connected")
    await run(Attend(viewer="tab", visible=True), manager)
    await run(Attend(viewer="tab", visible=False), manager)
    # Whatever is due in the calm rhythm would come within this time.
    looks = host.looks
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await until(manager, lambda _: host.looks > looks + 1)
    await manager.close()
