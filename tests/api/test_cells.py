"""What a running cell uses is held, with and without the extension; nothing is between cells."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lms_jupyter.api.session import Session
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.manager.manager import Manager
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FEATURES, FakeHost, fake_model

CHAT = LoadRequest(model_key="chat", ttl_s=60.0)


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.fixture
def session() -> Iterator[Session]:
    host = FakeHost(fake_model("chat"), features=(*FEATURES, "givesWay"))

    async def find(_named: str) -> Found:
        return Found(host=host, why="test")

    local = LocalManager(Manager(find))
    yield Session(local)
    local.close()


def asked(session: Session) -> tuple[str, Any]:
    """Wait for what the host is asked next."""

    async def get() -> tuple[str, Any]:
        async with asyncio.timeout(10):
            host = session.local.manager.reached
            assert isinstance(host, FakeHost)
            return await host.asked.get()

    return session.local.finish(get())


def load(session: Session) -> None:
    session.run(run(CHAT, session.local.manager))


def cell(shell: InteractiveShell, work: Callable[[], object]) -> None:
    """Run a cell that calls this."""
    shell.user_ns["work"] = work
    shell.run_cell("work()").raise_error()


def test_a_cell_holds_what_it_uses_from_its_first_use_on(
    shell: InteractiveShell, session: Session
) -> None:
    held: list[Any] = []

    def work() -> None:
        load(session)
        held.append(asked(session))

    cell(shell, work)
    ((endpoint, said),) = held
    assert endpoint == "holdInstances"
    assert len(said["instanceReferences"]) == 1
    assert session.cells._holding is None

    # The next cell holds it although it calls nothing of ours.
    cell(shell, lambda: held.append(asked(session)))
    assert held[1][0] == "holdInstances"
    assert session.cells._holding is None


def test_a_listener_between_cells_holds_nothing(shell: InteractiveShell, session: Session) -> None:
    load(session)
    assert session.cells._holding is None
    assert shell.events.callbacks["pre_run_cell"]


def test_with_the_extension_it_is_told_once(shell: InteractiveShell, session: Session) -> None:
    session.cells.install(shell)
    cell(shell, lambda: load(session))
    assert shell.events.callbacks["pre_run_cell"].count(session.cells.begin) == 1

    session.cells.remove()
    assert session.cells.begin not in shell.events.callbacks["pre_run_cell"]


def test_without_ipython_nothing_is_held(session: Session) -> None:
    InteractiveShell.clear_instance()
    load(session)
    assert session.cells._holding is None
