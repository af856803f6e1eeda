"""LM Studio is found by what it says of itself, and woken where it is installed and sleeps."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_jupyter.errors import HostUnreachableError, StudioAsleepError
from lms_jupyter.hosts import discover, listening, studio_files, waking
from lms_jupyter.hosts.credentials import token_for
from lms_jupyter.hosts.discover import find_host
from tests.hosts import sleeping
from tests.hosts.studio import Studio

NOBODY = 65534
TOKEN = "sk-lm-Ab3dEf9h:0123456789abcdefghij"  # noqa: S105 - a made-up one
FOREVER_S = 60.0


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, outside of any continuous build."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(waking, "_in_vain", False)
    yield home
    for pid in sleeping.pids(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def port_of(studio: Studio) -> int:
    return int(studio.address.rpartition(":")[2])


@pytest.mark.asyncio
async def test_its_own_file_is_believed_before_any_port_is_tried(home: Path) -> None:
    with Studio() as studio, Studio() as other:
        sleeping.publish(home, {"port": port_of(studio), "pid": os.getpid(), "host": "10.1.2.3"})

        found = await find_host("", environ={}, ports=[port_of(other)], start=False)

        assert found.host.info.address == studio.address
        assert found.why == "found running here"


@pytest.mark.asyncio
async def test_a_home_that_was_moved_is_followed(home: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (home / ".lmstudio-home-pointer").write_text(f"{moved / '.lmstudio'}\n")
    with Studio() as studio:
        sleeping.publish(moved, {"port": port_of(studio)})

        found = await find_host("", environ={}, ports=[], start=False)

        assert found.host.info.address == studio.address


def a_dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "said",
    [
        {"port": 1},
        {"port": 0},
        {"port": 70_000},
        {"port": True},
        {"port": "41343"},
        {"port": "PORT", "pid": "DEAD"},
        {"port": "PORT", "pid": -1},
        {"port": "PORT", "pid": 2**80},
        {"port": "PORT", "pid": "1"},
        [],
        "",
        "{" * 100_000,
        "[" * 100_000,
        '{"port": 1e999}',
    ],
    ids=lambda said: str(said)[:30],
)
async def test_a_file_that_is_stale_or_hostile_is_not_believed(home: Path, said: object) -> None:
    with Studio() as studio, Studio() as other:
        if isinstance(said, dict):
            known = {"PORT": port_of(other), "DEAD": a_dead_process()}
            said = {name: known.get(str(value), value) for name, value in said.items()}
        sleeping.publish(home, said)

        found = await find_host("", environ={}, ports=[port_of(studio)], start=False)

        assert found.host.info.address == studio.address


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_not_believed(home: Path) -> None:
    file = sleeping.publish(home, {"port": 41343})
    assert studio_files.server_port() == 41343
    os.chown(file, NOBODY, NOBODY)

    assert studio_files.server_port() is None


def test_a_file_that_anybody_may_write_is_not_believed(home: Path) -> None:
    sleeping.publish(home, {"port": 41343}).chmod(0o666)

    assert studio_files.server_port() is None


@pytest.mark.asyncio
async def test_the_variable_of_lms_names_the_one_and_only_host(tmp_path: Path) -> None:
    with Studio() as studio, Studio() as other:
        file = sleeping.publish(tmp_path, {"port": port_of(studio), "pid": os.getpid()})
        environ = {discover.SERVER_INFO_VARIABLE: str(file)}
        found = await find_host("", environ=environ, ports=[port_of(other)])
        sleeping.publish(tmp_path, {"port": port_of(studio), "pid": a_dead_process()})

        with pytest.raises(HostUnreachableError, match=discover.SERVER_INFO_VARIABLE):
            await find_host("", environ=environ, ports=[port_of(other)])

    assert found.host.info.address == studio.address


@pytest.mark.asyncio
async def test_one_that_sleeps_is_offered_and_nothing_else_is_started(home: Path) -> None:
    sleeping.install(home)

    for start in (True, False):
        with pytest.raises(StudioAsleepError, match="installed here and does not run") as caught:
            await find_host("", environ={}, ports=[], start=start)

    assert "%lms host wake" in caught.value.hint
    assert caught.value.code == "studio_asleep"
    assert sleeping.starts(home) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(("policy", "environ"), [("never", {}), ("always", {"CI": "true"})])
async def test_it_is_not_offered_to_who_does_not_want_it(
    home: Path, policy: waking.WakePolicy, environ: dict[str, str]
) -> None:
    sleeping.install(home)

    with pytest.raises(HostUnreachableError, match="No LM Studio was found"):
        await find_host("", environ=environ, ports=[], start=False, waking=policy)

    assert sleeping.starts(home) == []


@pytest.mark.asyncio
async def test_it_is_woken_where_that_is_wanted_and_then_used(home: Path) -> None:
    sleeping.install(home)
    sleeping.install(home, "app")

    found = await find_host("", environ={}, ports=[], waking="always")
    await found.host.connect()
    models = await found.host.models()
    again = await find_host("", environ={}, ports=[], waking="always")
    await found.host.close()

    assert models
    assert found.why == "woken now"
    assert again.host.info.address == found.host.info.address
    assert sleeping.starts(home) == ["llmster"], "the daemon needs no screen, and one is enough"


@pytest.mark.asyncio
async def test_two_who_wake_it_at_once_start_one(home: Path) -> None:
    sleeping.install(home)

    one, other = await asyncio.gather(discover.wake_studio([]), discover.wake_studio([]))

    assert one.address == other.address
    assert sleeping.starts(home) == ["llmster"]


@pytest.mark.asyncio
async def test_a_daemon_that_ends_at_once_is_followed_by_the_app(home: Path) -> None:
    sleeping.install(home, "llmster", sleeping.ENDING)
    sleeping.install(home, "app")

    await discover.wake_studio([])

    assert sleeping.starts(home) == ["llmster", "app --run-as-service"]


@pytest.mark.asyncio
async def test_one_that_never_answers_is_ended_and_not_tried_for_ever(home: Path) -> None:
    program = sleeping.install(home, "llmster", sleeping.HANGING)

    async def look() -> None:
        return None

    with pytest.raises(HostUnreachableError) as caught:
        await waking.wake(look, timeout_s=5.0)

    assert caught.value.title == f"llmster ({program}) was started and did not answer within 5 s."
    (pid,) = sleeping.pids(home)
    await asyncio.to_thread(sleeping.wait_for_end, pid, FOREVER_S)
    with pytest.raises(StudioAsleepError):
        await find_host("", environ={}, ports=[], waking="always")
    assert sleeping.starts(home) == ["llmster"]


@pytest.mark.parametrize(
    "what", ["gone", "writable by all", "a folder", "not a program", "garbage"]
)
def test_what_cannot_or_must_not_be_started_is_not_offered(home: Path, what: str) -> None:
    program = sleeping.install(home)
    assert studio_files.installations()
    match what:
        case "gone":
            program.unlink()
        case "writable by all":
            program.chmod(0o777)
        case "a folder":
            program.unlink()
            program.mkdir()
        case "not a program":
            program.chmod(0o644)
        case _:
            (program.parent / "llmster-install-location.json").write_text('{"path": 3, "argv": {}}')

    assert studio_files.installations() == []


@pytest.mark.asyncio
async def test_a_program_for_another_system_is_one_sentence(home: Path) -> None:
    program = sleeping.install(home)
    program.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xff\xff" + bytes(60))

    with pytest.raises(HostUnreachableError, match="could not be started: Exec format error"):
        await discover.wake_studio([])


@pytest.mark.skipif(sys.platform != "linux", reason="whose a port is, is read from Linux's tables")
def test_a_port_of_this_user_is_known_as_such() -> None:
    with Studio() as studio:
        assert listening.is_this_users(port_of(studio))
        port = port_of(studio)

    assert not listening.is_this_users(port), "nobody listens there any more"


@pytest.mark.asyncio
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv here")
async def test_the_token_is_not_shown_to_another_users_program() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        program = Path(folder) / "stranger.py"
        program.write_text(
            "import http.server, json\n"
            "class Greeter(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        said = {'lmstudio': True} if 'greeting' in self.path else "
            "{'package': 'lmstudio', 'version': '1'}\n"
            "        self.send_response(200); self.end_headers()\n"
            "        self.wfile.write(json.dumps(said).encode())\n"
            "server = http.server.HTTPServer(('127.0.0.1', 0), Greeter)\n"
            "print(server.server_port, flush=True)\n"
            "server.serve_forever()\n"
        )
        who = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
            [*who, sys.executable, str(program)], cwd="/", stdout=subprocess.PIPE, text=True
        ) as stranger:
            assert stranger.stdout is not None
            port = int(stranger.stdout.readline())
            environ = {"LMSTUDIO_API_TOKEN": TOKEN}

            found = await find_host("", environ=environ, ports=[port], start=False)
            met = token_for(f"127.0.0.1:{port}", environ)
            named = await find_host(f"127.0.0.1:{port}", environ=environ)
            shown = token_for(f"127.0.0.1:{port}", environ)
            stranger.terminate()

    assert found.why == "found running here, not yours: it gets no token"
    assert met is None
    assert named.why == "as you asked"
    assert shown == TOKEN
