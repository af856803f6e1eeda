import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lms_jupyter.api.events import ModelEvent, What, listen
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Found, Snapshot
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.events import Polled
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.commands import UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FakeHost, fake_model

QWEN = "qwen/qwen3-4b"


@pytest_asyncio.fixture
async def manager() -> AsyncIterator[Manager]:
    host = FakeHost(fake_model())

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    yield manager
    await manager.close()


def names(heard: list[ModelEvent]) -> list[tuple[str, str | None]]:
    return [(one.what, one.instance and one.instance.identifier) for one in heard]


@pytest.mark.asyncio
async def test_what_is_loaded_and_unloaded_is_told_until_the_listener_ends_it(
    manager: Manager,
) -> None:
    heard: list[ModelEvent] = []
    ends = [listen(manager, what, heard.append) for what in ("loaded", "unloaded", "expired")]

    await run(LoadRequest(model_key=QWEN, mode="new", ttl_s=600), manager)
    await run(UnloadInstance(identifier=QWEN), manager)
    assert names(heard) == [("loaded", QWEN), ("unloaded", QWEN)]

    for end in ends:
        end()
        end()
    await run(LoadRequest(model_key=QWEN, mode="new"), manager)
    assert len(heard) == 2


@pytest.mark.asyncio
async def test_an_instance_whose_ttl_was_over_has_expired(manager: Manager) -> None:
    heard: list[ModelEvent] = []
    listen(manager, "expired", heard.append)
    await run(LoadRequest(model_key=QWEN, mode="new", ttl_s=60), manager)
    await lookup.instances(manager)

    manager.apply(Polled(snapshot=Snapshot(now=time.time() + 61, instances=())))

    assert names(heard) == [("expired", QWEN)]


@pytest.mark.asyncio
async def test_a_listener_that_fails_is_a_warning_and_hurts_nobody(manager: Manager) -> None:
    heard: list[ModelEvent] = []

    def fail(_happening: ModelEvent) -> None:
        raise ZeroDivisionError

    listen(manager, "loaded", fail)
    listen(manager, "loaded", heard.append)

    with pytest.warns(UserWarning, match="'loaded' failed: ZeroDivisionError"):
        await run(LoadRequest(model_key=QWEN, mode="new"), manager)

    assert names(heard) == [("loaded", QWEN)]


@pytest.mark.asyncio
async def test_what_never_happens_cannot_be_listened_for(manager: Manager) -> None:
    never: What = "exploded"  # type: ignore[assignment]

    with pytest.raises(CommandError, match="There is no event 'exploded'") as caught:
        listen(manager, never, print)

    assert "expired" in caught.value.hint
