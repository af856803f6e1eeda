"""What an instance is doing is asked until it is known, and until then it is unknown.

The clock of the client stands still: how long it waits is seen by how far the clock has to move.
"""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from lms_jupyter.errors import HostTimeoutError
from lms_jupyter.hosts.instance_states import PATIENCE_S, SILENT_S, SLOW_S
from lms_jupyter.hosts.sdk import CONNECT_TIMEOUT_S, SdkHost
from tests.hosts.studio import Studio
from tests.stopped_clock import StoppedClock, stopped

KEY = "qwen/qwen3-4b"
NAMES = ("one", "two")
STATE = "getInstanceProcessingState"
INTRODUCTION = "introduction"


class Ears:
    """Counts what the host hears of one kind."""

    def __init__(self, studio: Studio) -> None:
        self._asked = threading.Semaphore(0)
        studio.heard = self._note

    def _note(self, endpoint: str) -> None:
        if endpoint == STATE:
            self._asked.release()

    async def wait(self) -> None:
        """Wait until the host has been asked for the state of each instance once more."""
        for _ in NAMES:
            await asyncio.to_thread(self._asked.acquire)


@pytest_asyncio.fixture
async def studio() -> AsyncIterator[Studio]:
    with Studio() as studio:
        for name in NAMES:
            studio.memory[name] = studio._instance(KEY, name, 4096, 60_000)
        yield studio


@pytest.fixture
def ears(studio: Studio) -> Ears:
    return Ears(studio)


@pytest_asyncio.fixture
async def clock() -> AsyncIterator[StoppedClock]:
    with stopped(asyncio.get_running_loop()) as clock:
        yield clock


@pytest_asyncio.fixture
async def host(
    studio: Studio,
    clock: StoppedClock,  # noqa: ARG001 - stands still before anything waits
) -> AsyncIterator[SdkHost]:
    host = SdkHost(studio.address)
    await host.connect()
    yield host
    await host.close()


async def statuses(host: SdkHost) -> list[str]:
    return sorted(instance.status for instance in (await host.poll()).instances)


async def looked_for(seconds: float, host: SdkHost, ears: Ears, clock: StoppedClock) -> list[str]:
    """Let a look wait for what does not come; it has to end when so much time has passed."""
    look = asyncio.ensure_future(statuses(host))
    await ears.wait()
    # What was answered to earlier questions has come before this one is.
    await host.check("llm")
    clock.move(seconds * 0.99)
    await host.check("llm")
    assert not look.done()
    clock.move(seconds * 0.01)
    return await look


@pytest.mark.asyncio
async def test_a_host_that_lets_nobody_in_and_says_nothing_is_given_up(
    studio: Studio, clock: StoppedClock
) -> None:
    studio.silent = {INTRODUCTION}
    greeted = threading.Event()
    studio.heard = lambda endpoint: greeted.set() if endpoint == INTRODUCTION else None
    host = SdkHost(studio.address)
    connecting = asyncio.ensure_future(host.connect())
    assert await asyncio.to_thread(greeted.wait, 30)
    clock.move(CONNECT_TIMEOUT_S)
    with pytest.raises(HostTimeoutError, match="took too long to answer"):
        await connecting
    await host.close()


@pytest.mark.asyncio
async def test_what_is_told_is_known(host: SdkHost) -> None:
    assert await statuses(host) == ["idle", "idle"]


@pytest.mark.asyncio
async def test_an_answer_that_takes_long_leaves_it_unknown_and_is_asked_for_again(
    host: SdkHost, studio: Studio, ears: Ears, clock: StoppedClock
) -> None:
    studio.late = {STATE}
    assert await looked_for(PATIENCE_S, host, ears, clock) == ["unknown", "unknown"]
    studio.late = set()

    assert await statuses(host) == ["idle", "idle"]


@pytest.mark.asyncio
async def test_a_late_answer_makes_the_next_look_wait_again(
    host: SdkHost, studio: Studio, ears: Ears, clock: StoppedClock
) -> None:
    studio.late = {STATE}
    await looked_for(PATIENCE_S, host, ears, clock)
    await looked_for(SILENT_S, host, ears, clock)
    studio.answer()
    await host.check("llm")
    await host.check("llm")

    look = asyncio.ensure_future(statuses(host))
    await ears.wait()
    clock.move(SLOW_S / 2)
    studio.answer()
    assert await look == ["idle", "idle"]


@pytest.mark.asyncio
async def test_nobody_waits_for_a_slow_answer_before_the_host_is_known_to_give_one(
    host: SdkHost, studio: Studio, ears: Ears, clock: StoppedClock
) -> None:
    studio.late = {STATE}
    assert await looked_for(PATIENCE_S, host, ears, clock) == ["unknown", "unknown"]
    studio.answer()
    await host.check("llm")
    await host.check("llm")

    for _ in range(2):
        look = asyncio.ensure_future(statuses(host))
        await ears.wait()
        clock.move(0.9 * SLOW_S)
        studio.answer()
        assert await look == ["idle", "idle"]


@pytest.mark.asyncio
async def test_one_that_never_answers_hides_no_other(
    host: SdkHost, studio: Studio, ears: Ears, clock: StoppedClock
) -> None:
    note, asked = studio.heard, itertools.count(1)

    def heard(endpoint: str) -> None:
        if endpoint == STATE and next(asked) == len(NAMES):
            studio.silent = {STATE}
        note(endpoint)

    studio.heard = heard
    assert await looked_for(PATIENCE_S, host, ears, clock) == ["idle", "unknown"]


@pytest.mark.asyncio
async def test_a_host_that_never_answers_costs_little_from_the_second_look_on(
    host: SdkHost, studio: Studio, ears: Ears, clock: StoppedClock
) -> None:
    studio.silent = {STATE}
    assert await looked_for(PATIENCE_S, host, ears, clock) == ["unknown", "unknown"]
    for _ in range(4):
        assert await looked_for(SILENT_S, host, ears, clock) == ["unknown", "unknown"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        {"type": "rpcError", "error": {"title": "It cannot say."}},
        {"type": "rpcError", "error": "?"},
        {"type": "rpcResult", "result": "idle"},
        {"type": "rpcResult", "result": {"status": ["idle"]}},
        {"type": "rpcResult", "result": {"status": "idle", "queued": -1}},
        {"type": "rpcResult", "result": {"status": "dreaming"}},
        {"type": "rpcResult"},
        {"type": "?"},
    ],
)
async def test_one_failing_state_is_unknown_and_hides_nothing_else(
    host: SdkHost, studio: Studio, answer: dict[str, Any]
) -> None:
    failing = iter([answer])
    studio.twist = lambda endpoint, told: next(failing, told) if endpoint == STATE else told

    assert await statuses(host) == ["idle", "unknown"]
    assert await statuses(host) == ["idle", "idle"]
