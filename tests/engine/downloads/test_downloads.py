"""Downloads from a source that breaks off, forgets, lies, and is slow."""

from __future__ import annotations

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lms_jupyter.engine.downloads.downloads import Downloads, JobState
from lms_jupyter.engine.downloads.hub import Hub
from lms_jupyter.engine.errors import DownloadFailedError
from lms_jupyter.engine.library.catalog import Catalog
from tests.hosts.without import refuse

from ..flaky_hub import FlakyHub
from ..synthetic import write_llm
from .conftest import DATA, FAST, ended, until


@pytest.mark.asyncio
async def test_a_download_arrives_whole_and_leaves_nothing_else(
    downloads: Downloads, file: Path
) -> None:
    job = await downloads.start("a/tiny-GGUF")
    states = [now.state async for now in downloads.watch(job)]

    assert states[-1] is JobState.COMPLETED
    assert file.read_bytes() == DATA
    assert [found.name for found in file.parent.iterdir()] == [file.name]
    assert (job.downloaded_bytes, job.total_bytes) == (len(DATA), len(DATA))
    assert job.path == "a/tiny-GGUF/tiny-Q8_0.gguf"
    assert job.completed_at is not None
    assert downloads.job(job.job_id) is job


@pytest.mark.asyncio
async def test_a_source_that_breaks_off_is_asked_for_the_rest(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.break_after = [1_000_000, 500_000, 700_000]

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.state is JobState.COMPLETED
    assert file.read_bytes() == DATA
    assert len(hub.asked) == 4
    assert all(headers["If-Range"] == '"one"' for headers in hub.asked[1:])
    starts = [int(headers["Range"][6:-1]) for headers in hub.asked[1:]]
    assert starts == sorted(starts)
    assert starts[0] > 0


@pytest.mark.asyncio
async def test_a_source_that_ignores_ranges_is_read_from_the_start(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.break_after = [1_000_000]
    hub.ranges = False

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.state is JobState.COMPLETED
    assert file.read_bytes() == DATA


@pytest.mark.asyncio
async def test_a_file_that_changes_in_between_is_not_mixed(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.hashes = False
    hub.before_gate = 2_000_000
    job = await downloads.start("a/tiny-GGUF")
    await until(downloads, job, lambda now: now.downloaded_bytes >= 1_000_000)
    await downloads.pause(job.job_id)
    changed = bytes(reversed(DATA))
    hub.files["tiny-Q8_0.gguf"] = changed
    hub.etag = '"two"'
    hub.gate.set()

    await ended(downloads, downloads.resume(job.job_id))

    assert file.read_bytes() == changed


@pytest.mark.asyncio
async def test_without_hash_and_version_nothing_is_continued(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.hashes = False
    hub.etag = None
    hub.break_after = [1_000_000]

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.state is JobState.COMPLETED
    assert "Range" not in hub.asked[1]
    assert file.read_bytes() == DATA


@pytest.mark.asyncio
async def test_a_wrong_hash_removes_what_came(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.sha256["tiny-Q8_0.gguf"] = "0" * 64

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "has the SHA-256" in job.error.title
    assert list(file.parent.iterdir()) == []


@pytest.mark.asyncio
async def test_more_bytes_than_announced_are_refused(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.sizes["tiny-Q8_0.gguf"] = 2_000_000

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.error is not None
    assert "is larger than the 2000000 bytes said" in job.error.title
    assert list(file.parent.iterdir()) == []


@pytest.mark.asyncio
async def test_a_busy_source_is_asked_again_and_a_dead_one_given_up(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.statuses = [503, 429]
    first = await ended(downloads, await downloads.start("a/tiny-GGUF"))
    assert first.state is JobState.COMPLETED

    file.unlink()
    hub.statuses = [500, 500, 500]
    second = await ended(downloads, await downloads.start("a/tiny-GGUF"))
    assert second.state is JobState.FAILED
    assert second.error is not None
    assert "the source answered 500, 3 times in a row" in second.error.title

    await ended(downloads, downloads.resume(second.job_id))
    assert second.state is JobState.COMPLETED
    assert second.error is None


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refusal_is_final(downloads: Downloads, hub: FlakyHub, status: int) -> None:
    hub.statuses = [status]

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert f"answered {status} for tiny-Q8_0.gguf" in job.error.title
    assert len(hub.asked) == 1


@pytest.mark.asyncio
async def test_a_download_pauses_resumes_and_shows_its_speed(
    downloads: Downloads, hub: FlakyHub, file: Path
) -> None:
    hub.before_gate = 2_000_000
    job = await downloads.start("a/tiny-GGUF")
    await until(downloads, job, lambda now: now.downloaded_bytes >= 2_000_000)
    assert job.bytes_per_second > 0
    assert job.seconds_left is not None

    await downloads.pause(job.job_id)

    assert job.state is JobState.PAUSED
    assert (job.bytes_per_second, job.seconds_left) == (0.0, None)
    assert not file.exists()
    kept = job.downloaded_bytes
    hub.gate.set()
    assert await downloads.start("a/tiny-GGUF") is job
    await ended(downloads, job)
    assert job.state is JobState.COMPLETED
    assert hub.asked[-1]["Range"] == f"bytes={kept}-"
    assert file.read_bytes() == DATA


@pytest.mark.asyncio
async def test_cancelling_removes_the_part(downloads: Downloads, hub: FlakyHub, file: Path) -> None:
    hub.before_gate = 2_000_000
    job = await downloads.start("a/tiny-GGUF")
    await until(downloads, job, lambda now: now.downloaded_bytes >= 1_000_000)

    await downloads.cancel(job.job_id)

    assert job.state is JobState.CANCELLED
    assert list(file.parent.iterdir()) == []


@pytest.mark.asyncio
async def test_what_a_stopped_engine_left_is_continued_by_the_next(
    downloads: Downloads, hub: FlakyHub, tmp_path: Path, file: Path
) -> None:
    hub.before_gate = 2_000_000
    job = await downloads.start("a/tiny-GGUF")
    await until(downloads, job, lambda now: now.downloaded_bytes >= 2_000_000)
    await downloads.close()
    hub.gate.set()

    again = Downloads(tmp_path, Hub(hub.endpoint), FAST)
    second = await ended(again, await again.start("a/tiny-GGUF"))
    await again.close()

    assert second.state is JobState.COMPLETED
    assert int(hub.asked[-1]["Range"][6:-1]) >= 2_000_000
    assert file.read_bytes() == DATA


@pytest.mark.asyncio
async def test_what_is_there_is_not_fetched_again(downloads: Downloads, hub: FlakyHub) -> None:
    await ended(downloads, await downloads.start("a/tiny-GGUF"))

    job = await downloads.start("a/tiny-GGUF")

    assert job.already_there
    assert job.state is JobState.COMPLETED
    assert len(hub.asked) == 1


@pytest.mark.asyncio
async def test_a_full_disk_is_said_and_the_part_kept(downloads: Downloads, file: Path) -> None:
    file.parent.mkdir(parents=True)
    part = file.with_name(f"{file.name}.part")
    part.symlink_to("/dev/full")

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.title.startswith("The disk is full")
    assert part.is_symlink()


@pytest.mark.asyncio
async def test_what_cannot_fit_is_not_begun(downloads: Downloads, hub: FlakyHub) -> None:
    hub.sizes["tiny-Q8_0.gguf"] = 10**18

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.error is not None
    assert "needs 1000000000000000000 more bytes" in job.error.title
    assert hub.asked == []


@pytest.mark.asyncio
async def test_a_silent_source_counts_as_broken(hub: FlakyHub, tmp_path: Path, file: Path) -> None:
    impatient = Downloads(tmp_path, Hub(hub.endpoint, silence_s=0.2), FAST)
    hub.before_gate = 0

    job = await ended(impatient, await impatient.start("a/tiny-GGUF"))
    await impatient.close()

    assert job.error is not None
    assert "3 times in a row" in job.error.title
    assert not file.exists()


@pytest.mark.asyncio
async def test_a_finished_download_is_in_the_catalogue(
    downloads: Downloads, hub: FlakyHub, tmp_path: Path
) -> None:
    model = write_llm(tmp_path / "source.bin")
    hub.files = {"tiny-F16.gguf": model.read_bytes()}
    hub.before_gate = 100_000
    hub.piece_bytes = 50_000
    catalog = Catalog([tmp_path])
    job = await downloads.start("a/tiny-GGUF")
    await until(downloads, job, lambda now: now.downloaded_bytes >= 100_000)
    assert await catalog.models() == ()

    hub.gate.set()
    await ended(downloads, job)

    (found,) = await catalog.models()
    assert found.path == job.path


@pytest.mark.asyncio
async def test_many_watchers_and_none_disturb_a_job(downloads: Downloads, file: Path) -> None:
    job = await downloads.start("a/tiny-GGUF")
    watchers = [asyncio.create_task(ended(downloads, job)) for _ in range(5)]
    watchers[0].cancel()

    await asyncio.gather(*watchers[1:])

    assert file.read_bytes() == DATA


@pytest.mark.asyncio
async def test_a_disk_that_fails_is_said_and_leaves_no_job_behind(
    hub: FlakyHub, tmp_path: Path
) -> None:
    """The refusal holds for its thread alone."""

    async def start() -> tuple[str, int]:
        downloads = Downloads(tmp_path, Hub(hub.endpoint), FAST)
        refuse("newfstatat", errno.EIO)
        try:
            with pytest.raises(DownloadFailedError) as caught:
                await downloads.start("a/tiny-GGUF")
            return caught.value.title, len(downloads.jobs)
        finally:
            await downloads.close()

    with ThreadPoolExecutor(1) as thread:
        work = asyncio.get_running_loop().run_in_executor(thread, lambda: asyncio.run(start()))
        title, jobs = await work

    assert title.endswith("tiny-Q8_0.gguf cannot be looked at: Input/output error.")
    assert jobs == 0
