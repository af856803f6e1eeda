"""A source of models, and the downloads that come from it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from lms_jupyter.engine.downloads.downloads import Downloads, Job
from lms_jupyter.engine.downloads.fetch import Retries
from lms_jupyter.engine.downloads.hub import Hub

from ..flaky_hub import FlakyHub

DATA = os.urandom(3_000_000)
FAST = Retries(attempts=3, first_wait_s=0.001, longest_wait_s=0.002)


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[FlakyHub]:
    files = {"tiny-Q8_0.gguf": DATA, "tiny-Q4_0.gguf": DATA[:1000], "README.md": b"hello"}
    async with FlakyHub(files).serve() as serving:
        yield serving


@pytest_asyncio.fixture
async def downloads(hub: FlakyHub, tmp_path: Path) -> AsyncIterator[Downloads]:
    made = Downloads(tmp_path, Hub(hub.endpoint, silence_s=5), FAST)
    yield made
    await made.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a" / "tiny-GGUF" / "tiny-Q8_0.gguf"


async def until(downloads: Downloads, job: Job, reached: Callable[[Job], bool]) -> Job:
    async for now in downloads.watch(job):
        if reached(now):
            break
    return job


async def ended(downloads: Downloads, job: Job) -> Job:
    return await until(downloads, job, lambda _job: False)
