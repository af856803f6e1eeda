"""Several downloads at once: how many, in which order, and how fast."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from lms_jupyter.engine.downloads.downloads import Downloads, JobState
from lms_jupyter.engine.downloads.hub import Hub
from lms_jupyter.engine.downloads.rate import Rate
from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.wire.fields import optional_number
from lms_jupyter.engine.wire.rest_v1 import job_entry
from tests import engines

from ..flaky_hub import FlakyHub
from .conftest import DATA, FAST, ended, until

NAMES = ("one-Q8_0", "two-Q8_0", "three-Q8_0")


@pytest.fixture
def queue(hub: FlakyHub, tmp_path: Path) -> Downloads:
    hub.files = {f"{name}.gguf": DATA for name in NAMES}
    hub.piece_bytes = 2**14
    hub.before_gate = 2**16
    return Downloads(tmp_path, Hub(hub.endpoint, silence_s=5), FAST, at_once=1)


async def started(queue: Downloads) -> list:  # type: ignore[type-arg]
    return [await queue.start(f"a/tiny-GGUF/{name}.gguf") for name in NAMES]


@pytest.mark.asyncio
async def test_those_beyond_the_number_wait_in_their_order(queue: Downloads, hub: FlakyHub) -> None:
    one, two, three = await started(queue)
    assert [job.state for job in (one, two, three)] == [
        JobState.DOWNLOADING,
        JobState.QUEUED,
        JobState.QUEUED,
    ]
    assert [job_entry(job).get("queue_position") for job in (one, two, three)] == [None, 1, 2]
    assert {job_entry(job)["status"] for job in (one, two, three)} == {"downloading"}

    hub.gate.set()
    for job in (one, two, three):
        await ended(queue, job)
    assert [job.state for job in (one, two, three)] == [JobState.COMPLETED] * 3
    assert one.completed_at <= two.completed_at <= three.completed_at
    await queue.close()


@pytest.mark.asyncio
async def test_one_that_pauses_or_is_cancelled_lets_the_next_in(queue: Downloads) -> None:
    one, two, three = await started(queue)

    await queue.pause(one.job_id)
    assert (two.state, three.place) == (JobState.DOWNLOADING, 1)
    await queue.cancel(two.job_id)
    assert three.state is JobState.DOWNLOADING
    queue.resume(one.job_id)
    assert (one.state, one.place) == (JobState.QUEUED, 1)
    await queue.pause(one.job_id)
    assert (one.state, one.place) == (JobState.PAUSED, 0)
    await queue.close()
    assert {job.state for job in (one, three)} == {JobState.PAUSED}


@pytest.mark.asyncio
async def test_more_at_once_begin_as_soon_as_they_may(queue: Downloads) -> None:
    one, two, three = await started(queue)

    queue.limit(at_once=3)

    assert {job.state for job in (one, two, three)} == {JobState.DOWNLOADING}
    await queue.close()


@pytest.mark.asyncio
async def test_the_end_of_the_engine_lets_nobody_in(queue: Downloads, hub: FlakyHub) -> None:
    jobs = await started(queue)
    await until(queue, jobs[0], lambda job: job.downloaded_bytes > 0)

    await queue.close()

    assert {job.state for job in jobs} == {JobState.PAUSED}
    assert len(hub.asked) == 1


@pytest.mark.asyncio
async def test_a_rate_is_shared_and_kept() -> None:
    rate = Rate(1e6)
    began = time.monotonic()

    await asyncio.gather(*(rate.take(50_000) for _ in range(4)))

    assert time.monotonic() - began >= 0.19
    assert rate.piece(2**20) == 100_000
    assert Rate().piece(2**20) == 2**20


@pytest.mark.asyncio
async def test_a_job_of_its_own_rate_takes_as_long_as_that_says(
    queue: Downloads, hub: FlakyHub
) -> None:
    hub.gate.set()
    began = time.monotonic()

    job = await queue.start("a/tiny-GGUF/one-Q8_0.gguf", bytes_per_second=6e6)
    await ended(queue, job)

    assert job.state is JobState.COMPLETED
    assert time.monotonic() - began >= 0.9 * len(DATA) / 6e6
    await queue.close()


@pytest.mark.parametrize("value", [-1, True, "fast", float("nan"), float("inf")])
def test_a_rate_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(BadRequestError, match="number from 0 on"):
        optional_number({"rate": value}, "rate")


def test_limits_are_changed_over_rest_while_the_engine_runs(tmp_path: Path) -> None:
    path = "/api/v1/models/download/limits"
    with (
        engines.engine(tmp_path, "--no-default-models", "--downloads", str(tmp_path)) as address,
        httpx.Client(base_url=f"http://{address}", timeout=30) as http,
    ):
        before = http.post(path, json={}).json()
        after = http.post(path, json={"at_once": 5, "max_bytes_per_second": 2e6}).json()
        lifted = http.post(path, json={"max_bytes_per_second": 0}).json()
        wrong = [http.post(path, json={"at_once": each}) for each in (0, 17, 1.5, "x")]

    assert before == {"at_once": 2, "max_bytes_per_second": None}
    assert after == {"at_once": 5, "max_bytes_per_second": 2e6}
    assert lifted == {"at_once": 5, "max_bytes_per_second": None}
    assert [each.status_code for each in wrong] == [400] * 4
