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


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_demo_ends_everything_that_it_started(ending: signal.Signals) -> None:
    with lms_jupyter("demo", "--no-browser", "--port", "0") as process:
        read_until(process, r"127\.0\.0\.1:\d+/lab/tree/00-welcome\.ipynb")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3, "the engine, its waiting child, and JupyterLab"

        os.kill(process.pid, ending)
        _gone, alive = psutil.wait_procs(family, timeout=30)

    assert alive == []


def test_the_demo_knows_its_options() -> None:
    assert main(["demo", "--brwoser"]) == 1
