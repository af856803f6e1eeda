import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lms_jupyter.errors import HostUnreachableError, InstanceExistsError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Collaborators, Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.events import Polled
from lms_jupyter.manager.identity import Identity, machine_mark, on_behalf_of
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.manager.owners import learn_owners
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Difference, LoadConfig
from tests.hosts.fake import FakeHost

QWEN = "qwen/qwen3-4b"
SHORT, LONG = LoadConfig(context_length=2048), LoadConfig(context_length=8192)


@pytest.mark.asyncio
async def test_using_takes_what_is_there_and_ignores_ttl_and_config(
    manager: Manager, host: FakeHost
) -> None:
    host.put(host.disk[0], identifier="chat", ttl_s=60, config=SHORT)

    outcome = await run(LoadRequest(model_key="chat", mode="use", ttl_s=900, config=LONG), manager)

    assert isinstance(outcome, LoadResult)
    assert (outcome.how, outcome.instance.identifier) == ("used", "chat")
    assert [(i.ttl_s, i.context_length) for i in host.memory] == [(60, 2048)]


@pytest.mark.asyncio
async def test_using_loads_what_is_not_there(manager: Manager, host: FakeHost) -> None:
    outcome = await run(LoadRequest(model_key=QWEN, mode="use", ttl_s=900, config=LONG), manager)

    assert isinstance(outcome, LoadResult)
    assert outcome.how == "loaded"
    assert [(i.ttl_s, i.context_length) for i in host.memory] == [(900, 8192)]


@pytest.mark.asyncio
async def test_somebody_elses_instance_is_reloaded_if_the_user_insists(
    manager: Manager, host: FakeHost
) -> None:
    host.put(host.disk[0], identifier="chat", config=SHORT)

    outcome = await carry_out(LoadRequest(model_key=QWEN, config=LONG, reload=True), manager)

    assert outcome.how == "reloaded"
    assert [(i.identifier, i.context_length) for i in host.memory] == [("chat", 8192)]


@pytest.mark.asyncio
async def test_a_difference_names_the_settings_and_both_ways_out(
    manager: Manager, host: FakeHost
) -> None:
    host.put(host.disk[0], config=SHORT)

    with pytest.raises(InstanceExistsError) as caught:
        await carry_out(LoadRequest(model_key=QWEN, config=LONG), manager)

    assert "context_length is 2048, not 8192" in caught.value.title
    assert "--reload" in caught.value.hint
    assert "--new" in caught.value.hint


@pytest.mark.asyncio
async def test_what_the_host_did_not_give_is_said_once_and_not_asked_for_again(
    manager: Manager, host: FakeHost
) -> None:
    host.ceiling = LoadConfig(gpu=0.0)

    first = await carry_out(LoadRequest(model_key=QWEN, config=LoadConfig(gpu=1.0)), manager)
    second = await carry_out(LoadRequest(model_key=QWEN, config=LoadConfig(gpu=1.0)), manager)

    assert [str(difference) for difference in first.differences] == ["gpu is 0.0, not 1.0"]
    assert second.how == "used"
    assert len(host.requests) == 1


@pytest.mark.asyncio
async def test_what_is_not_as_asked_stays_told_until_the_instance_goes(
    manager: Manager, host: FakeHost
) -> None:
    host.ceiling = LoadConfig(context_length=2048)

    await carry_out(LoadRequest(model_key=QWEN, config=LONG), manager)
    host.put(host.disk[0], identifier="by-another")
    await lookup.instances(manager)

    mine, other = manager.activity.instances
    assert mine.differences == (Difference(setting="context_length", asked=8192, effective=2048),)
    assert (mine.mine, other.mine, other.differences) == (True, False, ())


@pytest.mark.asyncio
async def test_a_reload_that_fails_brings_back_what_was_there(
    manager: Manager, host: FakeHost
) -> None:
    await carry_out(LoadRequest(model_key=QWEN, identifier="chat", ttl_s=60, config=SHORT), manager)
    await host.pin(host.memory[0], pinned=True)
    host.gate = asyncio.Event()
    reloading = manager.spawn(carry_out(LoadRequest(model_key="chat", config=LONG), manager))
    while not host.loads:  # noqa: ASYNC110 - the host has no event for it
        await asyncio.sleep(0)

    reloading.cancel()
    host.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await reloading

    assert [(i.identifier, i.context_length, i.ttl_s) for i in host.memory] == [("chat", 2048, 60)]
    (again,) = host.memory
    assert again.pinned
    assert manager.own[again.instance_reference] == SHORT


@pytest.mark.asyncio
async def test_a_variant_is_not_served_by_another(manager: Manager, host: FakeHost) -> None:
    await carry_out(LoadRequest(model_key=f"{QWEN}@q4_k_m"), manager)
    await carry_out(LoadRequest(model_key=f"{QWEN}@q8_0"), manager)
    await carry_out(LoadRequest(model_key=f"{QWEN}@q8_0"), manager)

    assert [request.model_key for request in host.requests] == [f"{QWEN}@q4_k_m", f"{QWEN}@q8_0"]


async def kernel(host: FakeHost, book: LeaseBook, kernel_id: str, pid: int) -> Manager:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    identity = Identity(kernel_id=kernel_id, pid=pid, machine="here")
    manager = Manager(find, Collaborators(identity=identity, leases=book))
    await connect(manager)
    return manager


@pytest.mark.asyncio
async def test_a_restarted_kernel_still_owns_what_it_loaded(host: FakeHost, tmp_path: Path) -> None:
    book = LeaseBook(tmp_path)
    before = await kernel(host, book, "one", pid=1)
    await carry_out(LoadRequest(model_key=QWEN, config=SHORT), before)
    await before.close()

    after = await kernel(host, book, "one", pid=2)
    assert after.activity.instances[0].mine
    outcome = await carry_out(LoadRequest(model_key=QWEN, config=LONG), after)
    await after.close()

    assert outcome.how == "reloaded"
    assert [lease.holder.pid for lease in book.of("fake:0")][-1] == 2


@pytest.mark.asyncio
async def test_a_kernel_that_uses_what_another_loaded_holds_it_too(
    host: FakeHost, tmp_path: Path
) -> None:
    book = LeaseBook(tmp_path)
    one, two = await kernel(host, book, "one", 1), await kernel(host, book, "two", 2)

    await carry_out(LoadRequest(model_key=QWEN), one)
    await carry_out(LoadRequest(model_key=QWEN), two)
    await one.close()
    await two.close()

    held = {lease.holder.kernel_id: lease.loaded for lease in book.of("fake:0")}
    assert held == {"one": True, "two": False}


@pytest.mark.asyncio
async def test_another_kernels_instance_says_whose_it_is(host: FakeHost, tmp_path: Path) -> None:
    book = LeaseBook(tmp_path)
    owner = await kernel(host, book, "11111111-2222", pid=1)
    await carry_out(LoadRequest(model_key=QWEN), owner)
    host.put(host.disk[0], identifier="by-a-stranger")

    other = await kernel(host, book, "another", pid=2)

    known = {one.identifier: (one.owner, one.mine) for one in other.activity.instances}
    assert known == {QWEN: ("kernel 11111111", False), "by-a-stranger": (None, False)}
    await owner.close()
    await other.close()


@pytest.mark.asyncio
async def test_what_another_process_loads_on_behalf_of_a_kernel_is_that_kernels_own(
    host: FakeHost, tmp_path: Path
) -> None:
    book = LeaseBook(tmp_path)
    busy, helper = await kernel(host, book, "busy", 1), await kernel(host, book, "helper", 2)
    helper.identity = None

    async def on_behalf(who: Identity | None) -> LoadResult:
        on_behalf_of.set(who)
        return await carry_out(LoadRequest(model_key=QWEN, config=SHORT), helper)

    outcome = await helper.spawn(on_behalf(busy.identity))
    busy.apply(Polled(snapshot=await host.poll()))
    learn_owners(busy)

    (instance,) = busy.activity.instances
    assert instance.mine
    assert busy.own == {outcome.instance.instance_reference: SHORT}
    assert [lease.holder for lease in book.of("fake:0")] == [busy.identity]
    await busy.close()
    await helper.close()


def test_a_machine_has_one_mark_that_tells_nothing_of_it() -> None:
    code = "from lms_jupyter.manager.identity import machine_mark; print(machine_mark())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == machine_mark()
    assert re.fullmatch("[0-9a-f]{16}", machine_mark())


@pytest.mark.asyncio
async def test_a_host_that_vanishes_in_mid_load_is_told_and_leaves_no_load(
    manager: Manager, host: FakeHost
) -> None:
    host.gate = asyncio.Event()
    loading = manager.spawn(carry_out(LoadRequest(model_key=QWEN), manager))
    while not host.loads:  # noqa: ASYNC110 - the host has no event for it
        await asyncio.sleep(0)

    host.reachable = False
    host.gate.set()

    with pytest.raises(HostUnreachableError, match="Nothing answers"):
        await loading
    assert manager.activity.loads == ()


@pytest.mark.asyncio
async def test_what_is_there_takes_one_look_and_a_load_a_second_once_it_is_its_turn(
    manager: Manager, host: FakeHost
) -> None:
    before = host.looks
    assert (await carry_out(LoadRequest(model_key=QWEN), manager)).how == "loaded"
    loaded = host.looks
    assert (await carry_out(LoadRequest(model_key=QWEN), manager)).how == "used"

    assert (loaded - before, host.looks - loaded) == (2, 1)
