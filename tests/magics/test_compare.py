"""`%%lms compare`: at once where all are in memory, one after the other where they are not."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lms_jupyter.errors import InstanceNotFoundError
from lms_jupyter.hosts.base import Found, LoadOrigin, LoadStep
from lms_jupyter.hosts.prediction import Message, PredictionEvent, PredictionFragment, Sampling
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance
from tests.hosts.fake import FakeHost, fake_model

NAMES = ("zeta", "alpha")
LINE = "compare zeta alpha --as both"


class Roundtable(FakeHost):
    """Answers a word, and the next only when as many have spoken as are expected."""

    def __init__(self, expected: int) -> None:
        super().__init__(*map(fake_model, NAMES))
        self.spoken = 0
        self.most = 0
        self.expected = expected
        self.all_here = asyncio.Event()
        self.fails: str = ""

    async def respond(
        self, instance: Instance, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[PredictionEvent]:
        if instance.identifier == self.fails:
            raise InstanceNotFoundError(instance.identifier)
        self.spoken += 1
        self.most = max(self.most, self.spoken)
        yield PredictionFragment(text=f"I am {instance.identifier}. ")
        if self.spoken == self.expected:
            self.all_here.set()
        async with asyncio.timeout(10):
            await self.all_here.wait()
        async for step in super().respond(instance, messages, sampling):
            yield step
        self.spoken -= 1


class Narrow(Roundtable):
    """Has room for one model only."""

    async def load(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        self.memory.clear()
        async for step in super().load(request, by):
            yield step


Start = Callable[[FakeHost], InteractiveShell]


@pytest.fixture
def start(shell: InteractiveShell) -> Iterator[Start]:
    """Let a shell use a host."""
    started: list[LocalManager] = []

    def begin(host: FakeHost) -> InteractiveShell:
        async def find(_named: str) -> Found:
            return Found(host=host, why="made for this test")

        started.append(LocalManager(Manager(find)))
        shell.register_magics(LmsMagics(shell, started[0]))
        return shell

    yield begin
    for local in started:
        local.close()


def test_models_that_are_in_memory_answer_at_the_same_time_in_the_order_of_the_line(
    start: Start,
) -> None:
    host = Roundtable(expected=2)
    shell = start(host)

    shell.run_cell_magic("lms", LINE, "Hello")

    assert host.most == 2
    assert list(shell.user_ns["both"]) == ["zeta", "alpha"]
    assert shell.user_ns["both"]["alpha"] == "I am alpha. Hello "


def test_where_there_is_room_for_one_only_they_answer_one_after_the_other(start: Start) -> None:
    host = Narrow(expected=1)
    shell = start(host)

    shell.run_cell_magic("lms", LINE, "Hello")

    assert host.most == 1
    assert [request.model_key for request in host.requests] == ["zeta", "alpha", "zeta"]
    assert list(shell.user_ns["both"]) == ["zeta", "alpha"]
    assert all("Hello" in answer for answer in shell.user_ns["both"].values())


def test_one_that_fails_does_not_take_the_answer_of_the_others(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    host = Roundtable(expected=1)
    host.fails = "zeta"
    shell = start(host)

    with pytest.raises(InstanceNotFoundError, match="zeta"):
        shell.run_cell_magic("lms", LINE, "Hello")

    assert shell.user_ns["both"]["alpha"] == "I am alpha. Hello "
    assert "No instance in memory is called 'zeta'." in capsys.readouterr().out


def test_no_model_is_loaded_just_in_time_which_would_evict_the_one_before(start: Start) -> None:
    host = Roundtable(expected=2)
    used: list[LoadRequest] = []

    async def use(request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        used.append(request)
        async for step in host.load(request, by):
            yield step

    host.use = use  # type: ignore[method-assign]
    start(host).run_cell_magic("lms", LINE, "Hello")

    assert used == []
    assert sorted(i.identifier for i in host.memory) == ["alpha", "zeta"]


def test_interrupting_keeps_what_there_is(start: Start) -> None:
    host = Roundtable(expected=3)
    shell = start(host)
    magics = shell.magics_manager.magics["line"]["lms"].__self__
    finish = magics.context.session.run
    begun = threading.Event()

    def interrupted(work: object, each: Callable[[], None] = lambda: None) -> object:
        def glance() -> None:
            each()
            if host.spoken == 2:
                begun.set()
                raise KeyboardInterrupt

        return finish(work, glance)

    magics.context.session.run = interrupted
    shell.run_cell_magic("lms", LINE, "Hello")

    assert begun.is_set()
    assert shell.user_ns["both"]["zeta"] == "I am zeta. "
