"""The reference pages say what the code says."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.magics.parser import BOOK
from lms_jupyter.protocol.models import LoadConfig

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"
LMS_CLI = ROOT.parent / "shared" / "lms-cli.md"
NOT_THERE = {
    "--limit",
    "--always-show-all-results",
    "--always-show-download-options",
    "--force",
    "--speculative",
}
"""Named there as flags that `lms` does not have, or no longer."""
NOT_OURS = {"JPY_SESSION_NAME", "HOME", "PATH", "CONDA_PREFIX"}
"""Read, and set by others."""


def parity() -> Any:
    """Return the module with the table of `lms`, which lies beside the scripts that use it."""
    spec = importlib.util.spec_from_file_location("lms_parity", ROOT / ".ci" / "lms_parity.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_the_table_of_lms_names_what_there_is() -> None:
    assert list(parity().problems()) == []


@pytest.mark.skipif(
    not LMS_CLI.exists(), reason="the description of `lms` is not beside the project"
)
def test_the_table_of_lms_has_all_its_subcommands_and_flags() -> None:
    """Flags that are hidden, or of subcommands that a reason is given for, are left out."""
    _, entries = parity().read()
    said = LMS_CLI.read_text("utf-8").partition("## 4.9 ")[0]
    groups = {name.partition(" ")[0] for name in entries}
    known = {flag for entry in entries.values() for flag in entry.get("flags", {})}
    with_reason = [name for name, entry in entries.items() if "reason" in entry]
    sections = re.findall(r"^## 4\.[1-7] (.*?)(?=^## )", said + "\n## ", re.MULTILINE | re.DOTALL)
    flags = {flag for section in sections for flag in re.findall(r"`(--[a-z][\w-]+)", section)}

    assert len(sections) == 7
    assert flags - known - NOT_THERE == set()
    assert {"chat", "get", "load", "unload", "ls", "ps", "import", "server", "log"} <= groups
    assert {"link", "runtime", "daemon", "login", "version", "flags", "clone"} <= groups
    assert all(entries[name]["reason"] for name in with_reason)
