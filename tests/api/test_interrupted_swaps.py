"""An interrupt while something is unloaded only to be loaded again: it has to come back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lms_jupyter.api.pause import Paused
from lms_jupyter.api.session import Session
from lms_jupyter.hosts.base import Found, Reason
from lms_jupyter.manager import Manager, loading
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig
from tests.hosts.fake import FakeHost, fake_model

QWEN = "qwen/qwen3-4b"


class Tardy(FakeHost):
    """Ends an instance at once, and is slow to say so."""

    def __init__(self) -> None:
        super().__init__(fake_model())
        self.ended = asyncio.Event()
        self.refuses = False

    async def unload(self, instance: Instance, why: Reason = "unloaded", *, by: str = "") -> None:
        if self.refuses:
            self.ended.set()
            await asyncio.Event().wait()
        await super().unload(instance, why, by=by)
        self.ended.set()
        await asyncio.Event().wait()


@pytest_asyncio.fixture
async def manager() -> AsyncIterator[Manager]:
    host = Tardy()

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    await loading.carry_out(request(1024), manager)
    yield manager
    await manager.close()


def request(context_length: int) -> LoadRequest:
    return LoadRequest(model_key=QWEN, ttl_s=600, config=LoadConfig(context_length=context_length))


@pytest.mark.asyncio
@pytest.mark.parametrize("refuses", [False, True])
async def test_a_reload_that_is_interrupted_while_the_old_one_goes_brings_it_back(
    manager: Manager, *, refuses: bool
) -> None:
    host = manager.reached
    assert isinstance(host, Tardy)
    host.refuses = refuses
    task = asyncio.create_task(loading.carry_out(request(512), manager))
    await host.ended.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [(i.identifier, i.context_length, i.ttl_s) for i in host.memory] == [(QWEN, 1024, 600)]
    assert host.memory[0].instance_reference in manager.own


def test_a_pause_that_is_interrupted_while_an_instance_goes_brings_it_back() -> None:
    host = Tardy()

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    session = Session(local)
    local.connect()
    local.finish(loading.carry_out(request(1024), local.manager))
    run = session.run

    def interrupted(work: object, _each: object = None) -> object:
        def glance() -> None:
            if host.ended.is_set():
                session.run = run  # type: ignore[method-assign]
                raise KeyboardInterrupt

        return run(work, glance)  # type: ignore[arg-type]

    session.run = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt), Paused(session):
        raise AssertionError

    assert [(i.identifier, i.context_length) for i in host.memory] == [(QWEN, 1024)]
    local.close()
