"""What keeps an instance is told to hosts that can, and said where they cannot."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from lms_jupyter.api import freeing
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Found, GaveWay, Snapshot
from lms_jupyter.manager import holding
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.identity import Identity, on_behalf_of
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.manager.manager import Collaborators, Manager
from lms_jupyter.manager.owners import apply_snapshot
from lms_jupyter.manager.rules import Rules
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.commands import KeepInstance, UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Keep, Memory
from lms_jupyter.rule_file import Rule
from tests.hosts.fake import FEATURES, FakeHost, fake_model

HERE = Identity(kernel_id="k", notebook="/home/train.ipynb", pid=1, machine="here")
CHAT = LoadRequest(model_key="chat", ttl_s=60.0)
pytestmark = pytest.mark.asyncio


async def _manager(
    host: FakeHost,
    tmp_path: Path,
    rules: Rules | None = None,
    identity: Identity | None = HERE,
) -> tuple[Manager, LeaseBook]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="test")

    book = LeaseBook(tmp_path)
    read = None if rules is None else lambda: rules
    manager = Manager(find, Collaborators(identity=identity, leases=book, read_rules=read))
    await connect(manager)
    return manager, book


async def test_a_load_is_kept_as_it_says(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    manager, book = await _manager(host, tmp_path)
    await run(replace(CHAT, keep=Keep()), manager)
    assert host.memory[0].keep == Keep()
    assert [lease.while_open for lease in book.all()] == [True]

    at = time.time() + 600
    await run(KeepInstance(identifier="chat", keep=Keep(until=at)), manager)
    assert host.memory[0].keep is not None
    assert host.memory[0].keep.until == pytest.approx(at, abs=1)
    assert [lease.while_open for lease in book.all()] == [False]

    await run(KeepInstance(identifier="chat", keep=None), manager)
    assert host.memory[0].keep is None


async def test_what_is_there_is_kept_too_if_that_is_named(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    host.put(fake_model("chat"), ttl_s=60.0)
    manager, book = await _manager(host, tmp_path)
    await run(replace(CHAT, keep=Keep()), manager)
    assert [one.keep for one in host.memory] == [Keep()]
    assert [(lease.loaded, lease.while_open) for lease in book.all()] == [(False, True)]


async def test_a_rule_counts_where_nothing_is_named(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), fake_model("other"), features=FEATURES)
    rules = Rules(rules=(Rule(model="chat", pin=True, ttl="5m"),), file="rules.toml")
    manager, book = await _manager(host, tmp_path, rules)
    await run(replace(CHAT, ttl_is_default=True), manager)
    await run(LoadRequest(model_key="other", ttl_s=60.0), manager)
    assert [(one.ttl_s, one.pinned) for one in host.memory] == [(300.0, True), (60.0, False)]
    assert [lease.rule for lease in book.all()] == ["rule 1 of rules.toml", ""]


async def test_a_host_that_knows_ttls_alone_keeps_it_by_the_lease(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"))
    manager, book = await _manager(host, tmp_path)
    with pytest.raises(CommandError, match="knows no time of day"):
        await run(replace(CHAT, keep=Keep(until=time.time() + 60)), manager)
    await run(replace(CHAT, keep=Keep()), manager)
    assert host.memory[0].ttl_s is None
    assert [lease.while_open for lease in book.all()] == [True]
    host.put(fake_model("chat"), identifier="theirs", ttl_s=60.0)
    with pytest.raises(CommandError, match="has a TTL, which Fake cannot change"):
        await run(KeepInstance(identifier="theirs", keep=Keep()), manager)
    with pytest.raises(CommandError, match="forget"):
        await run(UnloadInstance(identifier="chat", forget=True), manager)
    assert len(host.memory) == 2


async def test_who_forgets_says_so_to_the_host(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    manager, _ = await _manager(host, tmp_path)
    instance = host.put(fake_model("chat"))
    await run(UnloadInstance(identifier="chat", forget=True), manager)
    departure = host.departures[instance.instance_reference]
    assert departure.why == "forgotten"
    assert departure.is_decision


async def test_what_gave_way_is_told_once(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    manager, _ = await _manager(host, tmp_path)
    gone = GaveWay(
        identifier="chat",
        instance_reference="r",
        memory_bytes=8_100_000_000,
        to="python",
        at=time.time(),
    )
    for _ in range(2):
        apply_snapshot(replace(await host.poll(), gave_way=(gone,)), manager)
    (problem,) = manager.activity.problems
    assert problem.title == "chat gave back 8.1 GB to python."
    assert problem.hint == "It comes back at its next use."


async def test_what_a_kernel_uses_is_held(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    manager, _ = await _manager(host, tmp_path)
    assert not holding.is_needed(manager.activity.host)
    await run(CHAT, manager)
    work = manager.spawn(holding.hold(manager))
    endpoint, said = await host.asked.get()
    work.cancel()
    assert endpoint == "holdInstances"
    assert said["instanceReferences"] == [host.memory[0].instance_reference]


class _Full(FakeHost):
    """Each of its instances takes 3 of 13 GB."""

    async def poll(self) -> Snapshot:
        free_bytes = 13_000_000_000 - 3_000_000_000 * len(self.memory)
        self.machine = Memory(total_bytes=64_000_000_000, available_bytes=free_bytes)
        return await super().poll()


async def test_no_more_is_freed_than_it_takes(tmp_path: Path) -> None:
    host = _Full(fake_model("chat"), features=FEATURES)
    manager, _ = await _manager(host, tmp_path)
    for number, name in enumerate(("young", "old", "pinned")):
        put = host.put(fake_model("chat"), identifier=name)
        host.memory[-1] = replace(put, idle_since=100.0 - number, pinned=name == "pinned")
        manager.own[put.instance_reference] = CHAT.config

    freed = await freeing.until(manager, freeing.goal("6GB"), everything=False)
    assert [one.identifier for one in freed.gone] == ["old"]
    assert freed.sentence == "7.00 GB of main memory are free."
    freed = await freeing.until(manager, freeing.goal("60GB"), everything=False)
    assert [one.identifier for one in freed.gone] == ["young"]
    assert "less than 60.00 GB" in freed.sentence


async def test_without_a_figure_nothing_is_freed(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"))
    manager, _ = await _manager(host, tmp_path)
    with pytest.raises(CommandError, match="does not tell how much memory is free"):
        await freeing.until(manager, freeing.goal("1GB"), everything=True)
    with pytest.raises(CommandError, match="'12' is no size"):
        freeing.goal("12")


async def test_where_there_is_no_notebook_none_keeps_it_while_it_is_open(tmp_path: Path) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    rules = Rules(rules=(Rule(keep="while-open"),), file="rules.toml")
    manager, _ = await _manager(host, tmp_path, rules, identity=None)

    with pytest.raises(CommandError, match="No notebook asks for it here"):
        await run(replace(CHAT, keep=Keep()), manager)
    assert list(host.memory) == []

    await run(replace(CHAT, keep=None, ttl_is_default=True), manager)
    assert [(one.keep, one.ttl_s) for one in host.memory] == [(None, 60.0)]


async def test_a_server_that_clicks_for_a_busy_kernel_keeps_it_for_its_notebook(
    tmp_path: Path,
) -> None:
    host = FakeHost(fake_model("chat"), features=FEATURES)
    manager, book = await _manager(host, tmp_path, identity=None)
    token = on_behalf_of.set(HERE)
    try:
        await run(replace(CHAT, keep=Keep()), manager)
    finally:
        on_behalf_of.reset(token)

    assert [one.keep for one in host.memory] == [Keep()]
    (lease,) = book.of(manager.activity.host.address)
    assert (lease.holder, lease.while_open) == (HERE, True)
