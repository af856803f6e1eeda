"""Download jobs. They belong to the engine: a client that goes away leaves its job running.

queued ──▶ downloading ──▶ checking ──▶ completed
  ▲  │       │      │
  │  ▼       ▼      └─▶ failed      (resume continues it)
  paused ◀───┘                      cancel: from all but `completed`; removes the parts

So many go on at once; the others wait in the order in which they were asked for.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote

from lms_jupyter.engine.downloads.fetch import Retries, Target, fetch
from lms_jupyter.engine.downloads.hub import DownloadOption, Hub
from lms_jupyter.engine.downloads.job import OVER, RUNNING, Job, JobState
from lms_jupyter.engine.downloads.rate import Rate
from lms_jupyter.engine.errors import (
    BadRequestError,
    DownloadFailedError,
    EngineError,
    JobNotFoundError,
)

__all__ = ["RUNNING", "Downloads", "Job", "JobState"]

AT_ONCE: Final = 2
TELL_EVERY_S: Final = 0.1
_IN_A_PAGE: Final = re.compile(r"/(?:tree|blob|resolve|raw)/[^/]+/?")

logger = logging.getLogger(__name__)


class Downloads:
    """All download jobs of an engine; files go to `folder/publisher/repository/`."""

    def __init__(
        self,
        folder: Path,
        hub: Hub,
        retries: Retries | None = None,
        *,
        at_once: int = AT_ONCE,
        bytes_per_second: float | None = None,
    ) -> None:
        self.at_once = at_once
        self.rate = Rate(bytes_per_second)
        self._queue: list[Job] = []
        self._folder = folder
        self._hub = hub
        self._retries = retries or Retries()
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[Job, asyncio.Task[None]] = {}

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs since the engine started, oldest first."""
        return tuple(self._jobs.values())

    def job(self, job_id: str) -> Job:
        """Return a job by its id, or raise `JobNotFoundError`."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise JobNotFoundError(job_id) from None

    async def start(
        self,
        model: str,
        quantization: str | None = None,
        *,
        bytes_per_second: float | None = None,
    ) -> Job:
        """Start to fetch a model, or return the job that fetches it already.

        `model` is `publisher/repository`, that with `@quantization` or `/file.gguf`, or the address
        of one of these at the source. `bytes_per_second` limits this job alone, 0 lifts that again.

        Raises:
            BadRequestError: `model` is none of these.
            PathNotFoundError: The source has no such repository.
            DownloadFailedError: The repository lacks the quantization, or the source is not there.
        """
        option = await self.option(model, quantization)
        for job in self.jobs:
            if job.option.identifier == option.identifier and job.state not in OVER:
                _limit(job, bytes_per_second)
                return self.resume(job.job_id)
        rate = Rate()
        targets = (self._target(option, number, rate) for number in range(len(option.files)))
        job = Job(option, tuple(targets), rate=rate)
        _limit(job, bytes_per_second)
        is_there = all(target.is_there() for target in job.targets)
        self._jobs[job.job_id] = job
        if is_there:
            job.already_there = True
            self._note_what_is_there(job)
            self._end(job, JobState.COMPLETED)
        else:
            self._run(job)
        return job

    async def option(self, model: str, quantization: str | None = None) -> DownloadOption:
        """Return what would be fetched for a model; as for `start`, which says what is raised."""
        repository, wanted = self._parse(model)
        options = await self._hub.options(repository)
        return _choose(options, repository, quantization or wanted)

    def resume(self, job_id: str) -> Job:
        """Continue a job that is paused or has failed; no effect on others."""
        job = self.job(job_id)
        if job.state in {JobState.PAUSED, JobState.FAILED}:
            job.error = None
            self._run(job)
        return job

    async def pause(self, job_id: str) -> Job:
        """Stop a running job so that it can be resumed; no effect on others."""
        job = self.job(job_id)
        if job.state in RUNNING:
            await self._stop(job)
            if job.state in RUNNING:
                self._end(job, JobState.PAUSED)
        return job

    async def cancel(self, job_id: str) -> Job:
        """Stop a job and remove what is incomplete; no effect on a completed one."""
        job = self.job(job_id)
        await self._stop(job)
        if job.state is not JobState.COMPLETED:
            for target in job.targets:
                await asyncio.to_thread(target.discard)
            self._end(job, JobState.CANCELLED)
        return job

    async def watch(self, job: Job) -> AsyncIterator[Job]:
        """Yield the job now and after changes, a few times a second at most, until it is over."""
        while True:
            changed = job.changed
            yield job
            if job.state in OVER:
                return
            await changed.wait()
            if job.state in RUNNING:
                await asyncio.sleep(TELL_EVERY_S)

    async def close(self) -> None:
        """Stop all jobs; their parts stay."""
        self.at_once = 0
        for job in self.jobs:
            await self.pause(job.job_id)
        await self._hub.close()

    def _parse(self, model: str) -> tuple[str, str | None]:
        """Split what was asked for into repository and quantization or file."""
        text = unquote(model.strip().removeprefix(self._hub.endpoint)).strip("/")
        if "://" in text:
            raise BadRequestError(
                f"{model!r} is not at {self._hub.endpoint}.",
                hint="Name it as publisher/repository, or set HF_ENDPOINT to another source.",
            )
        text, _, label = text.split("?")[0].partition("@")
        text = _IN_A_PAGE.sub("/", text).strip("/")
        parts = PurePosixPath(text).parts
        if len(parts) < 2 or ".." in parts:  # noqa: PLR2004
            raise BadRequestError(
                f"{model!r} does not name a repository.", hint="Use publisher/repository."
            )
        file = "/".join(parts[2:])
        return f"{parts[0]}/{parts[1]}", label or file or None

    def _target(self, option: DownloadOption, number: int, rate: Rate) -> Target:
        file = option.files[number]
        return Target(
            url=self._hub.url(option.repository, file.path),
            file=self._folder / option.repository / file.path,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            rates=(self.rate, rate),
        )

    def limit(self, *, at_once: int | None = None, bytes_per_second: float | None = None) -> None:
        """Change how many go on at once, and how fast all of them are together; 0 is no limit."""
        if at_once is not None:
            self.at_once = at_once
            self._let_in()
        if bytes_per_second is not None:
            self.rate.bytes_per_second = bytes_per_second or None

    def _run(self, job: Job) -> None:
        """Put a job into the queue, which it leaves at once where there is room."""
        job.state = JobState.QUEUED
        job.restart_clock()
        self._queue.append(job)
        job.place = len(self._queue)
        self._let_in()
        job.tell()

    def _let_in(self) -> None:
        """Let as many jobs begin as may go on at once."""
        while self._queue and len(self._tasks) < self.at_once:
            job = self._queue.pop(0)
            job.place, job.state = 0, JobState.DOWNLOADING
            self._tasks[job] = asyncio.create_task(self._carry_out(job))
            job.tell()
        for place, job in enumerate(self._queue, 1):
            if job.place != place:
                job.place = place
                job.tell()

    async def _carry_out(self, job: Job) -> None:
        try:
            self._note_what_is_there(job)
            for target in job.targets:
                if not target.is_there():
                    await self._fetch(job, target)
            self._end(job, JobState.COMPLETED)
        except EngineError as error:
            job.error = error
            self._end(job, JobState.FAILED)
        except Exception as error:  # a job must not look as if it went on
            logger.exception("download of %s", job.option.identifier)
            job.error = DownloadFailedError(f"The download failed: {error}.")
            self._end(job, JobState.FAILED)
        finally:
            if self._tasks.pop(job, None) is not None:
                self._let_in()

    async def _fetch(self, job: Job, target: Target) -> None:
        job.state = JobState.DOWNLOADING

        def checking() -> None:
            job.state = JobState.CHECKING
            job.tell()

        await fetch(
            self._hub.session,
            target,
            retries=self._retries,
            on_bytes=lambda have: job.note(target.file, have),
            on_checking=checking,
        )

    async def _stop(self, job: Job) -> None:
        if job in self._queue:
            self._queue.remove(job)
            job.place = 0
        task = self._tasks.pop(job, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._let_in()

    def _note_what_is_there(self, job: Job) -> None:
        for target in job.targets:
            job.note(target.file, target.have_bytes())

    def _end(self, job: Job, state: JobState) -> None:
        job.state = state
        job.completed_at = time.time() if state is JobState.COMPLETED else None
        job.tell()
        reason = f": {job.error.title}" if job.error else ""
        logger.info("download of %s %s%s", job.option.identifier, state.value, reason)


def _limit(job: Job, bytes_per_second: float | None) -> None:
    if bytes_per_second is not None:
        job.rate.bytes_per_second = bytes_per_second or None


def _choose(
    options: tuple[DownloadOption, ...], repository: str, wanted: str | None
) -> DownloadOption:
    """Find the option with this quantization or file; without a wish, the recommended one."""
    if not options:
        raise DownloadFailedError(
            f"{repository} has no GGUF files.", hint="Look for a repository with -GGUF in its name."
        )
    if wanted is None:
        return next(option for option in options if option.recommended)
    for option in options:
        paths = {file.path.lower() for file in option.files}
        if wanted.lower() == option.label or wanted.lower() in paths:
            return option
    raise DownloadFailedError(
        f"{repository} has nothing called {wanted!r}.",
        hint=f"It has {', '.join(option.label for option in options)}.",
    )
