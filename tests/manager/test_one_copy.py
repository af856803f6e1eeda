"""However many ask for a model at once, one of them loads it, and all get that instance."""

import asyncio
import errno
import fcntl
import os
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lms_jupyter.errors import InstanceExistsError, LoadCancelledError
from lms_jupyter.hosts import state_folder
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Collaborators, Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.commands import CancelLoad
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import LoadConfig
from tests.hosts.fake import FEATURES, FakeHost, fake_model

QWEN = "qwen/qwen3-4b"
SHORT, LONG = LoadConfig(context_length=2048), LoadConfig(context_length=8192)


@pytest.fixture(params=["as LM Studio", "as the engine"])
def host(request: pytest.FixtureRequest) -> FakeHost:
    """A host that tells no loads in progress, and one that tells and joins them."""
    variants = (f"{QWEN}@q4_k_m", f"{QWEN}@q8_0")
    features = FEATURES if request.param == "as the engine" else ()
    return FakeHost(fake_model(variants=variants), fake_model("other/model"), features=features)


CLICK = LoadRequest(model_key=QWEN, mode="new", join=True)


class Kernels:
    """Kernels of one user, each with a manager of its own."""

    def __init__(self, host: FakeHost, folder: Path) -> None:
        self._host = host
        self._folder = folder
        self.all: list[Manager] = []

    async def start(self, *, folder: str = "leases") -> Manager:
        async def find(_named: str) -> Found:
            return Found(host=self._host, why="made for this test")

        number = len(self.all)
        identity = Identity(kernel_id=f"kernel-{number}", pid=os.getpid(), machine="here")
        leases = LeaseBook(self._folder / folder)
        manager = Manager(find, Collaborators(identity=identity, leases=leases))
        await connect(manager)
        self.all.append(manager)
        return manager


@pytest_asyncio.fixture
async def kernels(host: FakeHost, tmp_path: Path) -> AsyncIterator[Kernels]:
    kernels = Kernels(host, tmp_path)
    yield kernels
    for manager in kernels.all:
        await manager.close()


def request(
    mode: LoadMode = "ensure", config: LoadConfig | None = None, **more: object
) -> LoadRequest:
    return LoadRequest(model_key=QWEN, mode=mode, config=config or LoadConfig(), **more)  # type: ignore[arg-type]


async def until_loading(host: FakeHost, count: int = 1) -> None:
    while len(host.loads) < count:  # noqa: ASYNC110 - the host has no event for it
        await asyncio.sleep(0)


async def at_once(
    host: FakeHost, *asked: tuple[Manager, LoadRequest]
) -> list[asyncio.Task[LoadResult]]:
    """Have all of them ask before the first load can end."""
    host.gate = asyncio.Event()
    tasks = [manager.spawn(carry_out(order, manager)) for manager, order in asked]
    await until_loading(host)
    # Each has asked the host some times by now: nothing but the gate holds them.
    for _ in range(200):
        await asyncio.sleep(0)
    host.gate.set()
    return tasks


@pytest.mark.asyncio
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("how", ["ensure", "use"])
async def test_kernels_that_load_the_same_model_at_once_share_one_instance(
    host: FakeHost, kernels: Kernels, count: int, how: LoadMode
) -> None:
    managers = [await kernels.start() for _ in range(count)]

    tasks = await at_once(host, *((manager, request(how)) for manager in managers))
    outcomes = await asyncio.gather(*tasks)

    (instance,) = host.memory
    assert {outcome.instance.instance_reference for outcome in outcomes} == {
        instance.instance_reference
    }
    assert sorted(outcome.how for outcome in outcomes) == ["loaded", *["used"] * (count - 1)]
    held = [lease.loaded for lease in kernels.all[0].leases.of("fake:0")]  # type: ignore[union-attr]
    assert sorted(held) == [False] * (count - 1) + [True]


@pytest.mark.asyncio
async def test_one_kernel_that_asks_in_every_way_at_once_gets_one_instance(
    host: FakeHost, kernels: Kernels
) -> None:
    manager = await kernels.start()
    host.gate = asyncio.Event()
    first = manager.spawn(carry_out(request(), manager))
    await until_loading(host)
    clicks = [
        CLICK,
        LoadRequest(model_key=QWEN),
        LoadRequest(model_key=QWEN, mode="use"),
    ]

    tasks = [manager.spawn(run(click, manager)) for click in (*clicks, CLICK)]
    tasks.append(manager.spawn(carry_out(request(), manager)))
    for _ in range(200):
        await asyncio.sleep(0)
    host.gate.set()
    outcomes = await asyncio.gather(first, *tasks)

    assert len(host.memory) == 1
    assert all(isinstance(one, LoadResult) for one in outcomes)
    assert {one.instance.identifier for one in outcomes if isinstance(one, LoadResult)} == {QWEN}


@pytest.mark.asyncio
async def test_a_click_in_another_process_joins_the_load_of_a_cell(
    host: FakeHost, kernels: Kernels
) -> None:
    cell, page = await kernels.start(), await kernels.start()
    host.gate = asyncio.Event()
    loading = cell.spawn(carry_out(request(), cell))
    await until_loading(host)

    click = page.spawn(run(CLICK, page))
    for _ in range(200):
        await asyncio.sleep(0)
    host.gate.set()
    await asyncio.gather(loading, click)

    assert len(host.memory) == 1


@pytest.mark.asyncio
async def test_a_variant_and_its_model_are_not_loaded_beside_each_other_unless_asked(
    host: FakeHost, kernels: Kernels
) -> None:
    one, two = await kernels.start(), await kernels.start()

    tasks = await at_once(
        host,
        (one, LoadRequest(model_key=f"{QWEN}@q8_0")),
        (two, LoadRequest(model_key="other/model")),
        (two, request()),
    )
    await asyncio.gather(*tasks)

    keys = sorted(instance.model_key for instance in host.memory)
    assert keys in (["other/model", f"{QWEN}@q8_0"], ["other/model", QWEN, f"{QWEN}@q8_0"])


@pytest.mark.asyncio
@pytest.mark.parametrize("in_one", [True, False])
async def test_with_other_settings_at_once_the_first_gets_its_own_and_the_other_is_told(
    host: FakeHost, kernels: Kernels, *, in_one: bool
) -> None:
    first = await kernels.start()
    second = first if in_one else await kernels.start()
    host.gate = asyncio.Event()
    loading = first.spawn(carry_out(request(config=SHORT), first))
    await until_loading(host)
    other = second.spawn(carry_out(request(config=LONG), second))
    for _ in range(200):
        await asyncio.sleep(0)
    host.gate.set()

    outcome = await loading
    with pytest.raises(InstanceExistsError, match="context_length is 2048, not 8192") as told:
        await other

    assert (outcome.how, outcome.instance.context_length) == ("loaded", 2048)
    assert [instance.context_length for instance in host.memory] == [2048]
    assert "--new" in told.value.hint


@pytest.mark.asyncio
async def test_who_insists_on_other_settings_waits_and_then_reloads(
    host: FakeHost, kernels: Kernels
) -> None:
    first, second = await kernels.start(), await kernels.start()
    host.gate = asyncio.Event()
    loading = first.spawn(carry_out(request(config=SHORT), first))
    await until_loading(host)
    insisting = second.spawn(carry_out(request(config=LONG, reload=True), second))
    for _ in range(200):
        await asyncio.sleep(0)
    host.gate.set()
    await loading
    outcome = await insisting

    assert outcome.how == "reloaded"
    assert [instance.context_length for instance in host.memory] == [8192]


@pytest.mark.asyncio
async def test_two_of_one_kernel_that_reload_at_once_reload_once(
    host: FakeHost, kernels: Kernels
) -> None:
    manager = await kernels.start()
    await carry_out(request(config=SHORT), manager)

    outcomes = await asyncio.gather(
        *(carry_out(request(config=LONG), manager) for _ in range(2)), return_exceptions=True
    )

    assert [getattr(outcome, "how", outcome) for outcome in outcomes] == ["reloaded", "used"]
    assert [instance.context_length for instance in host.memory] == [8192]


@pytest.mark.asyncio
async def test_who_says_new_always_gets_another(host: FakeHost, kernels: Kernels) -> None:
    one, two = await kernels.start(), await kernels.start()

    tasks = await at_once(host, (one, request("new")), (two, request("new")), (one, request("new")))
    outcomes = await asyncio.gather(*tasks)

    assert len({outcome.instance.instance_reference for outcome in outcomes}) == 3
    assert len(host.memory) == 3


@pytest.mark.asyncio
async def test_who_wants_no_copy_waits_for_one_that_is_made_as_a_new_one(
    host: FakeHost, kernels: Kernels
) -> None:
    one, two = await kernels.start(), await kernels.start()
    host.gate = asyncio.Event()
    new = one.spawn(carry_out(request("new"), one))
    await until_loading(host)
    other = two.spawn(carry_out(request(), two))
    for _ in range(200):
        await asyncio.sleep(0)
    host.gate.set()

    outcomes = await asyncio.gather(new, other)

    assert [outcome.how for outcome in outcomes] == ["loaded", "used"]
    assert len(host.memory) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("in_one", [True, False])
async def test_a_load_that_is_cancelled_lets_the_next_one_load(
    host: FakeHost, kernels: Kernels, *, in_one: bool
) -> None:
    first = await kernels.start()
    second = first if in_one else await kernels.start()
    host.gate = asyncio.Event()
    loading = first.spawn(carry_out(request(config=SHORT), first))
    await until_loading(host)
    other = second.spawn(carry_out(request(config=LONG), second))
    for _ in range(200):
        await asyncio.sleep(0)

    loading.cancel()
    host.gate.set()
    outcome = await other

    assert (outcome.how, outcome.instance.context_length) == ("loaded", 8192)
    assert len(host.memory) == 1
    assert loading.cancelled()


class Failing(FakeHost):
    """Fails the first load that is asked of it."""

    def put(self, *args: object, **said: object) -> object:  # type: ignore[override]
        if len(self.requests) == 1:
            raise LoadCancelledError("The first load fails.")
        return super().put(*args, **said)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_a_load_that_fails_lets_the_next_one_load(tmp_path: Path) -> None:
    for features in ((), FEATURES):
        host = Failing(fake_model(), features=features)
        kernels = Kernels(host, tmp_path / str(len(features)))
        one, two = await kernels.start(), await kernels.start()

        tasks = await at_once(host, (one, request()), (two, request()))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

        assert isinstance(outcomes[0], LoadCancelledError)
        assert isinstance(outcomes[1], LoadResult)
        assert len(host.memory) == 1
        await asyncio.gather(one.close(), two.close())


@pytest.mark.asyncio
async def test_who_waits_sees_the_progress_in_one_row_and_can_stop_waiting(
    host: FakeHost, kernels: Kernels
) -> None:
    first, second = await kernels.start(), await kernels.start()
    host.gate = asyncio.Event()
    loading = first.spawn(carry_out(request(), first))
    await until_loading(host)
    waiting = second.spawn(carry_out(request(), second))
    while not second.activity.loads:  # noqa: ASYNC110 - told on the loop that runs this
        await asyncio.sleep(0.01)

    host.gate.set()
    host.gate = asyncio.Event()
    while not (second.activity.loads and second.activity.loads[0].fraction == 0.5):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    (row,) = second.activity.loads
    await run(CancelLoad(load_id=row.load_id), second)

    with pytest.raises(LoadCancelledError):
        await waiting
    host.gate.set()
    assert (await loading).how == "loaded"
    assert row.model_key == QWEN
    assert [load.load_id for load in second.activity.loads] == []


@pytest.mark.asyncio
async def test_kernels_without_a_common_folder_are_kept_apart_by_the_engine(
    kernels: Kernels, host: FakeHost
) -> None:
    one, two = await kernels.start(folder="one"), await kernels.start(folder="two")

    tasks = await at_once(host, (one, request()), (two, request()))
    outcomes = await asyncio.gather(*tasks)

    expected = 1 if "join" in host.info.features else 2
    assert len(host.memory) == expected
    assert len({outcome.instance.instance_reference for outcome in outcomes}) == expected


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
async def test_where_nothing_can_be_locked_one_kernel_makes_one_copy_and_a_warning(
    host: FakeHost, kernels: Kernels, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(state_folder, "_warned", set())
    manager = await kernels.start()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tasks = await at_once(
            host, (manager, request()), (manager, request()), (manager, request())
        )
        outcomes = await asyncio.gather(*tasks)

    assert ["cannot be locked" in str(one.message) for one in told] == [True]
    assert len(host.memory) == 1
    assert len({outcome.instance.instance_reference for outcome in outcomes}) == 1


@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_made_is_told_once_and_stops_nobody(
    kernels: Kernels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_folder, "_warned", set())
    manager = await kernels.start()
    (tmp_path / "leases").mkdir()
    (tmp_path / "leases" / "loads").write_text("no folder")

    with pytest.warns(UserWarning, match="cannot be locked"):
        outcome = await carry_out(request(), manager)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = await carry_out(request(), manager)

    assert (outcome.how, again.how) == ("loaded", "used")
