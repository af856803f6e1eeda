"""A manager that finds an LM Studio asleep says so, and wakes it when somebody says that."""

import asyncio
from collections.abc import Callable

import pytest

from lms_jupyter.errors import CommandError, HostUnreachableError, StudioAsleepError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Collaborators, Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.inbox import accept
from lms_jupyter.manager.watch import watch
from lms_jupyter.protocol.commands import WakeStudio
from lms_jupyter.protocol.slices import Activity
from tests.hosts.fake import FakeHost, fake_model

WAIT_S = 20.0


class Sleeper:
    """A host that is found once somebody has woken it."""

    def __init__(self, *, wakes: bool = True) -> None:
        self.is_awake = False
        self.wakes = wakes

    async def find(self, _named: str) -> Found:
        if not self.is_awake:
            raise StudioAsleepError("LM Studio is installed here and does not run.")
        return Found(host=FakeHost(fake_model()), why="woken now")

    async def wake(self) -> None:
        if not self.wakes:
            raise HostUnreachableError("llmster was started and did not answer within 60 s.")
        self.is_awake = True


async def until(manager: Manager, is_so: Callable[[Activity], object]) -> None:
    """Wait until something holds of what is known."""
    async with asyncio.timeout(WAIT_S):
        while not is_so(manager.activity):
            changed = asyncio.Event()

            def note(_change: object, changed: asyncio.Event = changed) -> None:
                changed.set()

            manager.observe(note, "activity")
            await changed.wait()
            manager.unobserve(note, "activity")


@pytest.mark.asyncio
async def test_a_host_that_sleeps_is_woken_by_a_click_and_watched_then() -> None:
    sleeper = Sleeper()
    manager = Manager(sleeper.find, Collaborators(wake_studio=sleeper.wake))
    manager.run_on(asyncio.get_running_loop())
    manager.spawn(watch(manager))
    await until(manager, lambda now: now.host.link == "lost" and now.host.asleep)

    await run(WakeStudio(), manager)
    await until(manager, lambda now: now.host.link == "connected" and not now.host.asleep)

    assert manager.why == "woken now"
    await manager.close()


@pytest.mark.asyncio
async def test_why_it_does_not_wake_is_shown() -> None:
    sleeper = Sleeper(wakes=False)
    manager = Manager(sleeper.find, Collaborators(wake_studio=sleeper.wake))
    manager.run_on(asyncio.get_running_loop())
    await accept({"rid": "1", "expires_at": None, "command": {"kind": "wake_studio"}}, manager)

    await until(manager, lambda now: now.problems)

    (problem,) = manager.activity.problems
    assert problem.title == "llmster was started and did not answer within 60 s."
    await manager.close()


@pytest.mark.asyncio
async def test_nothing_is_started_where_the_host_was_named() -> None:
    sleeper = Sleeper()
    manager = Manager(sleeper.find, Collaborators(wake_studio=sleeper.wake), host="gpu-box:1234")

    with pytest.raises(CommandError, match="The host of this page was named"):
        await run(WakeStudio(), manager)

    assert not sleeper.is_awake
