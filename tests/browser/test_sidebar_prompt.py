"""A prompt is tried in the sidebar, and becomes a cell of the notebook beside it."""

from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.pages import Pages
from tests.browser.sidebar import shared
from tests.browser.sidebar_notebooks import open_notebook, sources

pytestmark = pytest.mark.browser

CELL = "%%lms chat --max-tokens 12\nOnce upon a time"
IS_WRITTEN = """text => window.jupyterapp.shell.currentWidget.content.widgets
  .some(cell => cell.model.sharedModel.getSource() === text)"""


def test_an_answer_streams_and_its_prompt_goes_into_a_cell(
    pages: Pages, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    with shared(pages, lab, empty=engine_address) as page:
        open_notebook(page, lab, ["1"])
        with lmstudio.Client(engine_address) as client:
            client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
        page.sidebar.show()
        row = page.sidebar.row("chat")
        row.get_by_role("button", name="More about chat").click()
        row.get_by_label("Prompt", exact=True).fill("Once upon a time")
        row.get_by_label("Max tokens").fill("12")
        row.get_by_role("button", name="Send").click()

        expect(row.locator(".lms-Try-stats")).to_contain_text("12 tokens", timeout=30_000)
        page.page.screenshot(path=artifacts / "sidebar-prompt.png")
        row.get_by_role("button", name="To a cell").click()
        page.page.wait_for_function(IS_WRITTEN, arg=CELL)
        assert CELL in sources(page.page)
        assert page.ours == []
