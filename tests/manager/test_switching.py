import asyncio
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Collaborators, Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.watch import connect, switch, watch
from lms_jupyter.protocol.commands import ListHosts, SwitchHost
from lms_jupyter.protocol.models import GpuMemory, HostChoice, HostInfo, Memory
from lms_jupyter.protocol.replies import Hosts, IdleGpuNote
from tests.hosts.fake import FakeHost, fake_gpu, fake_model


def host_at(address: str) -> FakeHost:
    host = FakeHost(fake_model())
    host.info = HostInfo(name=f"Host at {address}", address=address)
    return host


HOSTS = {address: host_at(address) for address in ("here:1", "there:2")}


def made() -> Manager:
    """Make a manager that knows two hosts."""

    async def find(named: str) -> Found:
        return Found(host=HOSTS[named or "here:1"], why="made for this test")

    async def discover_hosts(known: Iterable[str]) -> tuple[HostChoice, ...]:
        return tuple(
            HostChoice(address=address, name=HOSTS[address].info.name)
            for address in dict.fromkeys([*known, *HOSTS])
        )

    return Manager(find, Collaborators(discover_hosts=discover_hosts))


async def addresses(manager: Manager) -> list[str]:
    answer = await run(ListHosts(), manager)
    assert isinstance(answer, Hosts)
    return [choice.address for choice in answer.hosts]


@pytest.mark.asyncio
async def test_a_host_that_was_offered_can_be_switched_to_and_back() -> None:
    manager = made()
    await connect(manager)
    assert await addresses(manager) == ["here:1", "there:2"]

    await run(SwitchHost(address="there:2"), manager)
    assert manager.activity.host.address == "there:2"
    assert await addresses(manager) == ["there:2", "here:1"]
    await run(SwitchHost(address="here:1"), manager)

    assert manager.activity.host.address == "here:1"
    await manager.close()


@pytest.mark.asyncio
async def test_hosts_that_a_cell_has_switched_to_are_offered_as_long_as_they_answer() -> None:
    manager = made()

    async def answering(known: Iterable[str]) -> tuple[HostChoice, ...]:
        return tuple(HostChoice(address=each, name=HOSTS[each].info.name) for each in known)

    manager.collaborators = Collaborators(discover_hosts=answering)
    await connect(manager)
    assert await addresses(manager) == ["here:1"]

    await switch("there:2", manager)

    assert await addresses(manager) == ["there:2", "here:1"]
    await run(SwitchHost(address="here:1"), manager)
    assert await addresses(manager) == ["here:1", "there:2"]
    await manager.close()


@pytest.mark.asyncio
async def test_no_address_of_the_page_s_own_is_ever_asked() -> None:
    manager = made()
    await connect(manager)

    with pytest.raises(CommandError, match="there:2"):
        await run(SwitchHost(address="there:2"), manager)

    assert manager.activity.host.address == "here:1"
    await manager.close()


@pytest.mark.asyncio
async def test_where_nothing_may_be_switched_to_only_the_present_host_is_named() -> None:
    manager = made()
    manager.collaborators = Collaborators()
    await connect(manager)

    assert await addresses(manager) == ["here:1"]
    await manager.close()


@pytest.mark.asyncio
async def test_a_lost_host_says_when_it_is_tried_again() -> None:
    async def find(_named: str) -> Found:
        raise HostUnreachableError("Nothing answers.")

    manager = Manager(find)
    lost = asyncio.Event()
    manager.observe(lambda _: lost.set(), "activity")
    manager.spawn(watch(manager))
    await lost.wait()

    host = manager.activity.host
    assert host.link == "lost"
    assert host.retry_at is not None
    assert host.retry_at > manager.activity.now
    await manager.close()


NOTE = IdleGpuNote(says="This machine has a GPU.", advice="pip install another")
HERE, FAR = "127.0.0.1:52415", "10.0.0.7:52415"


@pytest.mark.parametrize(
    ("address", "gpus", "told"),
    [
        (HERE, (), NOTE),
        ("localhost:1", (), NOTE),
        ("[::1]:1", (), NOTE),
        (HERE, (fake_gpu(),), None),
        (HERE, None, None),
        (FAR, (), None),
        ("gpu-box:1", (), None),
    ],
)
@pytest.mark.asyncio
async def test_an_engine_here_that_leaves_its_gpu_idle_is_told(
    address: str, gpus: tuple[GpuMemory, ...] | None, told: IdleGpuNote | None
) -> None:
    async def look() -> IdleGpuNote:
        return NOTE

    manager = Manager(collaborators=Collaborators(look_for_idle_gpu=look))
    manager.activity = replace(
        manager.activity,
        host=HostInfo(name="Embedded engine", address=address),
        memory=Memory(total_bytes=2, available_bytes=1, gpus=gpus),
    )
    answer = await run(ListHosts(), manager)
    assert isinstance(answer, Hosts)
    assert answer.idle_gpu == told
