"""The small programs that build, set up and describe: each told from its surroundings."""

import os
import re
import runpy
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / name))


@pytest.mark.parametrize(
    ("version", "usable"),
    [("v18.20.4", False), ("v20.18.3", False), ("v20.19.0", True), ("v24.1.0", True), ("", False)],
)
def test_a_node_that_is_too_old_is_none(tmp_path: Path, version: str, usable: bool) -> None:  # noqa: FBT001
    for name, line in (("node", f"echo {version}"), ("npm", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)

    assert script("js/find_node.py")["has_node"](str(tmp_path)) is usable


def test_a_node_without_npm_is_none(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("#!/bin/sh\necho v24.1.0\n")
    (tmp_path / "node").chmod(0o755)

    assert script("js/find_node.py")["has_node"](str(tmp_path)) is False


def test_a_program_that_does_not_start_names_the_package_that_it_lacks() -> None:
    lacking = script(".ci/debian.py")["lacking"]

    assert lacking("libgomp1", sys.executable, "-c", "pass") == []
    assert lacking("libgomp1", sys.executable, "-c", "raise ImportError") == ["libgomp1"]
    assert lacking("sudo", str(ROOT / "no-such-program")) == ["sudo"]


def test_what_is_missing_is_named_where_it_cannot_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match="This system lacks chromium libgomp1"):
        script(".ci/debian.py")["apt_get"]("chromium", "libgomp1")


def test_what_is_missing_is_installed_where_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("apt-get", "sudo"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/said\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "sh")
    monkeypatch.setenv("PATH", str(tmp_path))

    script(".ci/debian.py")["apt_get"]("chromium")

    said = (tmp_path / "said").read_text().splitlines()
    assert "apt-get update -qq" in said[-2]
    assert "install -y -qq --no-install-recommends chromium" in said[-1]


def test_the_lowest_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    bounds = script(".ci/lowest.py")["lowest"](project["dependencies"])

    assert len(bounds) == len(project["dependencies"])
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", bound) for bound in bounds)
    assert "lmstudio==1.5.0" in bounds


README = """<picture>
  <source srcset=".github/images/dark.png">
  <img src=".github/images/light.png">
</picture>

See the [reference](docs/reference/magics.md#lms-load) and [LM Studio](https://lmstudio.ai).
"""


def test_a_page_without_a_repository_has_nothing_that_leads_nowhere() -> None:
    page = script(".ci/project_page.py")["page"](README, "", "v1")

    assert page == "See the reference and [LM Studio](https://lmstudio.ai).\n"


def test_a_page_with_a_repository_leads_there() -> None:
    page = script(".ci/project_page.py")["page"](README, "https://git.example/a/b", "v1")

    assert 'src="https://git.example/a/b/raw/v1/.github/images/light.png"' in page
    assert 'srcset="https://git.example/a/b/raw/v1/.github/images/dark.png"' in page
    assert "(https://git.example/a/b/blob/v1/docs/reference/magics.md#lms-load)" in page
    assert "(https://lmstudio.ai)" in page


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, ""),
        ({"LMS_JUPYTER_REPOSITORY": "https://git.example/a/b/"}, "https://git.example/a/b"),
        ({"GITHUB_REPOSITORY": "a/b"}, "https://github.com/a/b"),
        (
            {"GITHUB_REPOSITORY": "a/b", "GITHUB_SERVER_URL": "https://git.example"},
            "https://git.example/a/b",
        ),
    ],
)
def test_the_repository_is_named_by_the_place_that_builds(
    environ: dict[str, str], address: str
) -> None:
    assert script(".ci/project_page.py")["repository"](environ) == address


def test_no_step_of_the_set_up_asks_a_question() -> None:
    source = (ROOT / ".ci" / "debian.py").read_text(encoding="utf-8")

    assert "stdin=subprocess.DEVNULL" in source
    assert '"sudo", "-n"' in source
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
