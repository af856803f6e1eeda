"""`lms-jupyter doctor`: each line good or with what to do, whatever state the machine is in."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lms_jupyter.cli import main
from lms_jupyter.doctor import connection, jupyter, machine, software
from lms_jupyter.doctor.examine import CHECKS, examine, text
from lms_jupyter.doctor.finding import CheckContext, Finding, bad, good, look
from lms_jupyter.hosts import announcements
from lms_jupyter.testing import engine as testing_engine
from lms_jupyter.testing.engine import private_engine
from tests.waiting import PATIENCE_S

HOME = {"HOME": "/nowhere"}


class Stranger(BaseHTTPRequestHandler):
    """A web server that is no LM Studio."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with private_engine(tmp_path_factory.mktemp("doctor")) as address:
        yield address


@pytest.fixture
def stranger() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Stranger) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


def host(named: str = "", **environ: str) -> Finding:
    return only(connection.host(CheckContext(named=named, environ=HOME | environ)))


def test_every_line_is_good_or_says_what_to_do(engine: str) -> None:
    findings = examine(engine)

    assert {finding.name for finding in findings} >= set(CHECKS) - {"GPU"}
    assert all((finding.state == "good") == (not finding.advice) for finding in findings)


def test_the_report_is_for_people_and_for_programs(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor", "--host", engine])
    lines = capsys.readouterr().out.splitlines()
    main(["doctor", "--host", engine, "--json"])
    told = json.loads(capsys.readouterr().out)

    assert any(re.match(rf"ok +Host +Embedded engine .* at {engine}", line) for line in lines)
    assert {finding["name"] for finding in told} >= set(CHECKS) - {"GPU"}
    assert {"name", "state", "says", "advice"} == set(told[0])


def test_the_exit_code_says_whether_something_is_to_be_repaired(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--host", "127.0.0.1:9"]) == 1
    assert "BAD   Host" in capsys.readouterr().out


def test_the_host_is_named_with_its_reason(engine: str) -> None:
    assert host(engine).says.startswith("Embedded engine ")
    assert "(as you asked)" in host(engine).says
    assert "(by LMS_JUPYTER_HOST)" in host(LMS_JUPYTER_HOST=engine).says


@pytest.mark.parametrize("named", ["127.0.0.1:9", "http://127.0.0.1:1234", "no such name:80"])
def test_a_host_that_cannot_be_reached_is_bad_and_says_what_to_do(named: str) -> None:
    finding = host(named)

    assert finding.state == "bad"
    assert finding.advice


def test_somebody_else_at_the_address_is_told_from_nobody(stranger: str) -> None:
    assert "no LM Studio host" in host(stranger).says
    assert asyncio.run(connection._knock(int(stranger.rpartition(":")[2]))) == "other"
    assert asyncio.run(connection._knock(9)) == "nobody"


def test_an_engine_without_models_is_pointed_to_a_download(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    options = ("--no-default-models", "--models", str(tmp_path / "empty"))
    command = [*testing_engine._command(tmp_path)[:4], *options]
    with testing_engine._kept(command, tmp_path) as address:
        finding = host(address)

    assert finding.state == "look"
    assert "%lms get" in finding.advice


SECRET = "sk-very-secret"  # noqa: S105 - no real one


def test_no_secret_is_ever_printed(
    engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LMSTUDIO_API_TOKEN", SECRET)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@proxy.invalid:3128")
    monkeypatch.setenv("ALL_PROXY", f"//{SECRET}")

    main(["doctor", "--host", engine])
    main(["doctor", "--host", engine, "--json"])

    told = capsys.readouterr().out
    assert "LMSTUDIO_API_TOKEN" in told
    assert "HTTPS_PROXY" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("named", "state"), [("127.0.0.1:1234", "good"), ("", "good"), ("gpu.example:1234", "look")]
)
def test_a_token_that_leaves_the_machine_is_pointed_out(named: str, state: str) -> None:
    visit = CheckContext(named=named, environ={"LM_API_TOKEN": SECRET})

    assert only(connection.token(visit)).state == state


def tokens() -> list[Finding]:
    return list(connection.token(CheckContext(named="", environ=HOME)))


def test_an_engine_with_a_token_is_said_to_be_this_users_alone() -> None:
    file = announcements.announcement_path()
    said = {"address": "127.0.0.1:9", "pid": 1, "version": "1", "token": SECRET}
    file.touch(0o600)
    file.write_text(json.dumps(said))

    first = tokens()[0]
    assert (first.state, first.name) == ("good", "Token")
    assert "127.0.0.1:9 is this user's alone" in first.says
    assert not any(half in repr(tokens()) for half in SECRET.removeprefix("sk-lm-").split(":"))

    file.chmod(0o644)
    assert tokens()[0].state == "bad"
    assert "Others may read" in tokens()[0].says
    file.chmod(0o666)
    assert tokens()[0].state == "bad"
    assert "not trusted" in tokens()[0].says
    file.chmod(0o600)
    del said["token"]
    file.write_text(json.dumps(said))
    assert tokens()[0].state == "look"
    assert "lets in everybody" in tokens()[0].says


def test_a_proxy_that_is_none_is_pointed_out() -> None:
    visit = CheckContext(environ={"http_proxy": "non sense", "HTTPS_PROXY": "http://127.0.0.1:9"})

    finding = only(connection.proxies(visit))

    assert finding.state == "look"
    assert finding.says.startswith(
        "http_proxy is no address of a proxy. Nothing answers where HTTPS_PROXY says"
    )


def test_with_proxies_set_the_way_past_them_is_tried(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"all_proxy": "socks5://127.0.0.1:9", "NO_PROXY": "[::1]"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    finding = only(connection.proxies(CheckContext(named=engine, environ=environment)))

    assert "all_proxy names a socks5 proxy" in finding.says
    assert f"The host at {engine} is reached without them." in finding.says


def test_a_check_that_hangs_or_fails_keeps_no_other_from_its_say() -> None:
    forever = threading.Event()

    def hangs(_visit: CheckContext) -> Iterator[Finding]:
        forever.wait()
        yield good("Hangs", "never")

    def fails(_visit: CheckContext) -> Iterator[Finding]:
        raise OSError(SECRET)

    started = time.monotonic()
    findings = examine(
        checks={"Hangs": hangs, "Fails": fails, "Memory": machine.memory}, timeout_s=0.2
    )
    took_s = time.monotonic() - started
    forever.set()

    assert [finding.name for finding in findings] == ["Hangs", "Fails", "Memory"]
    assert [finding.state for finding in findings[:2]] == ["bad", "bad"]
    assert took_s < PATIENCE_S
    assert SECRET not in text(findings)


@pytest.mark.asyncio
async def test_a_loop_that_runs_is_not_in_the_way(engine: str) -> None:
    (finding,) = examine(engine, checks={"Host": connection.host})

    assert finding.state == "good"


def test_the_last_line_counts() -> None:
    fine, better, wrong = good("A", "a."), look("B", "b.", "do b"), bad("C", "c.", "do c")

    assert text([fine]).splitlines()[-1] == "Everything is fine."
    assert text([fine, better]).splitlines()[-1] == "Nothing to repair, 1 to look at."
    assert text([fine, better, wrong]).splitlines()[-1] == "1 to repair, 1 to look at."


@pytest.mark.parametrize(
    ("said", "read"), [("7.1.0", (7, 1, 0)), ("7.1rc1", (7, 1)), ("dev", ()), (None, ())]
)
def test_versions_are_compared_by_their_numbers(said: str | None, read: tuple[int, ...]) -> None:
    assert software.numbers(said) == read


def folder(tmp_path: Path, name: str, content: object) -> list[Path]:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(json.dumps(content))
    return [tmp_path]


@pytest.mark.parametrize(
    ("disabled", "state"),
    [
        ({"lms-jupyter": True}, "bad"),
        (["lms-jupyter:sidebar"], "bad"),
        ({"lms-jupyter:hub": True, "lms-jupyter:notices": True}, "bad"),
        ({"lms-jupyter:notices": True, "lms-jupyter:sidebar": False}, "good"),
    ],
)
def test_a_disabled_sidebar_is_found(tmp_path: Path, disabled: object, state: str) -> None:
    place = folder(tmp_path, "lms-jupyter/package.json", {})[0] / "lms-jupyter"
    configs = folder(tmp_path, "labconfig/page_config.json", {"disabledExtensions": disabled})
    found = jupyter._front([place], configs)

    assert jupyter._front([place], []).state == "good"
    assert (found.state, "enable" in found.advice) == (state, state == "bad")
    assert jupyter._front([], configs).state == "bad"


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({"lms_jupyter.server": True}, "good"),
        ({"lms_jupyter.server": False}, "bad"),
        ({}, "bad"),
    ],
)
def test_the_first_word_about_the_server_extension_counts(
    tmp_path: Path, known: dict[str, bool], state: str
) -> None:
    first = folder(
        tmp_path / "1",
        "jupyter_server_config.d/lms_jupyter.json",
        {"ServerApp": {"jpserver_extensions": known}},
    )
    broken = tmp_path / "2" / "jupyter_server_config.json"
    broken.parent.mkdir()
    broken.write_text("{")

    assert jupyter._back([broken.parent, *first]).state == state


def test_notes_are_good_only_where_they_were_written_and_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (finding,) = machine.notes(CheckContext(environ={}))
    assert finding.state == "good"
    assert list((tmp_path / "state" / "lms-jupyter").iterdir()) == []

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    (finding,) = machine.notes(CheckContext(environ={}))
    assert (finding.state, "cannot be written" in finding.says) == ("look", True)
    assert "XDG_STATE_HOME" in finding.advice

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "below"))
    (finding,) = machine.notes(CheckContext(environ={}))
    assert (finding.state, "Neither" in finding.says) == ("bad", True)


@pytest.mark.parametrize(("error", "state"), [("ENOLCK", "look"), ("EINVAL", "look")])
def test_a_home_without_locks_is_pointed_out(error: str, state: str, tmp_path: Path) -> None:
    without = Path(__file__).parents[1] / "hosts" / "without.py"
    told = subprocess.run(
        [
            *(sys.executable, without, "flock", error),
            *(sys.executable, "-m", "lms_jupyter.cli", "doctor", "--json"),
        ],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    findings = {finding["name"]: finding for finding in json.loads(told.stdout)}
    assert findings["Notes"]["state"] == state
    assert "cannot be locked" in findings["Notes"]["says"]


def test_downloads_are_good_only_where_a_file_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (finding,) = machine.models_folder(CheckContext(environ={"HOME": str(tmp_path)}))
    assert finding.state == "good"
    assert list((tmp_path / "data").iterdir()) == [], "the doctor leaves nothing behind"

    (tmp_path / "data" / "lms-jupyter").write_text("a file in its place")
    (finding,) = machine.models_folder(CheckContext(environ={"HOME": str(tmp_path)}))
    assert finding.state == "bad"
    assert "cannot be written" in finding.says


def test_the_disk_of_a_folder_that_is_not_there_yet_is_measured(tmp_path: Path) -> None:
    (finding, *_) = machine.disk(CheckContext(environ={"HOME": str(tmp_path / "later")}))

    free = shutil.disk_usage(tmp_path).free / 1e9
    assert float(finding.says.split()[0]) == pytest.approx(free, abs=1)


def test_the_doctor_knows_its_options() -> None:
    assert main(["doctor", "--jsno"]) == 1


FAILING_DISK = """
import errno, sys
from lms_jupyter.doctor import machine
from lms_jupyter.doctor.finding import CheckContext
from lms_jupyter.model_folders import studio_models
from tests.hosts.without import refuse

home = sys.argv[1]
studio_models().mkdir(parents=True)
refuse("getdents64", errno.EIO)
for finding in machine.models_folder(CheckContext(environ={"HOME": home})):
    print(finding.state, finding.says)
"""


def test_a_models_folder_whose_disk_fails_is_told(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}

    told = subprocess.run(
        [sys.executable, "-c", FAILING_DISK, str(tmp_path)],
        env=os.environ | home,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    assert f"{tmp_path}/.lmstudio/models cannot be looked at: Input/output error." in told


def test_the_room_for_models_is_told_where_a_file_lies_in_their_way(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio").write_text("no folder")

    (finding, *_) = machine.disk(CheckContext(environ={"HOME": str(tmp_path)}))

    assert f"GB free for {tmp_path}" in finding.says
