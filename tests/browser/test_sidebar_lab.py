"""What the sidebar does with the rest of JupyterLab: cells, commands, status line, settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Open
from tests.browser.kernels import busy
from tests.browser.lab import Lab, Notebook
from tests.browser.pages import Pages
from tests.browser.sidebar import Page, Sidebar, pose, shared, unload_all

pytestmark = pytest.mark.browser

OPEN_IN_LAYOUT = '"current":"lms-sidebar"'
SOURCES = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map(cell => cell.model.sharedModel.getSource())"""


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> None:
    unload_all(engine_address)


@pytest.fixture
def notebook(open_notebook: Open, tmp_path: Path) -> Iterator[Notebook]:
    """Open a notebook with one empty cell and one that keeps the kernel busy."""
    release = tmp_path / "release"
    yield open_notebook(["", busy(release), "%load_ext lms_jupyter"])
    release.touch()


@pytest.fixture
def page(pages: Pages, lab: Lab) -> Iterator[Page]:
    with shared(pages, lab) as page:
        yield page


def test_use_in_notebook_writes_the_line_and_loads_the_magics_first(
    notebook: Notebook, engine_address: str
) -> None:
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
    sidebar = Sidebar(notebook.page)
    sidebar.show()
    sidebar.panel.get_by_role("button", name="More about chat").click()

    sidebar.panel.get_by_role("button", name="Use in notebook").click()

    line = "llm = %lms load tutor-1m -c 2048 --ttl 10m --identifier chat"
    notebook.page.wait_for_function(
        f"line => ({SOURCES})()[0] === line", arg=f"%load_ext lms_jupyter\n{line}"
    )
    notebook.run(0)
    expect(notebook.output(0)).not_to_contain_text("Error")


def test_magics_that_are_there_are_not_loaded_again(notebook: Notebook) -> None:
    notebook.run(2)
    notebook.page.evaluate(
        """() => window.jupyterapp.commands.execute(
          "lms:insert-python", { model_key: "tutor-1m" })"""
    )

    notebook.page.wait_for_function(f"() => ({SOURCES})().length === 4")
    sources = notebook.page.evaluate(SOURCES)
    assert sources[3] == 'import lmstudio\n\nmodel = lmstudio.llm("tutor-1m")'


def test_a_row_is_dragged_into_a_notebook(notebook: Notebook) -> None:
    sidebar = Sidebar(notebook.page)
    sidebar.show()
    row = sidebar.panel.locator(".lms-ModelRow").filter(has_text="text-embedding-tutor-embed")
    cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(1)

    row.hover(position={"x": 40, "y": 12})
    notebook.page.mouse.down()
    box = cell.bounding_box()
    assert box is not None
    notebook.page.mouse.move(box["x"] + 60, box["y"] + 10, steps=8)
    notebook.page.mouse.up()

    notebook.page.wait_for_function(f"() => ({SOURCES})().length === 4")
    (dropped,) = [s for s in notebook.page.evaluate(SOURCES) if "%lms load" in s]
    assert dropped.endswith("embedding_model = %lms load text-embedding-tutor-embed --ttl 1h")


def test_the_sidebar_answers_while_a_cell_keeps_the_kernel_busy(notebook: Notebook) -> None:
    sidebar = Sidebar(notebook.page)
    sidebar.show()
    expect(sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True)).to_be_visible()
    notebook.start(1)
    expect(notebook.page.get_by_text("[*]:").first).to_be_visible()

    sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()

    expect(sidebar.row("tutor-1m")).to_be_visible()
    assert notebook.page.get_by_text("[*]:").count() > 0, "the cell had ended"


def test_every_command_is_in_the_palette_and_takes_arguments(page: Page) -> None:
    page.sidebar.show()
    expect(page.sidebar.panel.get_by_text("tutor-1m", exact=True)).to_be_visible()
    commands = page.page.evaluate(
        "() => window.jupyterapp.commands.listCommands().filter(id => id.startsWith('lms:'))"
    )
    assert len(commands) >= 14

    page.execute("lms:load", model_key="tutor-1m", identifier="by-command", ttl_s=120)
    timer = page.sidebar.row("by-command").get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^unloads in (2:00|1:5\d)$"))
    page.execute("lms:set-ttl", identifier="by-command", ttl_s=1800)
    expect(timer).to_have_text(re.compile(r"^unloads in (30:00|29:5\d)$"))
    page.execute("lms:pin", identifier="by-command", pinned=True)
    expect(timer).to_have_count(0)
    page.execute("lms:unload", identifier="by-command")
    expect(page.sidebar.row("by-command")).to_have_count(0)
    assert page.messages == []


def test_the_context_menu_of_a_row_knows_the_row(page: Page) -> None:
    page.sidebar.show()
    row = page.sidebar.panel.locator(".lms-ModelRow").filter(has_text="text-embedding-tutor-embed")
    row.click(button="right", position={"x": 40, "y": 12})

    page.page.get_by_role("menuitem", name="Load", exact=True).click()

    expect(page.sidebar.row("text-embedding-tutor-embed")).to_be_visible()


def test_the_status_line_says_what_is_in_memory_and_opens_the_sidebar(
    page: Page, engine_address: str, artifacts: Path
) -> None:
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
    line = page.page.locator(".lms-StatusLine button")
    expect(line).to_have_text(re.compile(r"^1 model · [\d.]+\sMB · next unload in (10:00|9:5\d)$"))
    before = line.inner_text()
    expect(line).not_to_have_text(before)

    line.click()

    expect(page.sidebar.panel).to_be_visible()
    page.page.screenshot(path=artifacts / "sidebar-status.png")


def test_a_load_that_ends_out_of_sight_is_noted_quietly(page: Page) -> None:
    expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 models")
    page.execute("lms:load", model_key="large")

    page.page.wait_for_function(
        """() => window.jupyterapp.commands.hasCommand("apputils:display-notifications")
          && [...document.querySelectorAll(".jp-Notification-Status-Text, .jp-Notification-Status")]
            .some(element => /1/.test(element.textContent))"""
    )
    assert page.page.locator(".Toastify__toast").count() == 0


def test_the_layout_brings_the_sidebar_back(page: Page) -> None:
    def saves_it(request: Request) -> bool:
        return request.method == "PUT" and OPEN_IN_LAYOUT in (request.post_data or "")

    # JupyterLab saves its layout after a second of quiet.
    with page.page.expect_request_finished(saves_it):
        page.sidebar.show()

    page.page.goto(re.sub(r"[?&]reset", "", page.page.url))

    expect(page.sidebar.panel).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_sidebar_is_photographed(
    page: Page, engine_address: str, artifacts: Path, theme: str
) -> None:
    name = pose(page, engine_address, theme)
    page.sidebar.panel.get_by_role("button", name="More about chat").click()

    page.page.screenshot(path=artifacts / f"sidebar-{name}.png")
    assert (artifacts / f"sidebar-{name}.png").stat().st_size > 10_000
