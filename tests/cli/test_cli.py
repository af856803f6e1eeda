import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lms_jupyter import __version__
from lms_jupyter.cli import main
from lms_jupyter.hosts import announcements
from lms_jupyter.hosts.announcements import VARIABLE
from tests.engines import engine


@contextlib.contextmanager
def lms_jupyter(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the command as a user would; it is gone at the end of the block in any case."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lms_jupyter.cli", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        yield process
        process.kill()


def read_until(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Read lines until one has the pattern, and return it."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if re.search(pattern, line):
            return line
    raise AssertionError("".join(said))


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])

    assert capsys.readouterr().out == f"lms-jupyter {__version__}\n"


def test_the_first_line_of_the_engine_says_where_it_listens() -> None:
    with lms_jupyter("engine", "--port", "0") as process:
        line = read_until(process, "listening")
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[0]

    assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", line)
    assert (rest, process.returncode) == ("", 0)


def test_the_engine_can_be_asked_after_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "--status"]) == 1
    with lms_jupyter("engine") as process:
        address = read_until(process, "listening").strip().removeprefix("listening on ")

        assert main(["engine", "--status"]) == 0
        assert main(["engine", "--stop"]) == 0
        process.communicate(timeout=20)
    assert main(["engine", "--status"]) == 1

    said = capsys.readouterr().out.splitlines()
    assert address in said[1]
    assert said[0] == said[-1] == "No embedded engine is running."


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with engine(tmp_path) as address:
        port = address.rpartition(":")[2]
        with lms_jupyter("engine", "--port", port) as process:
            said = process.communicate(timeout=30)[0]

    assert process.returncode != 0
    assert port in said.strip().splitlines()[-1]
    assert "Traceback" not in said


def check_that_no_token_is_seen(family: list[psutil.Process]) -> None:
    """Look for the demo's token where a process shows what it was started with."""
    shown = [(one.cmdline(), one.environ()) for one in family]
    (place,) = {environ[VARIABLE] for _, environ in shown if VARIABLE in environ}
    known = announcements.read(Path(place))
    assert known is not None
    assert known.token is not None
    told = repr(shown)
    assert not [half for half in known.token.removeprefix("sk-lm-").split(":") if half in told]
    assert Path(place).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("how", ["--token", "--token-file", "LMS_JUPYTER_TOKEN"])
def test_the_engine_wants_the_token_that_it_is_told(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "sk-lm-Ab3dEf9h:0123456789abcdefghij"  # noqa: S105 - of this test alone
    (tmp_path / "token").write_text(token)
    words = {
        "--token": ("--token", token),
        "--token-file": ("--token-file", str(tmp_path / "token")),
    }
    if how not in words:
        monkeypatch.setenv(how, token)

    with lms_jupyter("engine", *words.get(how, ())) as process:
        read_until(process, "listening")
        known = announcements.announced()
        shown = psutil.Process(process.pid)
        seen = repr((shown.cmdline(), shown.environ()))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    assert known is not None
    assert known.token == token
    assert "0123456789abcdefghij" not in seen


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_demo_ends_everything_that_it_started(ending: signal.Signals) -> None:
    with lms_jupyter("demo", "--no-browser", "--port", "0") as process:
        read_until(process, r"127\.0\.0\.1:\d+/lab/tree/00-welcome\.ipynb")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3, "the engine, its waiting child, and JupyterLab"
        check_that_no_token_is_seen(family)

        os.kill(process.pid, ending)
        _gone, alive = psutil.wait_procs(family, timeout=30)

    assert alive == []


def test_the_demo_knows_its_options() -> None:
    assert main(["demo", "--brwoser"]) == 1
