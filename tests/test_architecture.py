"""The house rules that a linter cannot say."""

import ast
import importlib
import json
import operator
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import get_args

import pytest

import lms_jupyter
from lms_jupyter import errors
from lms_jupyter.magics.parser import verb_names
from lms_jupyter.manager import events

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for folder in ("lms_jupyter", "js/src", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".ts", ".tsx", ".css"}
    and not {"node_modules", "static"} & set(path.parts)
    and path.name != "protocol.ts"
]
DOORS = {
    "lmstudio": {"lms_jupyter/hosts"},
    "xllamacpp": {"lms_jupyter/engine/worker/main.py"},
    "pynvml": {"lms_jupyter/engine/gpus/nvml.py"},
    "ray": {"lms_jupyter/engine/fleet/ray_nodes.py"},
    "anywidget": {"lms_jupyter/widgets"},
    "IPython": {"lms_jupyter/magics", "lms_jupyter/widgets"},
    "jupyter_server": {"lms_jupyter/server"},
    "tornado": {"lms_jupyter/server"},
    "torch": {"lms_jupyter/engine/models/training"},
    r"lms_jupyter\.engine\.models": {"lms_jupyter/engine/models/training"},
}
NEEDS_MORE = re.compile(
    r"__main__|\.engine\.worker\.main$|\.server\.persona$|\.engine\.fleet\.ray_nodes$"
)
"""Modules that run when they are imported, or want what is not in this environment."""


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}

    assert len(lengths) > 100
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }

    assert len(lengths) > 2000
    assert {name: lines for name, lines in lengths.items() if lines > 60} == {}


@pytest.mark.parametrize("library", DOORS)
def test_each_foreign_library_has_one_door(library: str) -> None:
    pattern = re.compile(rf"^\s*(from|import) {library}\b", re.MULTILINE)
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "lms_jupyter").rglob("*.py")
        if pattern.search(typed_out(path.read_text()))
    }

    assert {user for user in users if not any(user.startswith(d) for d in DOORS[library])} == set()


def typed_out(source: str) -> str:
    """Return the source without what only the type checker imports."""
    return re.sub(r"if TYPE_CHECKING:\n(?:    .*\n|\n)+", "", source)


def test_importing_the_package_imports_none_of_the_heavy_libraries() -> None:
    check = "import lms_jupyter, sys, json; print(json.dumps(sorted(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True)

    heavy = {"lmstudio", "xllamacpp", "anywidget", "ipywidgets", "httpx", "IPython", "torch", "ray"}
    assert heavy & set(json.loads(told.stdout)) == set()


def test_every_error_has_a_code_of_its_own() -> None:
    classes = [e for e in vars(errors).values() if isinstance(e, type)]
    codes = [e.code for e in classes if issubclass(e, errors.LmsError)]

    assert len(codes) == len(set(codes))


def test_every_event_is_a_frozen_fact() -> None:
    assert all(event.__dataclass_params__.frozen for event in get_args(events.Event))


def test_every_verb_of_step_one_is_there() -> None:
    assert {"ls", "ps", "load", "unload", "status"} <= set(verb_names())


def is_manager(argument: ast.arg) -> bool:
    annotation = argument.annotation
    return annotation is not None and ast.unparse(annotation).strip("'") == "Manager"


def parts_used(function: ast.AST, name: str) -> set[str]:
    """Name the attributes that a function uses of one of its arguments; "" is all of it."""
    parents = {
        id(child): node for node in ast.walk(function) for child in ast.iter_child_nodes(node)
    }
    uses = [
        parents[id(node)]
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name
    ]
    return {use.attr if isinstance(use, ast.Attribute) else "" for use in uses}


def test_what_needs_one_part_of_the_manager_is_given_that_part() -> None:
    """The runners of commands alone have what they do not need: all have the same arguments."""
    seen, wrong = 0, []
    for file in (ROOT / "lms_jupyter").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for argument in filter(is_manager, [*node.args.args, *node.args.kwonlyargs]):
                seen += 1
                parts = parts_used(node, argument.arg)
                is_runner = any("run.register" in ast.unparse(d) for d in node.decorator_list)
                if len(parts) == 1 and "" not in parts and not is_runner:
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {parts}")

    assert seen > 100
    assert wrong == []


def imported(file: Path, *, also_for_types: bool) -> Iterator[str]:
    """Name what a file imports: modules, and what is taken from them."""
    source = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source if also_for_types else typed_out(source))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


NAMES_THE_MANAGER = {f"lms_jupyter.manager.{name}" for name in ("link", "owners", "steady")}
"""What a manager is made of that takes the whole of it, and imports it for the type checker."""


def test_no_files_import_each_other_in_a_circle() -> None:
    files = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): file
        for file in (ROOT / "lms_jupyter").rglob("*.py")
        if file.name != "__init__.py"
    }
    graph = {
        name: files.keys() & set(imported(file, also_for_types=name not in NAMES_THE_MANAGER))
        for name, file in files.items()
    }

    assert sum(map(len, graph.values())) > 1000
    TopologicalSorter(graph).prepare()  # raises if there is one, and names it


def module_names() -> list[str]:
    """Name every module that can be imported everywhere, the package itself included."""
    modules = pkgutil.walk_packages(lms_jupyter.__path__, "lms_jupyter.")
    return ["lms_jupyter", *(m.name for m in modules if not NEEDS_MORE.search(m.name))]


def test_every_module_can_be_imported_alone() -> None:
    names = module_names()

    assert len(names) > 40
    for name in names:
        importlib.import_module(name)


def test_no_module_has_the_name_of_something_else() -> None:
    """`import lms_jupyter.a.b as x` takes its last step by attribute: it must be the module."""
    for name in module_names():
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            getattr(module, public)

    hidden = [
        name
        for name in module_names()[1:]
        if operator.attrgetter(name.partition(".")[2])(lms_jupyter) is not sys.modules[name]
    ]
    assert hidden == []


PUBLIC = """
import json, sys
name, how = sys.argv[1:]
if how == "statement":
    exec(f"import {name}")
elif how == "alias":
    exec(f"import {name} as x")
else:
    exec(f"from lms_jupyter import {name.rpartition('.')[2]}")
import lms_jupyter
module = getattr(lms_jupyter, name.rpartition(".")[2])
print(json.dumps(module.__name__))
"""


@pytest.mark.parametrize("how", ["statement", "alias", "from"])
@pytest.mark.parametrize("name", ["aio", "errors", "testing", "tutorials", "widgets"])
def test_what_is_documented_can_be_imported_in_every_way(name: str, how: str) -> None:
    command = [sys.executable, "-c", PUBLIC, f"lms_jupyter.{name}", how]
    told = subprocess.run(command, capture_output=True, check=True)

    assert json.loads(told.stdout) == f"lms_jupyter.{name}"


@pytest.mark.parametrize("name", ["lms_jupyter", "lms_jupyter.aio"])
def test_dir_names_what_is_offered_and_nothing_else(name: str) -> None:
    check = f"import json, {name} as x; print(json.dumps([dir(x), sorted(x.__all__)]))"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True)

    shown, offered = json.loads(told.stdout)
    assert shown == offered
    verbs = {"ensure", "estimate", "extend", "free", "load", "lock", "ls", "model", "pin", "ps"}
    assert verbs | {"restore", "unload"} <= set(shown)
    module = importlib.import_module(name)
    assert all(getattr(module, offer).__doc__ for offer in shown)
