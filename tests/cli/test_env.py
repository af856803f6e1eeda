"""`lms-jupyter env`, and what OpenAI's clients do with it."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from lms_jupyter import cli
from lms_jupyter.api.openai_env import ADDRESSES, KEY, NO_KEY, set_openai_environ
from tests import engines


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with engines.engine(tmp_path_factory.mktemp("engine")) as address:
        yield address


def test_a_shell_reads_what_openais_client_needs(engine: str) -> None:
    command = [sys.executable, "-m", "lms_jupyter.cli", "env", "--host", engine]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    lines = [shlex.split(line) for line in told.splitlines()]
    assert [words[0] for words in lines] == ["export"] * 3
    found = dict(words[1].split("=", 1) for words in lines)
    assert set(found) == {*ADDRESSES, KEY}
    client = OpenAI(base_url=found[ADDRESSES[0]], api_key=found[KEY])
    assert client.models.list().data


def test_no_key_stands_on_a_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    assert cli.main(["env"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert 'eval "$(lms-jupyter env)"' in told.err


@pytest.mark.parametrize("options", [["env", "--port", "1"], ["env", "--host", "127.0.0.1:9"]])
def test_what_cannot_be_is_one_sentence(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(options) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("lms-jupyter: ")


def test_what_had_another_value_is_named(tmp_path: Path) -> None:
    environ = {KEY: "of somebody else", "HOME": str(tmp_path)}

    assert set_openai_environ("127.0.0.1:9", environ) == (KEY,)
    assert environ[KEY] == NO_KEY
    assert environ[ADDRESSES[1]] == "http://127.0.0.1:9/v1"
    assert set_openai_environ("127.0.0.1:9", environ) == ()
    assert os.environ.get(KEY) != NO_KEY
