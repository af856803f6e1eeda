"""Another user of the same machine finds an engine, and gets nothing of it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lms_jupyter.doctor import connection, machine
from lms_jupyter.doctor.finding import CheckContext
from lms_jupyter.errors import HostError
from lms_jupyter.hosts import announcements, embedded
from lms_jupyter.hosts.discover import find_host
from tests.hosts import stranger
from tests.hosts.studio import Studio

NOBODY = 65534
STRANGER = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv here"),
]


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place where everybody may go, so that nothing but our own modes keeps strangers out."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.setenv("XDG_STATE_HOME", str(place))
        yield place / "lms-jupyter"
        with contextlib.suppress(HostError):
            if (known := announcements.announced()) is not None:
                engine = psutil.Process(known.pid)
                engine.terminate()
                engine.wait(20)


def as_stranger(*command: str) -> str:
    return subprocess.run(
        [*STRANGER, *command],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.mark.asyncio
@pytest.mark.usefixtures("state")
async def test_a_stranger_is_let_in_nowhere() -> None:
    host = (await find_host("", environ={}, ports=[])).host
    await host.connect()
    models = await host.models()
    known = announcements.announced()
    assert known is not None
    assert known.token
    async with contextlib.aclosing(host.load(*_tutor())) as steps:  # type: ignore[type-var]
        async for _ in steps:
            pass
    arguments = (known.address, str(announcements.announcement_path()), str(embedded.log_path()))

    ports = _ports(known.pid)
    assert len(ports) >= 2, "the engine's and llama.cpp's own"
    came: dict[str, Any] = json.loads(
        as_stranger(sys.executable, stranger.__file__, *arguments, str(known.pid), *ports)
    )

    assert came.pop("who") == NOBODY
    told = json.dumps(came)
    assert not any(half in told for half in known.token.removeprefix("sk-lm-").split(":"))
    for name in stranger.SOCKETS:
        for who in stranger.INTRODUCTIONS:
            refusal = '{"success":false,"error":"A valid API token is required."}'
            assert came[f"{name} as {who}"] == refusal
    for _, path, _ in stranger.REQUESTS:
        assert came[path] == 401
    answers = [value for name, value in came.items() if name.startswith("http://127.0.0.1")]
    assert len(answers) == 5 * len(ports)
    assert set(answers) <= {401, 404}
    for name in ("announcement", "log", "environment", "replace", "remove", "put beside", "list"):
        assert came[name] == "PermissionError", name
    assert len(await host.models()) == len(models), "it still runs"
    await host.close()


def _ports(pid: int) -> list[str]:
    """Return the ports on which an engine and its children listen."""
    engine = psutil.Process(pid)
    return [
        str(connection.laddr.port)
        for process in (engine, *engine.children(recursive=True))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]


def _tutor() -> Any:
    from lms_jupyter.hosts.base import LoadOrigin  # noqa: PLC0415 - for this one test
    from lms_jupyter.protocol.loads import LoadRequest  # noqa: PLC0415 - as above

    return LoadRequest(model_key="tutor-1m"), LoadOrigin(load_id="1", kind="llm")


@pytest.mark.asyncio
@pytest.mark.usefixtures("state")
async def test_a_stranger_on_the_port_of_a_dead_engine_is_not_taken_for_it() -> None:
    with Studio(package="lms-jupyter-engine") as stranger_on_port:
        file = announcements.announcement_path()
        token = "sk-lm-Ab3dEf9h:0123456789abcdefghij"  # noqa: S105 - of this test alone
        said = {"address": stranger_on_port.address, "version": "1", "token": token}
        file.touch(0o600)
        # The process id has been given to another program of ours by now.
        file.write_text(json.dumps({**said, "pid": os.getpid()}))

        assert await embedded.running_engine() is None
        engine = await embedded.start_engine()

    assert engine.address != stranger_on_port.address
    assert stranger_on_port.introductions == []


@pytest.mark.asyncio
async def test_a_folder_that_a_stranger_has_made_is_refused(state: Path) -> None:
    state.parent.chmod(0o777)
    as_stranger("mkdir", "-m", "777", str(state))
    planted = {"address": "127.0.0.1:9", "pid": 1, "version": "1"}
    file = state / f"engine-{os.uname().nodename}.json"
    as_stranger("sh", "-c", f"echo '{json.dumps(planted)}' > {file}")

    with pytest.raises(HostError, match=f"belongs to another user \\({NOBODY}\\)"):
        await embedded.start_engine()
    with pytest.raises(HostError, match="is not trusted"):
        await embedded.running_engine()

    assert announcements.announced_token("127.0.0.1:9") is None
    assert [one.name for one in state.iterdir()] == [file.name]


@pytest.mark.asyncio
async def test_a_link_that_a_stranger_has_put_there_is_not_followed(
    state: Path, tmp_path: Path
) -> None:
    state.parent.chmod(0o777)
    own = tmp_path / "own"
    own.mkdir(mode=0o755)
    as_stranger("ln", "-s", str(own), str(state))

    with pytest.raises(HostError, match=f"belongs to another user \\({NOBODY}\\)"):
        await embedded.start_engine()

    assert list(own.iterdir()) == []
    assert own.stat().st_mode & 0o777 == 0o755


def test_the_doctor_says_whose_the_folder_is(state: Path) -> None:
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    visit = CheckContext(named="", environ={})

    for check in (connection.token, machine.engine):
        finding = next(iter(check(visit)))
        assert finding.state == "bad"
        assert f"belongs to another user ({NOBODY})" in finding.says
        assert "XDG_STATE_HOME" in finding.advice


def test_a_folder_of_ones_own_that_is_too_open_is_closed(state: Path) -> None:
    state.mkdir(mode=0o777)
    state.chmod(0o777)

    announcements.announcement_path()

    assert state.stat().st_mode & 0o777 == 0o700


def test_an_announcement_that_a_stranger_may_have_written_is_none(state: Path) -> None:
    file = announcements.announcement_path()
    file.write_text(json.dumps({"address": "127.0.0.1:9", "pid": 1, "version": "1"}))
    assert announcements.announced() is not None

    file.chmod(0o666)
    assert announcements.announced() is None

    file.chmod(0o600)
    os.chown(file, NOBODY, NOBODY)
    assert announcements.announced() is None

    file.unlink()
    file.symlink_to(state / "elsewhere")
    (state / "elsewhere").write_text(json.dumps({"address": "a", "pid": 1, "version": "1"}))
    assert announcements.announced() is None


def test_an_engine_is_not_announced_where_strangers_may_write(state: Path) -> None:
    for folder, mode in ((state.parent / "open", 0o777), (state.parent / "theirs", 0o755)):
        folder.mkdir()
        folder.chmod(mode)
    os.chown(state.parent / "theirs", NOBODY, NOBODY)

    for name, why in (("open", "Others may write to"), ("theirs", "belongs to another user")):
        told = subprocess.run(
            [
                *(sys.executable, "-m", "lms_jupyter.engine", "--announce"),
                str(state.parent / name / "engine.json"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert told.returncode != 0
        assert why in told.stderr
        assert list((state.parent / name).iterdir()) == []
