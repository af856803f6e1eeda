"""papermill, nbclient and a kernel whose front end knows no widgets."""

import os
from pathlib import Path

import nbformat
import papermill
import pytest

from .kernels import Kernel

CELLS = [
    "%load_ext lms_jupyter\n%lms unload --all",
    "llm = %lms load $model --ttl 5m",
    "%%lms --as said --max-tokens 20\nWhat is {topic}?",
    "models = %lms ls\nassert len(models) >= 3 and said",
    "%%lms compare tutor-1m tutor-1m-vision\nHello",
    "%%lms sweep tutor-1m context=[512,1024] --max-tokens 4\nHello",
    "%lms panel",
    "%lms ps",
    "%lms unload --all",
]


def notebook(*cells: str) -> nbformat.NotebookNode:
    parameters = nbformat.v4.new_code_cell("model, topic = 'none', 'nothing'")
    parameters.metadata.tags = ["parameters"]
    made = nbformat.v4.new_notebook(
        cells=[parameters, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    )
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python", "language": "python"}
    return made


def test_papermill_runs_a_notebook_with_parameters(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LMS_JUPYTER_HOST", "IPYTHONDIR", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, environ[name])
    nbformat.write(notebook(*CELLS), tmp_path / "in.ipynb")

    done = papermill.execute_notebook(
        str(tmp_path / "in.ipynb"),
        str(tmp_path / "out.ipynb"),
        parameters={"model": "tutor-1m", "topic": "a token"},
        cwd=str(tmp_path),
        progress_bar=False,
    )

    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert "error" not in {output.output_type for output in outputs}
    assert "tutor-1m is loaded" in str(outputs)
    assert "tokens/s" in str(outputs)
    assert "2 combinations" in str(outputs)


@pytest.fixture(params=["VSCODE_PID", "POSITRON"])
def no_front_end(
    environ: dict[str, str], folder: Path, request: pytest.FixtureRequest
) -> dict[str, str]:
    """VS Code's and Positron's way: no name of the notebook, and no answer to any comm."""
    told = {name: value for name, value in environ.items() if name != "JPY_SESSION_NAME"}
    return {**os.environ, **told, request.param: "1", "PWD": str(folder)}


def test_without_a_front_end_everything_is_text_too(
    no_front_end: dict[str, str], tmp_path: Path
) -> None:
    del no_front_end["PWD"]
    with Kernel(no_front_end, str(tmp_path)) as kernel:
        kernel.run(f"__vsc_ipynb_file__ = {str(tmp_path / 'lesson.ipynb')!r}")
        kernel.run("%load_ext lms_jupyter\nmodel, topic = 'tutor-1m', 'a token'")
        ran = {cell: kernel.run(cell) for cell in CELLS[1:]}
        unclear = kernel.run("%lms load tutor")
        locked = kernel.run("%lms load tutor-1m\n%lms lock\n%lms unload --all")

    for cell, one in ran.items():
        assert one.error == "", f"{cell}: {one.error_text}"
        for bundle in one.bundles:
            assert "text/plain" in bundle, "a front end that shows no widget shows this"
    shown = "\n".join(one.plain for one in ran.values())
    for word in ("IDENTIFIER", "2 combinations", "tokens/s", "Models in memory of"):
        assert word in shown
    assert "3 models match 'tutor'" in unclear.error_text
    assert "tutor-1m-vision" in unclear.error_text, (
        "the names are in the sentence, not only on buttons"
    )
    assert "lesson.lms-lock.json holds tutor-1m" in locked.text
    assert (tmp_path / "lesson.lms-lock.json").is_file(), "beside the notebook that VS Code names"


def test_the_panel_leaves_a_widget_view_and_a_page_that_stays(
    no_front_end: dict[str, str], tmp_path: Path
) -> None:
    with Kernel(no_front_end, str(tmp_path)) as kernel:
        kernel.run("%load_ext lms_jupyter")
        (bundle,) = kernel.run("%lms panel").bundles

    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} == set(bundle)
