"""The words that the project has given up for the field's do not come back as identifiers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
COMMON = {
    *("fit", "room", "look", "hints", "talk", "offered", "adopt", "begin_anew"),
    *("Line", "Order", "Fragment", "Outcome"),
}
"""These have another meaning elsewhere, as a method of a foreign class or in the engine."""


def rows() -> list[tuple[str, list[str]]]:
    """Return the rows of the table: the words before, and those of now."""
    cells = [line.strip("|").split("|") for line in TABLE.splitlines() if line.startswith("|")]
    return [(before.strip(), re.findall(r"`(\w+)`", now)) for before, now, _ in cells[2:]]


VERBS = {"told", "said", "heard", "meant", "sight", "wish", "wishes"}
"""What says that a value came from somewhere, and not what it is: no part of a name is one."""
PRONOUNS = {"one", "ones", "way", "ways"}
"""No name is one of these; `one_line` is no riddle."""
PUBLIC = {("lms_jupyter/api/answers.py", "told")}
"""Notebooks of earlier versions read `answer.told`."""

OLD = {word.strip() for before, _ in rows() for word in before.split(",")}
OLD -= COMMON | VERBS | PRONOUNS


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield what a module gives a name to, with the line."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name, node.lineno
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno


PACKAGE = sorted((ROOT / "lms_jupyter").rglob("*.py"))
FRONT_END = sorted((ROOT / "js" / "src").rglob("*.ts*"))
DECLARED = re.compile(r"\b(?:class|function|const|let|interface|type|enum)\s+([A-Za-z_]\w*)")


def test_no_old_word_names_anything() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in PACKAGE
        for name, line in identifiers(ast.parse(path.read_text(encoding="utf-8")))
        if name.strip("_") in OLD
    ]

    assert len(PACKAGE) > 200
    assert found == []


def test_values_are_named_by_nouns() -> None:
    found = [
        f"{path}:{line}: {name}"
        for path in (str(path.relative_to(ROOT)) for path in PACKAGE)
        for name, line in identifiers(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if name.strip("_").lower() in PRONOUNS or VERBS & set(name.lower().split("_"))
        if (path, name) not in PUBLIC
    ]

    assert found == []


def test_no_old_word_names_anything_in_the_front_end() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in FRONT_END
        for name in DECLARED.findall(path.read_text(encoding="utf-8"))
        if name in OLD | VERBS | PRONOUNS
    ]

    assert len(FRONT_END) > 100
    assert found == []


@pytest.mark.parametrize("word", sorted({word for _, now in rows() for word in now}))
def test_every_word_of_the_table_is_used(word: str) -> None:
    used = re.compile(rf"\b{word}\b")

    assert any(used.search(path.read_text(encoding="utf-8")) for path in (*PACKAGE, *FRONT_END))
