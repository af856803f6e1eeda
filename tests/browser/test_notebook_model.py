"""The model of a notebook: picked in its toolbar, kept in its metadata, used by its cells."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab
from tests.browser.sidebar import ONE_IN_MEMORY, Page, opened, unload_all
from tests.browser.sidebar_notebooks import RUN_ALL, SHUT_DOWN, open_notebook, show_notebook

pytestmark = pytest.mark.browser

CELLS = [
    "%load_ext lms_jupyter",
    "%%lms --as answer --max-tokens 4\nOnce upon a time",
    "import lms_jupyter\nprint('by cell', answer.model, 'by call', lms_jupyter.llm().identifier)",
]
LAST = ".jp-Cell:last-child .jp-OutputArea-output"
USED = "by cell tutor-1m by call tutor-1m"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()"


def run_all(page: Page) -> None:
    """Run the notebook, and wait for what its last cell writes."""
    page.execute("notebook:clear-all-cell-outputs")
    expect(page.page.locator(LAST)).to_have_count(0)
    page.page.evaluate(RUN_ALL)
    expect(page.page.locator(LAST)).to_have_text(USED, timeout=60_000)


def test_a_picked_model_answers_cells_and_is_loaded_on_opening(
    browser: Browser, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    with opened(browser, lab, empty=engine_address, settings={"loadOnOpening": True}) as page:
        path = open_notebook(page, lab, CELLS)
        picker = page.page.get_by_role("combobox", name="Model that %%lms")
        expect(picker).to_have_value("")
        expect(picker.locator("option[value='tutor-1m']")).to_have_count(1)
        picker.select_option("tutor-1m")
        page.page.screenshot(path=artifacts / "notebook-model.png")

        run_all(page)
        # A kernel that begins anew is told again, before the first cell.
        page.page.evaluate(RESTART)
        run_all(page)

        page.execute("docmanager:save")
        saved = json.loads(path.read_text())
        assert saved["metadata"]["lms_jupyter"] == {"model": "tutor-1m"}
        page.page.evaluate(SHUT_DOWN)
        page.execute("application:close")
        unload_all(engine_address)
        expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 models")

        show_notebook(page, lab, path)
        expect(page.page.locator(".lms-StatusLine button")).to_contain_text(ONE_IN_MEMORY)
        assert page.ours == []
        page.page.evaluate(SHUT_DOWN)
