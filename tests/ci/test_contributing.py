"""What newcomers are told is true of the code as it is."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
MADE = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()}
"""What is made in a checkout: it is named, and need not be there."""
FOLDERS = ("", "lms_jupyter", "lms_jupyter/engine", "js/src", "tests")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
LAYERED = [contract for contract in CONTRACTS if contract["type"] == "layers"]
FORBIDDEN = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]
PICTURES = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)


def there(name: str) -> bool:
    """Say whether a path is there, seen from one of the folders that the page speaks of."""
    endings = ("", ".py") if "." not in name else ("",)
    return any(
        list(ROOT.glob(f"{folder}/{name}".strip("/") + ending))
        for folder in FOLDERS
        for ending in endings
    )


def test_every_file_that_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:[\w.*-]+/)+[\w.*-]*|[\w-]+\.(?:py|ts|toml|md))`", PAGE))

    assert len(named) > 20
    assert [name for name in sorted(named - MADE) if not there(name)] == []


@pytest.mark.parametrize("place", range(len(LAYERED)))
def test_its_pictures_have_the_layers_that_are_enforced(place: int) -> None:
    rows = [row for row in PICTURES[place].splitlines() if row.strip()]
    # What stands in a row ends where its explanation begins.
    drawn = [tuple(row[:42].split()) for row in rows]
    enforced = [tuple(row.split(" | ")) for row in LAYERED[place]["layers"]]

    assert [row for row in drawn if row != ("engine",)] == [
        row for row in enforced if row != ("__main__",)
    ]


def test_what_the_engine_may_not_import_and_may_not_be_imported_by_is_all_the_rest() -> None:
    package = ROOT / "lms_jupyter"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    rest = {f"lms_jupyter.{name}" for name in (folders | modules) - {"engine"}}
    imports_nothing, is_not_imported = FORBIDDEN

    shared = {
        f"lms_jupyter.{name}"
        for name in ("diary", "model_folders", "preset_files", "rule_file", "time_words")
    }
    assert set(imports_nothing["forbidden_modules"]) == rest - shared
    assert set(is_not_imported["source_modules"]) == rest


def test_every_folder_of_tests_is_named_or_mirrors_the_package() -> None:
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    package = {path.parent.name for path in (ROOT / "lms_jupyter").glob("*/__init__.py")}
    package |= {"errors", "ci"}

    assert [name for name in folders - package if f"`tests/{name}`" not in PAGE] == []


@pytest.mark.parametrize("job", WORKFLOW["jobs"])
def test_continuous_integration_runs_files_that_are_there(job: str) -> None:
    steps = WORKFLOW["jobs"][job]["steps"]
    lines = [step["run"] for step in steps if "run" in step]
    named = {name for line in lines for name in re.findall(r"(?:\.ci|tests)/[\w./-]+", line)}

    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_continuous_integration_keeps_what_the_browser_tests_saw() -> None:
    kept = {
        step["with"]["path"]
        for job in WORKFLOW["jobs"].values()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    }

    assert "tests/browser/artifacts" in kept
