"""`lms-jupyter engine --env`: what lets other programs of its owner use an engine."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_jupyter.testing.engine import private_engine

ENV = f'eval "$({sys.executable} -m lms_jupyter.cli engine --env)"'
ASK = """
import json, os, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def status(url, **headers):
    try:
        return opener.open(urllib.request.Request(url, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code
openai, anthropic = os.environ["OPENAI_BASE_URL"], os.environ["ANTHROPIC_BASE_URL"]
bearer = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
print(status(f"{openai}/models", **bearer), status(f"{openai}/models"))
print(status(f"{anthropic}/v1/models", **{"x-api-key": os.environ["ANTHROPIC_API_KEY"]}))
print(json.load(open(os.environ["LMS_API_SERVER_INFO_PATH"]))["port"])
"""
USE = """
import lms_jupyter
print("tutor-1m" in {model.model_key for model in lms_jupyter.ls()})
"""


@pytest.fixture
def address() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "lms_jupyter.cli", "engine"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("listening on http://")
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


def shell(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", script],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_other_programs_of_the_owner_get_in_with_the_lines(address: str, tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(ASK)
    told = shell(f"{ENV}; {sys.executable} {tmp_path / 'ask.py'}")

    assert told.stdout.split() == ["200", "401", "200", address.rpartition(":")[2]], told.stderr


def test_another_home_uses_the_engine_with_the_lines_alone(address: str, tmp_path: Path) -> None:
    other = f"export XDG_STATE_HOME={tmp_path / 'other'}"
    told = shell(f"{ENV}; {other}; {sys.executable} -c '{USE}'")

    assert told.stdout == "True\n", told.stderr
    assert address.startswith("127.0.0.1:")


@pytest.mark.usefixtures("address")
def test_the_lines_are_for_a_shell() -> None:
    told = shell(f"{sys.executable} -m lms_jupyter.cli engine --env")

    names = [line.removeprefix("export ").partition("=")[0] for line in told.stdout.splitlines()]
    assert all(line.startswith("export ") for line in told.stdout.splitlines())
    assert {"LMS_JUPYTER_HOST", "LMSTUDIO_API_TOKEN", "LM_API_TOKEN"} <= set(names)
    tokens = re.findall(r"sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}", told.stdout)
    assert len(tokens) == 4
    assert len(set(tokens)) == 1


def test_an_engine_for_one_program_goes_before_the_users_own(address: str, tmp_path: Path) -> None:
    with private_engine(tmp_path / "private") as private:
        told = shell(f"{sys.executable} -m lms_jupyter.cli engine --env")

    assert f"export LMS_JUPYTER_HOST={private}\n" in told.stdout
    assert address not in told.stdout


def test_without_an_engine_nothing_is_set() -> None:
    told = shell(f"{sys.executable} -m lms_jupyter.cli engine --env")

    assert (told.returncode, told.stdout) == (1, "")
    assert "No embedded engine is running." in told.stderr


def test_without_a_token_there_is_none_to_print() -> None:
    from lms_jupyter.cli.engine import environment  # noqa: PLC0415 - for this one test

    assert "OPENAI_API_KEY" not in environment("127.0.0.1:1", None)
    assert json.dumps(environment("127.0.0.1:1", None)).count("127.0.0.1:1") == 3
