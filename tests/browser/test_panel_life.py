"""What becomes of a panel: themes, a reload of the page, a restart, a notebook opened again."""

from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.lab import KERNEL_IS_IDLE, NOTEBOOK, TOKEN, Notebook

pytestmark = pytest.mark.browser

PANEL = "import lms_jupyter\npanel = lms_jupyter.panel()\npanel"
AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("JupyterLab Dark High Contrast", "JupyterLab Dark", "JupyterLab Light")
FINDINGS = """async () => {
  const { violations } = await axe.run(".lms-Panel");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" ")}`);
}"""
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
END_KERNEL = f"() => {NOTEBOOK}.sessionContext.shutdown()"
RESTART_KERNEL = f"() => {NOTEBOOK}.sessionContext.session.kernel.restart()"
SCROLLERS = """() => {
  const within = [];
  const notebook = document.querySelector(".jp-Notebook");
  for (let one = document.querySelector(".lms-LoadForm"); one !== notebook;) {
    one = one.parentElement;
    const { overflowY } = getComputedStyle(one);
    const outer = one.matches(".jp-WindowedPanel-outer, .jp-Notebook");
    if (!outer && !/visible|clip/.test(overflowY)) within.push(`${one.className}: ${overflowY}`);
  }
  return within;
}"""
TOGGLE_SAVING_STATE = """() => window.jupyterapp.commands.execute(
  "@jupyter-widgets/jupyterlab-manager:saveWidgetState")"""


@pytest.fixture(autouse=True)
def _one_model_in_memory(engine_address: str) -> None:
    with lmstudio.Client(engine_address) as client:
        for model in client.list_loaded_models():
            model.unload()
        client.llm.load_new_instance("tutor-1m", "chat", ttl=3600)


def reopen(notebook: Notebook) -> None:
    """Load the page again, as F5 does."""
    address = notebook.page.url
    notebook.page.goto(f"{address.partition('?')[0]}?token={TOKEN}")
    notebook.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)


def is_dead(notebook: Notebook, name: str) -> bool:
    button = notebook.panel.get_by_role("button", name=name, exact=True)
    return button.get_attribute("aria-disabled") == "true"


def test_axe_finds_nothing_in_any_theme_of_jupyterlab(open_notebook: Open, artifacts: Path) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    notebook.panel.get_by_role("button", name="More about chat").click()
    notebook.panel.get_by_role("button", name="Load large with settings").click()
    notebook.panel.get_by_text("Timeline").click()
    expect(notebook.panel.get_by_text("fits", exact=True)).to_be_visible()
    notebook.page.add_script_tag(path=AXE)

    for theme in THEMES:
        notebook.theme(theme)
        assert notebook.page.evaluate(FINDINGS) == [], theme
        notebook.panel.screenshot(path=artifacts / f"life-{theme.replace(' ', '-').lower()}.png")


def test_a_panel_is_alive_again_after_the_page_was_loaded_again(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()
    notebook.page.evaluate(SAVE)

    reopen(notebook)
    notebook.row("chat").get_by_role("button", name="Unload chat", exact=True).click()

    expect(notebook.row("chat")).to_have_count(0)
    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []


def test_a_restarted_kernel_leaves_a_snapshot_with_dead_buttons_until_the_cell_runs_again(
    open_notebook: Open,
) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()

    notebook.page.evaluate(RESTART_KERNEL)
    expect(notebook.panel.get_by_role("status").first).to_contain_text("Snapshot from")
    assert is_dead(notebook, "Unload chat")

    notebook.page.wait_for_function(KERNEL_IS_IDLE)
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()
    expect(notebook.panel.get_by_text("Snapshot from")).to_have_count(0)
    assert not is_dead(notebook, "Unload chat")


def test_a_notebook_opened_again_with_saved_state_shows_how_it_was(
    open_notebook: Open, artifacts: Path
) -> None:
    notebook = open_notebook([PANEL])
    notebook.page.evaluate(TOGGLE_SAVING_STATE)
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()
    notebook.page.evaluate(SAVE)
    notebook.page.evaluate(END_KERNEL)

    reopen(notebook)

    rows = notebook.panel.get_by_role("listitem")
    expect(rows.filter(has_text="chat")).to_be_visible()
    expect(notebook.panel.get_by_role("status").first).to_contain_text("Snapshot from")
    expect(notebook.panel.get_by_role("button")).to_have_count(0)
    notebook.panel.screenshot(path=artifacts / "life-saved.png")
    notebook.page.evaluate(TOGGLE_SAVING_STATE)


@pytest.mark.parametrize("app", ["lab/tree", "notebooks"])
def test_a_notebook_opened_again_without_saved_state_shows_its_picture_and_works_when_run(
    open_notebook: Open, artifacts: Path, app: str
) -> None:
    notebook = open_notebook([PANEL], app=app)
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()
    notebook.page.evaluate(SAVE)
    notebook.page.evaluate(END_KERNEL)

    reopen(notebook)
    table = notebook.output(0).get_by_role("table")
    expect(table).to_contain_text("chat")
    expect(notebook.output(0)).to_contain_text("Models in memory of")
    expect(notebook.output(0)).not_to_contain_text("widget")
    expect(notebook.panel).to_have_count(0)
    notebook.page.screenshot(path=artifacts / f"life-unsaved-{app[:3]}.png")

    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()


def test_a_page_without_our_part_shows_the_last_picture_of_a_saved_notebook(
    open_bare: Open, engine_address: str, artifacts: Path
) -> None:
    notebook = open_bare([PANEL])
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()
    # While the widget lives, it is all that is seen.
    expect(notebook.output(0).get_by_role("table")).to_have_count(0)
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "later", ttl=3600)
    expect(notebook.row("later")).to_be_visible()
    # The picture follows the widget by a message of its own.
    expect(notebook.output(0).locator("table", has_text="later")).to_have_count(1)
    notebook.page.evaluate(SAVE)
    notebook.page.evaluate(END_KERNEL)

    reopen(notebook)

    table = notebook.output(0).get_by_role("table")
    expect(table).to_contain_text("chat")
    expect(table).to_contain_text("later")
    expect(notebook.output(0).get_by_text("widget")).not_to_be_visible()
    notebook.page.screenshot(path=artifacts / "life-bare.png")
    notebook.run(0)
    expect(notebook.row("later")).to_be_visible()
    expect(notebook.output(0).get_by_role("table")).to_have_count(0)


def test_the_panel_lives_in_notebook_7(open_notebook: Open, artifacts: Path) -> None:
    notebook = open_notebook([PANEL], app="notebooks")

    notebook.page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    notebook.page.keyboard.press("Shift+Enter")
    notebook.row("chat").get_by_role("button", name="Unload chat", exact=True).click()

    undo = notebook.panel.get_by_role("button", name="Undo: load chat again")
    expect(undo).to_be_visible()
    notebook.page.screenshot(path=artifacts / "life-notebook-7.png")
    assert notebook.messages == []


def test_a_line_and_a_picker_live_beside_a_panel_in_a_box(
    open_notebook: Open, artifacts: Path
) -> None:
    smaller = (
        "import ipywidgets, lms_jupyter\n"
        "picker, panel = lms_jupyter.ModelPicker(), lms_jupyter.panel()\n"
        "ipywidgets.VBox([lms_jupyter.StatusLine(), ipywidgets.HBox([picker, panel])])"
    )
    notebook = open_notebook([smaller, "print(panel.selected, picker.value)"])
    notebook.run(0)

    expect(notebook.output(0).get_by_text("1 model · ")).to_contain_text("next unload in 59:")
    notebook.row("chat").get_by_role("button", name="More about chat").click()
    notebook.output(0).get_by_role("combobox", name="Model", exact=True).select_option(
        "text-embedding-tutor-embed"
    )
    notebook.run(1)

    expect(notebook.output(1)).to_contain_text("chat text-embedding-tutor-embed")
    notebook.page.screenshot(path=artifacts / "life-smaller.png")
    assert notebook.messages == []


def test_the_load_of_an_open_form_stays_in_view_and_nothing_scrolls_within_the_notebook(
    open_notebook: Open, artifacts: Path
) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    notebook.panel.get_by_role("button", name="Load large with settings").click()
    form = notebook.panel.get_by_role("form")
    form.get_by_text("More settings").click()
    form.get_by_label("Parallel requests").scroll_into_view_if_needed()

    assert notebook.page.evaluate(SCROLLERS) == []
    expect(form.get_by_role("button", name="Load", exact=True)).to_be_in_viewport(ratio=1)
    notebook.page.screenshot(path=artifacts / "life-form.png")
