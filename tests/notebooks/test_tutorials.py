"""Every tutorial, run from top to bottom on one private engine, as a reader would."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import lmstudio
import nbformat
import pytest
from nbclient import NotebookClient

from lms_jupyter.testing.engine import private_engine
from tests.hosts.expiring import Expiring
from tests.hosts.studio import Studio

pytestmark = pytest.mark.large

TUTORIALS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
NAMES = [
    "00-welcome",
    "01-manage-models-in-memory",
    "02-magics-tour",
    "03-ttl-and-auto-evict",
    "04-fit-your-machine",
    "05-compare-models",
    "06-reproducible-notebooks",
    "07-embeddings-search",
    "08-build-your-own-widget",
    "09-engine-for-tests-and-ci",
    "10-what-fits-and-what-comes-back",
]
ON_A_SMALL_STUDIO: dict[str, str | None] = {
    "00": None,
    "01": "Are you there?",  # it is silent about what has gone
    "03": None,
    "05": None,
    "06": None,
    "08": "estimate(",
}
"""Tutorials that the stand-in for LM Studio can play, and the words of the cells that it cannot."""
DONE = "✔"
CELL_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with private_engine(tmp_path_factory.mktemp("tutorials")) as address:
        yield address


@pytest.fixture
def _empty_host(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let notebooks find the engine, with nothing in memory."""
    monkeypatch.setenv("LMS_JUPYTER_HOST", address)
    with lmstudio.Client(address) as client:
        for instance in client.list_loaded_models():
            instance.unload()


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def cell_of(cells: list[nbformat.NotebookNode], tag: str) -> int:
    return next(place for place, cell in enumerate(cells) if tag in tags(cell))


def as_a_reader_does(tutorial: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run the check before the exercise is done, then again after it."""
    cells = list(tutorial.cells)
    exercise, check = cell_of(cells, "exercise"), cell_of(cells, "check")
    solved = deepcopy(cells[exercise])
    solved.source = "".join(solved.metadata.lms_jupyter.solution)
    solved.id, too_early = "solved", deepcopy(cells[check])
    too_early.id = "too-early"
    tutorial.cells = [*cells[: exercise + 1], too_early, solved, *cells[exercise + 1 :]]
    return tutorial


def said(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def test_all_tutorials_are_there() -> None:
    assert [path.stem for path in TUTORIALS] == NAMES


@pytest.mark.usefixtures("_empty_host")
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_tells_done_from_not_yet_and_leaves_nothing_in_memory(
    path: Path, tmp_path: Path, address: str
) -> None:
    tutorial = as_a_reader_does(nbformat.read(path, as_version=4))
    (tmp_path / "work").mkdir()
    client = NotebookClient(
        tutorial,
        timeout=CELL_TIMEOUT_S,
        resources={"metadata": {"path": str(tmp_path / "work")}},
    )

    client.execute()

    by_id = {cell.id: cell for cell in tutorial.cells}
    (check,) = [c for c in tutorial.cells if "check" in tags(c) and c.id != "too-early"]
    assert said(by_id["too-early"]).startswith(("Not yet", "Almost"))
    assert said(check).startswith(DONE)
    assert "Try next: " in said(check)
    not_clicked = [said(cell) for cell in tutorial.cells if "click" in tags(cell)]
    assert all("You can also go on without" in answer for answer in not_clicked)
    with lmstudio.Client(address) as host:
        assert [instance.identifier for instance in host.list_loaded_models()] == []


@pytest.mark.parametrize("name", ON_A_SMALL_STUDIO)
def test_the_same_cells_run_on_an_lm_studio(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = (path for path in TUTORIALS if path.stem.startswith(name))
    tutorial = nbformat.read(path, as_version=4)
    cannot = ON_A_SMALL_STUDIO[name]
    tutorial.cells = [c for c in tutorial.cells if cannot is None or cannot not in c.source]
    where = {"metadata": {"path": str(tmp_path)}}

    models = ("qwen/qwen3-4b", "google/gemma-3-1b")
    with Studio(models=models, memory=Expiring()) as studio:
        monkeypatch.setenv("LMS_JUPYTER_HOST", studio.address)
        NotebookClient(tutorial, timeout=CELL_TIMEOUT_S, resources=where).execute()

        assert "loadModel" in studio.asked
        assert studio.memory == {}


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_kept_without_outputs_and_well_formed(path: Path) -> None:
    tutorial = nbformat.read(path, as_version=4)

    nbformat.validate(tutorial)

    code = [cell for cell in tutorial.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert len({cell.id for cell in tutorial.cells}) == len(tutorial.cells)
    assert (tutorial.nbformat, tutorial.nbformat_minor) == (4, 5)
    assert tutorial.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_teaches_in_small_steps(path: Path) -> None:
    tutorial = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in tutorial.cells if cell.cell_type == "markdown")

    assert all(len(cell.source.splitlines()) <= 25 for cell in tutorial.cells)
    assert text.startswith("# ")
    assert "<summary>Hint</summary>" in text
    assert re.search(r"^\*About \d+ minutes\.\*$", tutorial.cells[0].source, re.MULTILINE)
    assert path == TUTORIALS[-1] or "**Next:**" in tutorial.cells[-1].source


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_link_of_a_tutorial_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))

    assert links or path == TUTORIALS[-1]
    assert [link for link in links if not (path.parent / link).is_file()] == []
