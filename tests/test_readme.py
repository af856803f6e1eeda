"""What the README tells a stranger to type works."""

import argparse
import re
import shlex
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lms_jupyter import cli
from lms_jupyter.magics.parser import BOOK
from lms_jupyter.testing.engine import private_engine
from tests.readme import README, ROOT, blocks, commands, shell_lines

pytestmark = pytest.mark.large

pytest_plugins = ["pytester"]

KINDS_OF_CELLS = {"%%lms", "%%lms compare", "%%lms sweep"}
ELSEWHERE = {"ssh", "export"}
"""Programs of other machines; what they say is in the tests of hosts."""


def test_the_python_blocks_run_one_after_the_other_in_a_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [block for block in blocks("python") if "def test_" not in block]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.rstrip()) for cell in cells]
    )
    (tmp_path / "work").mkdir()
    with private_engine(tmp_path / "engine") as address:
        monkeypatch.setenv("LMS_JUPYTER_HOST", address)
        where = {"metadata": {"path": str(tmp_path / "work")}}
        NotebookClient(notebook, timeout=60, resources=where).execute()

    assert len(cells) >= 5
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert "small piece of text" in str(outputs)
    assert "is unloaded" in str(outputs)


def test_the_test_that_it_shows_passes(pytester: pytest.Pytester) -> None:
    (test,) = [block for block in blocks("python") if "def test_" in block]
    pytester.makepyfile(test)

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_every_program_that_it_names_is_run_by_a_test() -> None:
    programs = {words[0] for words in shell_lines()}

    assert programs - ELSEWHERE == {"make", "pip", "lms-jupyter"}, "see tests/test_package.py"


def test_every_make_target_that_it_names_is_there() -> None:
    named = {words[0] for words in commands("make")}
    named |= set(re.findall(r"`make (\w+)", README))
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert {"demo", "test"} <= named <= set(targets)


def test_every_command_that_it_names_is_understood() -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    known = parser.add_subparsers(required=True)
    for command in cli.COMMANDS:
        command.add_to(known)
    inline = [shlex.split(line) for line in re.findall(r"`lms-jupyter ([^`]+)`", README)]

    lines = [*commands("lms-jupyter"), *inline]

    assert len(lines) >= 4
    for words in lines:
        parser.parse_known_args(words)


def test_every_extra_that_it_installs_is_there() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {
        extra
        for words in commands("pip")
        for word in words
        for extra in re.findall(r"\[(\w+)\]", word)
    }

    assert extras
    assert extras <= set(told["optional-dependencies"])


def test_every_verb_that_it_names_is_there_and_none_is_left_out() -> None:
    named = set(re.findall(r"`%lms (\w+)", README))
    cells = set(re.findall(r"`(%%lms(?: compare| sweep)?)`", README))

    assert named <= set(BOOK.verbs)
    assert set(BOOK.verbs) - named <= {"help", "panel", "server"}
    assert cells == KINDS_OF_CELLS


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r'\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"', README)
    places = [place for pair in links for place in pair if place and "://" not in place]

    assert len(places) > 5
    assert [place for place in places if not (ROOT / place.partition("#")[0]).exists()] == []


def test_everything_that_it_configures_is_on_the_configuration_page() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    traits = set(re.findall(r"\bc\.(?:Manager|LmsExtension)\.\w+", README))
    variables = set(re.findall(r"\b(?:LMS|LMSTUDIO)_\w+\b", README))

    assert len(traits) >= 3
    assert len(variables) >= 2
    assert [name for name in traits | variables if f"`{name}`" not in page] == []
