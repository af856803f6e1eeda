"""The demo of a fleet: its notebook, run from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lms_jupyter.cli import demo_fleet
from lms_jupyter.hosts import announcements
from lms_jupyter.hosts.discover import VARIABLE

pytestmark = [pytest.mark.large, pytest.mark.timeout(180)]


def test_its_notebook_loads_on_each_device_and_outlives_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with demo_fleet.fleet(tmp_path) as (address, processes):
        monkeypatch.setenv(VARIABLE, address)
        monkeypatch.setenv(announcements.VARIABLE, str(tmp_path / "engine.json"))
        demo_fleet.write_notebook(tmp_path, processes)
        notebook = nbformat.reads((tmp_path / demo_fleet.NOTEBOOK).read_text(), as_version=4)
        nbformat.validate(notebook)

        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()

    told = ["".join(_texts(cell)) for cell in notebook.cells if cell.cell_type == "code"]
    before, loaded, after, left, answer = (told[number] for number in (1, 3, 6, 7, 8))
    assert before.count(" connected") == len(demo_fleet.DEVICES)
    assert loaded.startswith("3 models in memory.")
    assert after.count("disconnected") == 1
    assert left.startswith("2 models in memory.")
    assert answer.strip()


def _texts(cell: nbformat.NotebookNode) -> list[str]:
    return [
        str(output.get("text") or output.get("data", {}).get("text/plain", ""))
        for output in cell.outputs
    ]
