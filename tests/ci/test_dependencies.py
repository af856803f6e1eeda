"""What is imported is declared: by the package itself, or by the extra that brings it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"lms_jupyter", "tests"}

NAMED_OTHERWISE = {"yaml": "pyyaml", "torch": "torch", "tokenizers": "tokenizers", "gguf": "gguf"}
"""Where a package has another name than what is imported, and need not be installed here."""

EXTRAS = {
    "lms_jupyter/engine": ("engine",),
    "lms_jupyter/engine/fleet": ("engine", "fleet"),
    "lms_jupyter/engine/models/training": ("engine", "training"),
    "lms_jupyter/server": ("server",),
    "lms_jupyter/server/persona.py": ("persona", "server"),
    "lms_jupyter/doctor/jupyter.py": ("server",),
    "lms_jupyter/doctor/machine.py": ("engine",),
    "lms_jupyter/testing": ("test",),
    "lms_jupyter/api/tables.py": ("test",),
    "tests": ("test", "demo", "engine", "server"),
    "tests/fleet": ("test", "demo", "engine", "fleet"),
    "tests/server/persona_story.py": ("persona", "test"),
    ".ci": ("test",),
    "js": ("test",),
}
"""What may be there besides the dependencies of the package. Where an import is left until it is
needed, its sentence says what to install."""


def names(requirements: Iterable[str]) -> set[str]:
    """Return the names of requirements, as package indexes compare them."""
    return {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in requirements}


DECLARED = names(PROJECT["dependencies"])
OF_EXTRA = {name: names(lines) for name, lines in PROJECT["optional-dependencies"].items()}


def sources(folder: str) -> Iterator[Path]:
    for path in (ROOT / folder).rglob("*.py"):
        if not {"node_modules", "__pycache__"} & set(path.parts):
            yield path


@cache
def imported(path: Path) -> set[str]:
    """Name the packages that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    beside = {other.stem for other in path.parent.glob("*.py")}
    return found - set(sys.stdlib_module_names) - OWN - beside


def declared_for(path: Path) -> set[str]:
    """Return what a file may count on: the nearest entry of `EXTRAS` says which extras."""
    place = path.relative_to(ROOT)
    for above in (place, *place.parents):
        if (extras := EXTRAS.get(above.as_posix())) is not None:
            return DECLARED.union(*(OF_EXTRA[extra] for extra in extras))
    return DECLARED


@pytest.mark.parametrize("folder", ["lms_jupyter", "tests", ".ci", "js"])
def test_everything_that_is_imported_is_declared(folder: str) -> None:
    brought_by = packages_distributions()
    undeclared = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(folder)
        for name in imported(path)
        if not names([*brought_by.get(name, ()), NAMED_OTHERWISE.get(name, name)])
        & declared_for(path)
    }

    assert undeclared == set()


@pytest.mark.parametrize("extra", ["", "engine", "server", "training"])
def test_everything_that_is_declared_is_imported(extra: str) -> None:
    brought_by = packages_distributions()
    used = set()
    for path in sources("lms_jupyter"):
        for name in imported(path):
            used |= names([*brought_by.get(name, ()), NAMED_OTHERWISE.get(name, name)])

    wanted = OF_EXTRA[extra] if extra else DECLARED
    assert wanted - used == set()
    assert len(wanted) >= 3
