"""What an instance is doing is asked until it is known, and until then it is unknown."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from lms_jupyter.errors import HostTimeoutError
from lms_jupyter.hosts.sdk import SdkHost
from tests.hosts.studio import Studio

pytestmark = pytest.mark.alone

KEY = "qwen/qwen3-4b"
STATE = "getInstanceProcessingState"


@pytest_asyncio.fixture
async def studio() -> AsyncIterator[Studio]:
    with Studio() as studio:
        for name in ("one", "two"):
            studio.memory[name] = studio._instance(KEY, name, 4096, 60_000)
        yield studio


@pytest_asyncio.fixture
async def host(studio: Studio) -> AsyncIterator[SdkHost]:
    host = SdkHost(studio.address)
    await host.connect()
    yield host
    await host.close()


async def statuses(host: SdkHost) -> list[str]:
    return [instance.status for instance in (await host.poll()).instances]


@pytest.mark.asyncio
async def test_a_host_that_lets_nobody_in_and_says_nothing_is_given_up(studio: Studio) -> None:
    studio.silent = {"introduction"}
    host = SdkHost(studio.address)
    began = time.monotonic()
    with pytest.raises(HostTimeoutError, match="took too long to answer"):
        await host.connect()
    assert time.monotonic() - began < 15
    await host.close()


@pytest.mark.asyncio
async def test_what_is_told_is_known(host: SdkHost) -> None:
    assert await statuses(host) == ["idle", "idle"]


@pytest.mark.asyncio
async def test_an_answer_that_takes_long_leaves_it_unknown_and_is_asked_for_again(
    host: SdkHost, studio: Studio
) -> None:
    studio.late = {STATE: 2.5}
    assert await statuses(host) == ["unknown", "unknown"]
    studio.late = {}

    assert await statuses(host) == ["idle", "idle"]


@pytest.mark.asyncio
async def test_a_late_answer_makes_the_next_look_wait_again(host: SdkHost, studio: Studio) -> None:
    studio.late = {STATE: 2.5}
    await statuses(host)
    await statuses(host)
    studio.late = {STATE: 1.0}
    async with asyncio.timeout(10):
        while await statuses(host) != ["idle", "idle"]:
            pass


@pytest.mark.asyncio
async def test_nobody_waits_for_a_slow_answer_before_the_host_is_known_to_give_one(
    host: SdkHost, studio: Studio
) -> None:
    studio.late = {STATE: 1.8}
    assert await statuses(host) == ["unknown", "unknown"]

    async with asyncio.timeout(20):
        while await statuses(host) != ["idle", "idle"]:
            pass
    assert await statuses(host) == ["idle", "idle"]


@pytest.mark.asyncio
async def test_one_that_never_answers_hides_no_other(host: SdkHost, studio: Studio) -> None:
    silent = iter([True])
    studio.twist = lambda endpoint, told: (
        {"type": "?"} if endpoint == STATE and next(silent, False) else told
    )
    began = time.monotonic()
    assert sorted(await statuses(host)) == ["idle", "unknown"]
    assert time.monotonic() - began < 1.9


@pytest.mark.asyncio
async def test_a_host_that_never_answers_costs_little_from_the_second_look_on(
    host: SdkHost, studio: Studio
) -> None:
    studio.silent = {STATE}
    assert await statuses(host) == ["unknown", "unknown"]
    await statuses(host)
    began = time.monotonic()
    for _ in range(3):
        assert await statuses(host) == ["unknown", "unknown"]
    assert time.monotonic() - began < 1.5


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
    ],
)
async def test_one_failing_state_is_unknown_and_hides_nothing_else(
    host: SdkHost, studio: Studio, answer: dict[str, Any]
) -> None:
    failing = iter([answer])
    studio.twist = lambda endpoint, told: next(failing, told) if endpoint == STATE else told

    assert sorted(await statuses(host)) == ["idle", "unknown"]
    assert await statuses(host) == ["idle", "idle"]
