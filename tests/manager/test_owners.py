"""Who else uses an instance: learnt from what kernels write down, by whoever shares the host."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Collaborators, Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.identity import Identity, on_behalf_of
from lms_jupyter.manager.leases import Lease, LeaseBook
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.manager.owners import learn_owners
from lms_jupyter.manager.watch import connect, watch
from lms_jupyter.protocol.commands import Attend
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FEATURES, FakeHost, fake_model
from tests.manager.test_watch import until

QWEN = "qwen/qwen3-4b"
LONG_AGO = count(1_000_000_000)
"""Moments that are long ago, no two alike."""


@contextlib.contextmanager
def process() -> Iterator[int]:
    """Run a process that does nothing until the end of the block."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            yield child.pid
        finally:
            child.kill()


def who(name: str, pid: int | None = None, kernel_id: str | None = None) -> Identity:
    return Identity(
        kernel_id=kernel_id or f"id of {name}",
        notebook=f"/home/ada/{name}.ipynb",
        pid=os.getpid() if pid is None else pid,
        machine=socket.gethostname(),
    )


@dataclass
class House:
    """Managers of several processes that share one host and one folder of leases."""

    host: FakeHost
    folder: Path
    managers: list[Manager] = field(default_factory=list)

    def __post_init__(self) -> None:
        # As it is when nobody has loaded anything for a while.
        self.folder.mkdir()
        self.age()

    async def manager(self, identity: Identity | None = None) -> Manager:
        """Return the manager of a kernel; of nobody, as the Jupyter Server's, without a name."""

        async def find(_named: str) -> Found:
            return Found(host=self.host, why="made for this test")

        collaborators = Collaborators(identity=identity, leases=LeaseBook(self.folder))
        manager = Manager(find, collaborators)
        manager.spawn(watch(manager))
        self.managers.append(manager)
        await until(manager, lambda a: a.host.link == "connected")
        return manager

    async def users(self, manager: Manager) -> dict[str, tuple[str, ...]]:
        """Let a manager look, and return who it says uses what."""
        await lookup.instances(manager)
        return {one.identifier: one.users for one in manager.activity.instances}

    def age(self) -> None:
        """Make it long ago that a lease has come or gone."""
        moment = next(LONG_AGO)
        os.utime(self.folder, (moment, moment))


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(FakeHost(fake_model(), features=FEATURES), tmp_path / "leases")
    yield house
    for manager in house.managers:
        await manager.close()


@pytest.mark.asyncio
async def test_everybody_sees_who_else_uses_an_instance_and_nobody_sees_himself(
    house: House,
) -> None:
    owner, user = await house.manager(who("analysis")), await house.manager(who("eval"))
    server = await house.manager()

    await carry_out(LoadRequest(model_key=QWEN), owner)
    await carry_out(LoadRequest(model_key=QWEN), user)

    assert await house.users(server) == {QWEN: ("eval.ipynb",)}
    assert await house.users(owner) == {QWEN: ("eval.ipynb",)}
    assert await house.users(user) == {QWEN: ()}
    assert [one.owner for one in server.activity.instances] == ["analysis.ipynb"]


@pytest.mark.asyncio
async def test_users_are_told_where_a_stranger_has_loaded_and_in_the_order_of_their_coming(
    house: House,
) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    for name in ("one", "two"):
        await carry_out(LoadRequest(model_key="chat", mode="use"), await house.manager(who(name)))

    assert await house.users(server) == {"chat": ("one.ipynb", "two.ipynb")}


@pytest.mark.asyncio
async def test_two_notebooks_of_one_name_are_two_users(house: House) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    for folder in ("a", "b"):
        notebook = f"/{folder}/same.ipynb"
        identity = replace(who(folder), notebook=notebook)
        await carry_out(LoadRequest(model_key="chat", mode="use"), await house.manager(identity))

    assert await house.users(server) == {"chat": ("same.ipynb", "same.ipynb")}


@pytest.mark.asyncio
async def test_a_kernel_that_died_is_no_user_any_more_though_its_lease_is_there(
    house: House,
) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    with process() as pid:
        await carry_out(
            LoadRequest(model_key="chat", mode="use"), await house.manager(who("eval", pid))
        )
        house.age()
        assert await house.users(server) == {"chat": ("eval.ipynb",)}

    assert await house.users(server) == {"chat": ()}
    assert len(LeaseBook(house.folder).all()) == 1


@pytest.mark.asyncio
async def test_a_kernel_of_another_machine_is_believed_to_run(house: House) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    far = replace(who("eval"), machine="another", pid=2**22 + 1)
    await carry_out(LoadRequest(model_key="chat", mode="use"), await house.manager(far))

    assert await house.users(server) == {"chat": ("eval.ipynb",)}


@pytest.mark.asyncio
async def test_a_restarted_kernel_is_a_user_once_more(house: House) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    with process() as pid:
        before = await house.manager(who("eval", pid, "k1"))
        await carry_out(LoadRequest(model_key="chat", mode="use"), before)
    assert await house.users(server) == {"chat": ()}

    after = await house.manager(who("eval", os.getpid(), "k2"))

    assert await house.users(server) == {"chat": ("eval.ipynb",)}
    assert await house.users(after) == {"chat": ()}


@pytest.mark.asyncio
async def test_what_the_jupyter_server_uses_for_a_busy_kernel_is_not_told_to_that_kernel(
    house: House,
) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    busy, server = await house.manager(who("busy")), await house.manager()

    async def on_behalf() -> None:
        on_behalf_of.set(busy.identity)
        await carry_out(LoadRequest(model_key="chat", mode="use"), server)

    await server.spawn(on_behalf())

    assert await house.users(server) == {"chat": ("busy.ipynb",)}
    assert await house.users(busy) == {"chat": ()}


@pytest.mark.asyncio
async def test_who_has_let_go_is_no_user_any_more(house: House) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    await carry_out(LoadRequest(model_key="chat", mode="use"), await house.manager(who("eval")))
    house.age()
    assert await house.users(server) == {"chat": ("eval.ipynb",)}

    book = LeaseBook(house.folder)
    book.remove(book.all()[0])

    assert await house.users(server) == {"chat": ()}


@pytest.mark.asyncio
async def test_a_page_sees_a_new_user_and_its_end_though_the_host_is_not_asked(
    house: House,
) -> None:
    instance = house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    server.calm_s = 0.05
    before = house.host.looks
    await run(Attend(viewer="tab", visible=True), server)
    while house.host.looks == before:  # noqa: ASYNC110 - the host has no event for it
        await asyncio.sleep(0)
    looks = house.host.looks
    with process() as pid:
        LeaseBook(house.folder).write(
            Lease(
                address=house.host.info.address,
                instance_reference=instance.instance_reference,
                identifier="chat",
                model_key=QWEN,
                holder=who("eval", pid),
                loaded=False,
            )
        )

        await until(server, lambda a: [i.users for i in a.instances] == [("eval.ipynb",)])
    await until(server, lambda a: [i.users for i in a.instances] == [()])

    assert house.host.looks == looks


@pytest.mark.asyncio
async def test_users_that_stay_the_same_are_not_told_again(house: House) -> None:
    house.host.put(house.host.disk[0], identifier="chat")
    server = await house.manager()
    await carry_out(LoadRequest(model_key="chat", mode="use"), await house.manager(who("eval")))
    await house.users(server)
    revision = server.activity.revision

    for _ in range(3):
        learn_owners(server)

    assert server.activity.revision == revision


@pytest.mark.asyncio
async def test_what_is_there_and_whose_it_is_are_one_revision(house: House) -> None:
    async def find(_named: str) -> Found:
        return Found(host=house.host, why="made for this test")

    # Nobody watches: it looks when it is told to.
    server = Manager(find, Collaborators(leases=LeaseBook(house.folder)))
    await connect(server)
    house.host.put(house.host.disk[0], identifier="chat")
    await carry_out(LoadRequest(model_key="chat", mode="use"), await house.manager(who("eval")))
    before, seen = server.activity.revision, []
    server.observe(lambda change: seen.append(change.new), "activity")

    await lookup.instances(server)

    assert [activity.revision for activity in seen] == [before + 1]
    assert [one.users for one in seen[0].instances] == [("eval.ipynb",)]
    await server.close()
