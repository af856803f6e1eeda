"""Clicks while a cell computes, on every kind of ipykernel: three ways, and none of them a lie.

1. The panel's own comm is made live: with our part of the page missing, where the kernel can.
2. The Jupyter Server stands in: in JupyterLab and in Notebook 7, whatever the kernel.
3. Elsewhere the panel says that the click waits.
"""

import json
from pathlib import Path

import lmstudio
import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.kernels import add_kernel, busy
from tests.browser.lab import Lab, Notebook, click_impatiently
from tests.browser.sidebar import unload_all
from tests.engines import held

pytestmark = pytest.mark.browser

PANEL = "import lms_jupyter\npanel = lms_jupyter.panel()\npanel"
ALL, LIVE, QUEUED = ("6.31.0", "7.3.0", "7.4.0"), ("7.3.0", "7.4.0"), "6.31.0"
APPS = ("lab/tree", "notebooks")
FIGURE = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\n"
REST = "plt.title('whole')\nprint('lines', len(plt.gca().lines))"
# Who could not look while the cell computed looks again within its next second or so.
WHOSE = """import time
until = time.monotonic() + 15
def whose():
    return [(one["identifier"], one["mine"]) for one in panel.activity["instances"]]
while whose() != [("tutor-1m", True)] and time.monotonic() < until:
    time.sleep(0.05)
print(whose())"""


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> None:
    unload_all(engine_address)


def in_memory(address: str) -> list[str]:
    with lmstudio.Client(address) as client:
        return [model.identifier for model in client.list_loaded_models()]


def is_running(notebook: Notebook) -> bool:
    return notebook.page.get_by_text("[*]:").count() > 0


def load_while_busy(notebook: Notebook, index: int) -> None:
    """Start a cell and click while it runs."""
    notebook.start(index)
    expect(notebook.page.get_by_text("[*]:").first).to_be_visible()
    notebook.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()


@pytest.mark.parametrize("version", LIVE)
def test_the_panels_own_comm_is_live_and_a_figure_in_the_making_survives(
    open_bare: Open, bare_lab: Lab, tmp_path: Path, version: str
) -> None:
    release = tmp_path / "release"
    kernel = add_kernel(bare_lab, version)
    notebook = open_bare([PANEL, FIGURE + busy(release, REST)], kernel=kernel)
    notebook.run(0)

    load_while_busy(notebook, 1)
    expect(notebook.row("tutor-1m")).to_be_visible()
    assert is_running(notebook)
    release.touch()
    notebook.finish(1)

    expect(notebook.output(1)).to_contain_text("lines 1")
    expect(notebook.output(1).locator("img")).to_have_count(1)
    assert notebook.messages == [], "\n".join(notebook.messages)


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("version", ALL)
def test_the_jupyter_server_stands_in_for_a_kernel_that_hears_nothing(
    open_notebook: Open, lab: Lab, engine_address: str, tmp_path: Path, version: str, app: str
) -> None:
    release = tmp_path / "release"
    cells = [PANEL, FIGURE + busy(release, REST), WHOSE]
    notebook = open_notebook(cells, kernel=add_kernel(lab, version), app=app)
    notebook.run(0)
    notebook.wait_for_stand_in()

    load_while_busy(notebook, 1)
    expect(notebook.row("tutor-1m")).to_be_visible()
    expect(notebook.panel.get_by_text("queued")).to_have_count(0)
    assert is_running(notebook)
    # By key: where this button lies where Load was clicked, a click right after that is swallowed.
    notebook.panel.get_by_role("button", name="Unload tutor-1m", exact=True).press("Enter")
    expect(notebook.row("tutor-1m")).to_have_count(0)
    notebook.panel.get_by_role("button", name="Undo: load tutor-1m again").click()
    expect(notebook.row("tutor-1m")).to_be_visible()
    assert is_running(notebook)
    release.touch()
    notebook.finish(1)

    expect(notebook.output(1)).to_contain_text("lines 1")
    expect(notebook.output(1).locator("img")).to_have_count(1)
    assert in_memory(engine_address) == ["tutor-1m"]
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("[('tutor-1m', True)]")
    files = (lab.folder.parent / "home").rglob("*.lease")
    holders = [json.loads(file.read_text())["holder"]["notebook"] for file in files]
    assert notebook.path.name in holders
    assert notebook.messages == [], "\n".join(notebook.messages)


def test_a_load_that_the_server_runs_is_seen_and_can_be_cancelled_in_a_busy_notebook(
    open_notebook: Open, lab: Lab, engine_address: str, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    kernel = add_kernel(lab, QUEUED)
    notebook = open_notebook([PANEL, busy(release)], kernel=kernel)
    notebook.run(0)
    notebook.wait_for_stand_in()
    notebook.start(1)
    with held(engine_address) as processes:
        notebook.panel.get_by_role("button", name="Load large", exact=True).click()
        notebook.panel.get_by_role("button", name="Cancel loading large").click()

        expect(notebook.panel.get_by_role("button", name="Cancel loading large")).to_have_count(0)
        gone, _alive = psutil.wait_procs(processes, timeout=10)
        assert gone
    assert in_memory(engine_address) == []
    assert is_running(notebook)
    release.touch()
    assert notebook.messages == []


def test_why_a_load_failed_is_told_in_a_busy_notebook_and_can_be_dismissed(
    open_notebook: Open, lab: Lab, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    notebook = open_notebook([PANEL, busy(release)], kernel=add_kernel(lab, QUEUED))
    notebook.run(0)
    notebook.wait_for_stand_in()
    notebook.start(1)
    notebook.panel.get_by_role("button", name="Load tutor-1m with settings").click()
    form = notebook.panel.get_by_role("form")
    form.get_by_role("textbox", name="Identifier").fill("twice")
    form.get_by_role("button", name="Load", exact=True).click()
    expect(notebook.row("twice")).to_be_visible()

    notebook.panel.get_by_role("button", name="Load tutor-1m with settings").click()
    form.get_by_role("textbox", name="Identifier").fill("twice")
    form.get_by_role("button", name="Load", exact=True).click()

    alert = notebook.panel.get_by_role("alert")
    expect(alert).to_contain_text("twice")
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)
    assert is_running(notebook)
    release.touch()


def test_where_nothing_is_live_the_click_waits_and_the_panel_says_so(
    open_bare: Open, bare_lab: Lab, engine_address: str, tmp_path: Path, artifacts: Path
) -> None:
    release = tmp_path / "release"
    kernel = add_kernel(bare_lab, QUEUED)
    notebook = open_bare([PANEL, FIGURE + busy(release, REST)], kernel=kernel)
    notebook.run(0)

    notebook.start(1)
    expect(notebook.page.get_by_text("[*]:").first).to_be_visible()
    click_impatiently(notebook.panel.get_by_role("button", name="Load tutor-1m", exact=True))
    waiting = notebook.panel.get_by_text("Queued: the kernel is busy", exact=False).first
    expect(waiting).to_be_visible()
    notebook.panel.screenshot(path=artifacts / "busy-queued.png")
    assert in_memory(engine_address) == []
    release.touch()
    notebook.finish(1)

    expect(notebook.row("tutor-1m")).to_be_visible()
    expect(waiting).to_have_count(0)
    assert in_memory(engine_address) == ["tutor-1m"]
    expect(notebook.output(1)).to_contain_text("lines 1")
    expect(notebook.output(1).locator("img")).to_have_count(1)
    assert notebook.messages == [], "\n".join(notebook.messages)
