"""The engine as a process of the user's own: started once, adopted, ended."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lms_jupyter.errors import EngineMissingError, HostUnreachableError
from lms_jupyter.hosts import announcements, embedded
from lms_jupyter.hosts.discover import find_host
from tests import engines


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
async def test_an_engine_without_a_token_is_adopted_as_before(tmp_path: Path) -> None:
    place = str(announcements.announcement_path())
    process, address = engines.start(tmp_path / "log", "--announce", place, "--insecure")
    try:
        found = await find_host("", environ={}, ports=[])
        await found.host.connect()
        models = await found.host.models()
        await found.host.close()
    finally:
        engines.end(process)

    assert found.host.info.address == address
    assert found.why == "no LM Studio here, engine was running"
    assert "tutor-1m" in {model.model_key for model in models}


@pytest.mark.asyncio
async def test_a_name_of_loopback_leads_to_the_engine_with_its_token() -> None:
    engine = await embedded.start_engine()
    port = engine.address.rpartition(":")[2]

    found = await find_host(f"localhost:{port}", environ={}, ports=[])
    await found.host.connect()
    await found.host.close()

    assert found.host.info.address == engine.address


@pytest.mark.asyncio
async def test_another_users_engine_on_a_port_of_lm_studio_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sk-lm-Ab3dEf9h:0123456789abcdefghij")
    options = ("--token-file", str(tmp_path / "token"))
    process, address = engines.start(tmp_path / "log", *options)
    port = int(address.rpartition(":")[2])
    try:
        with pytest.raises(HostUnreachableError, match="No LM Studio was found"):
            await find_host("", environ={}, ports=[port], start=False)
        token = {"LM_API_TOKEN": "sk-lm-Ab3dEf9h:0123456789abcdefghij"}
        found = await find_host("", environ=token, ports=[port], start=False)
        await found.host.connect()
        await found.host.close()
    finally:
        engines.end(process)


def test_an_announcement_shows_its_token_nowhere() -> None:
    token = "sk-lm-Ab3dEf9h:0123456789abcdefghij"  # noqa: S105 - of this test alone
    known = announcements.Announcement(address="a", pid=1, version="1", token=token)

    assert "0123" not in f"{known} {known!r} {known.__rich_repr__()}"


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


@contextlib.contextmanager
def announced_as(pid: int, address: str, token: str | None = "0" * 32) -> Iterator[Path]:
    """Announce a process as this user's engine; the file is removed at the end."""
    file = announcements.announcement_path()
    said = {"address": address, "pid": pid, "version": "1"} | ({"token": token} if token else {})
    file.write_text(json.dumps(said), encoding="utf-8")
    file.chmod(0o600)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def another_program() -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of ours that is no engine."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.asyncio
async def test_a_number_that_is_another_programs_by_now_is_never_ended(tmp_path: Path) -> None:
    with another_program() as other, engines.engine(tmp_path / "home", "--insecure") as address:
        # Nobody is there, or an engine that is another one, or one that tells no proof.
        for at, token in (("127.0.0.1:9", "0" * 32), (address, "0" * 32), (address, None)):
            with announced_as(other.pid, at, token) as file:
                with pytest.raises(HostUnreachableError, match=f"{other.pid} was announced"):
                    await embedded.stop_engine()
                assert file.exists()
        assert other.poll() is None
        assert engines.owner(address).is_running()


@pytest.mark.asyncio
async def test_the_engine_that_proves_to_be_it_is_ended() -> None:
    await embedded.start_engine()
    known = announcements.announced()
    assert known is not None
    process = psutil.Process(known.pid)

    assert await embedded.stop_engine()
    psutil.wait_procs([process], timeout=20)
    assert not await embedded.stop_engine()


@pytest.mark.asyncio
async def test_what_has_ended_already_is_no_engine_to_stop() -> None:
    with another_program() as other:
        pass
    with announced_as(other.pid, "127.0.0.1:9"):
        assert not await embedded.stop_engine()
