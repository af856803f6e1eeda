"""Whose work is inside our wheel, and that its licence is there too."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / ".github" / "THIRD-PARTY-LICENSES.md").read_text(encoding="utf-8")
NAMES = re.findall(r"^## (\S+)$", PAGE, re.MULTILINE)
SHARED = ("@jupyterlab/", "@lumino/")
"""JupyterLab brings these itself; they are not inside our files."""


def imported() -> set[str]:
    """Name the packages that the front end is built with."""
    sources = [
        path
        for path in (ROOT / "js" / "src").rglob("*.ts*")
        if ".test." not in path.name and not path.name.startswith("fake")
    ]
    found = {
        name
        for path in sources
        for name in re.findall(r'(?:from|import) "((?:@[\w-]+/)?[\w-]+)', path.read_text("utf-8"))
    }
    return {name for name in found if not name.startswith(SHARED)}


def test_every_package_that_is_bundled_has_its_licence_on_the_page() -> None:
    built = ROOT / "lms_jupyter" / "labextension" / "static" / "third-party-licenses.json"
    told = json.loads(built.read_text(encoding="utf-8"))["packages"]

    assert "preact" in imported()
    assert imported() | {package["name"] for package in told} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_licence_is_the_one_that_its_package_brings(name: str) -> None:
    licence = (ROOT / "js" / "node_modules" / name / "LICENSE").read_text(encoding="utf-8")

    assert licence.strip() in PAGE


def test_the_licences_travel_with_the_wheel_and_the_source() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    sources = told["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]

    assert ".github/THIRD-PARTY-LICENSES.md" in told["project"]["license-files"]
    assert "/.github" in sources
