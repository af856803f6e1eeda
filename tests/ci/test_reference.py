"""The reference pages say what the code says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lms_jupyter.magics.parser import BOOK
from lms_jupyter.protocol.models import LoadConfig

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"
NOT_OURS = {"JPY_SESSION_NAME", "HOME"}
"""Read, and set by others."""


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def test_every_page_is_fresh() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / ".ci" / "reference.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("verb", BOOK.verbs)
def test_every_verb_and_flag_is_on_the_page(verb: str) -> None:
    section = page("magics").partition(f"## `%lms {verb}`")[2].partition("\n## ")[0]

    assert BOOK.verbs[verb].summary.lower()[1:] in section.lower()
    assert all(name in section for flag in BOOK.verbs[verb].flags for name in flag.names)


@pytest.mark.parametrize("setting", LoadConfig.__struct_fields__)
def test_every_load_setting_has_its_line_with_a_meaning(setting: str) -> None:
    (line,) = re.findall(rf"^\| `{setting}` \|.*$", page("settings"), re.MULTILINE)

    assert line.split(" | ")[-1].strip(" |")


def test_every_environment_variable_that_the_code_reads_is_described() -> None:
    read = {
        name
        for file in (ROOT / "lms_jupyter").rglob("*.py")
        for name in re.findall(r'environ(?:\.get)?[\[(]"(\w+)"', file.read_text("utf-8"))
    }

    described = set(re.findall(r"^\| `([A-Z_]+)` \|", page("configuration"), re.MULTILINE))
    assert read - NOT_OURS <= described
    assert "LMS_JUPYTER_HOST" in described
