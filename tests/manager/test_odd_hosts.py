"""A watch outlives whatever a host says, and shows the truth when it says sane things again."""

import asyncio
import logging
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from lms_jupyter.errors import HostReplyError, LmsError
from lms_jupyter.hosts.base import Found, Snapshot
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.watch import watch
from lms_jupyter.protocol.commands import Attend
from tests.hosts.fake import FEATURES, FakeHost, fake_model
from tests.hosts.mutants import mutated
from tests.hosts.studio import Studio
from tests.manager.test_restarts import is_true
from tests.manager.test_watch import until, watched

KEY = "qwen/qwen3-4b"
SEED = int(os.environ.get("LMS_JUPYTER_SEED", "7"))


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        studio.memory["there"] = studio._instance(KEY, "there", 4096, 60_000)
        yield studio


async def seen(studio: Studio) -> Manager:
    """Return a manager that watches it for somebody who looks."""
    manager = Manager(host=studio.address)
    manager.calm_s = 0.02
    manager.spawn(watch(manager))
    await run(Attend(viewer="tab", visible=True), manager)
    await until(manager, lambda a: is_true(a, "there"))
    return manager


ODD: dict[str, Any] = {
    "a TTL as text": {"ttlMs": "soon"},
    "a TTL as a list": {"ttlMs": [60_000]},
    "a quantisation as text": {"quantization": "Q4_K_M"},
    "no size": {"sizeBytes": None},
    "half a character": {"displayName": "\ud800"},
    "a moment out of time": {"lastUsedTime": 2**52},
    "a number without end": {"contextLength": 10**30},
}


@pytest.mark.asyncio
@pytest.mark.parametrize("odd", ODD)
async def test_one_odd_value_is_shown_as_a_lost_host_and_the_truth_comes_back(
    studio: Studio, odd: str
) -> None:
    manager = await seen(studio)

    def twist(endpoint: str, told: Any) -> Any:
        if endpoint != "listLoaded":
            return told
        return told | {"result": [row | ODD[odd] for row in told["result"]]}

    studio.twist = twist
    await until(manager, lambda a: a.host.link == "lost")
    with pytest.raises(HostReplyError, match="in a way that we cannot read"):
        await lookup.instances(manager)
    studio.twist = lambda _, told: told

    await until(manager, lambda a: is_true(a, "there"))
    await manager.close()


@pytest.mark.asyncio
async def test_a_watch_outlives_a_host_that_tells_nothing_but_nonsense(studio: Studio) -> None:
    chance = random.Random(SEED)  # noqa: S311 - no secret
    manager = await seen(studio)
    told: list[str] = []

    def twist(endpoint: str, answer: Any) -> Any:
        told.append(endpoint)
        odd = mutated(answer, chance)
        return odd if isinstance(odd, dict) else {"result": odd}

    studio.twist = twist
    failed: list[LmsError] = []
    while len(told) < 100:
        try:
            await lookup.instances(manager)
        except LmsError as error:
            failed.append(error)
    assert failed
    studio.twist = lambda _, told: told

    await until(manager, lambda a: is_true(a, "there"))
    await manager.close()


class Astray(FakeHost):
    """A host whose code has a fault of its own now and then."""

    fault: Exception | None = None

    async def poll(self) -> Snapshot:
        if self.fault is not None:
            raise self.fault
        return await super().poll()


@pytest.mark.asyncio
@pytest.mark.parametrize("features", [(), FEATURES])
async def test_a_watch_outlives_an_error_that_nobody_expected_and_writes_it_down(
    features: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    host = Astray(fake_model(), features=features)
    manager = watched(host)
    await until(manager, lambda a: a.host.link == "connected")
    host.fault = ZeroDivisionError("a fault of ours")
    with caplog.at_level(logging.ERROR, "lms_jupyter.manager.watch"):
        manager.wake.set()
        await until(manager, lambda a: a.host.link == "lost")
    assert "a fault of ours" in caplog.text
    host.fault = None

    await until(manager, lambda a: a.host.link == "connected")
    await manager.close()


class Broken(FakeHost):
    """A host that tells by itself, and breaks off."""

    told = 0

    def __init__(self) -> None:
        super().__init__(fake_model(), features=FEATURES)
        self.calm = asyncio.Event()

    async def subscribe(self) -> Any:
        self.told += 1
        yield await self.poll()
        if self.told < 3:
            raise HostReplyError("The host describes it in a way that we cannot read: so.")
        self.calm.set()
        await asyncio.Event().wait()


@pytest.mark.asyncio
async def test_hints_that_break_off_are_asked_for_anew() -> None:
    host = Broken()

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    manager.spawn(watch(manager))
    await run(Attend(viewer="tab", visible=True), manager)
    async with asyncio.timeout(10):
        await host.calm.wait()
    assert manager.activity.host.link == "connected"
    await manager.close()
