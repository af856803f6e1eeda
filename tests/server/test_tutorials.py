"""The tutorials among the user's files: once, and never over what somebody wrote."""

import json
from pathlib import Path

import nbformat
import pytest

from lms_jupyter.tutorials import tutorials
from tests.server.conftest import Door

NAMES = [path.name for path in tutorials()]


async def ask(door: Door) -> tuple[int, dict[str, object]]:
    answer = await door.ask("lms/tutorials", headers=door.key, body={})
    return answer.code, json.loads(answer.body)


async def test_they_are_copied_once_and_the_first_is_named(door: Door, jp_root_dir: Path) -> None:
    first = await ask(door)
    again = await ask(door)

    path = "lms-tutorials/00-welcome.ipynb"
    assert first == (201, {"path": path, "written": NAMES})
    assert again == (200, {"path": path, "written": []})
    copied = sorted((jp_root_dir / "lms-tutorials").glob("*.ipynb"))
    assert [nbformat.read(file, 4) for file in copied] == [
        nbformat.read(file, 4) for file in tutorials()
    ]


async def test_what_somebody_wrote_stays_and_what_is_missing_comes(
    door: Door, jp_root_dir: Path
) -> None:
    await ask(door)
    mine, gone = jp_root_dir / "lms-tutorials" / NAMES[0], jp_root_dir / "lms-tutorials" / NAMES[3]
    mine.write_text("mine")
    gone.unlink()

    _, told = await ask(door)

    assert told["written"] == [NAMES[3]]
    assert mine.read_text() == "mine"


async def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(
    door: Door, jp_root_dir: Path
) -> None:
    (jp_root_dir / "lms-tutorials").write_text("a file")

    code, told = await ask(door)

    assert (code, told["kind"]) == (409, "refused")
    assert "lms-tutorials" in str(told["problem"])
    assert "lms-jupyter tutorials DIR" in str(told["problem"])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
async def test_a_stranger_writes_nothing(
    door: Door, jp_root_dir: Path, headers: dict[str, str]
) -> None:
    answer = await door.ask("lms/tutorials", headers=headers, body={})

    assert answer.code == 403
    assert list(jp_root_dir.glob("lms-tutorials*")) == []
