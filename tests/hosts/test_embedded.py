"""The engine as a process of the user's own: started once, adopted, ended."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from lms_jupyter.errors import EngineMissingError
from lms_jupyter.hosts import announcements, embedded
from lms_jupyter.hosts.discover import find_host


@pytest.fixture(autouse=True)
def _no_engine_is_left(_private_folders: None) -> Iterator[None]:
    yield
    known = announcements.announced()
    if known is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(known.pid)
            process.terminate()
            process.wait(20)


@pytest.mark.asyncio
async def test_with_no_host_the_engine_is_started_and_the_next_one_adopts_it() -> None:
    first = await find_host("", environ={}, ports=[])
    second = await find_host("", environ={}, ports=[])

    assert first.host.info.address == second.host.info.address
    assert first.why == "no LM Studio here, engine started"
    assert second.why == "no LM Studio here, engine was running"


@pytest.mark.asyncio
async def test_started_by_several_at_once_there_is_one_engine() -> None:
    greetings = await asyncio.gather(*(embedded.start_engine() for _ in range(4)))

    assert len({greeting.address for greeting in greetings}) == 1


@pytest.mark.asyncio
async def test_an_announcement_of_an_engine_that_is_gone_is_no_engine() -> None:
    greeting = await embedded.start_engine()
    known = announcements.announced()
    assert known is not None
    assert known.address == greeting.address
    process = psutil.Process(known.pid)
    os.kill(known.pid, signal.SIGKILL)
    psutil.wait_procs([process], timeout=20)

    assert await embedded.running_engine() is None
    assert (await embedded.start_engine()).address != ""


@pytest.mark.asyncio
async def test_the_engine_leaves_the_ports_of_lm_studio_alone() -> None:
    greeting = await embedded.start_engine()

    port = int(greeting.address.rpartition(":")[2])
    assert port not in {41343, 52993, 16141, 39414, 22931, 1234}
    assert greeting.address.startswith("127.0.0.1:")


def test_an_engine_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "NEEDED", ("no_such_package",))

    with pytest.raises(EngineMissingError, match="lacks no_such_package") as caught:
        embedded.check_installed()

    assert "pip install 'lms-jupyter[engine]'" in caught.value.hint
