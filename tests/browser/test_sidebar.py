"""The sidebar, end to end: JupyterLab in Chromium, our server extension, a real model."""

from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.pages import Pages
from tests.browser.sidebar import shared

pytestmark = pytest.mark.browser


def test_a_model_is_loaded_and_unloaded_by_click_with_no_notebook_and_no_kernel(
    pages: Pages, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    with shared(pages, lab, empty=engine_address) as page:
        page.sidebar.show()

        page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
        expect(page.sidebar.row("tutor-1m").get_by_role("timer")).to_be_visible()
        page.page.screenshot(path=artifacts / "sidebar.png")
        page.sidebar.panel.get_by_role("button", name="Unload tutor-1m", exact=True).click()

        expect(page.sidebar.row("tutor-1m")).to_have_count(0)
        with lmstudio.Client(engine_address) as client:
            assert list(client.list_loaded_models()) == []
        assert page.messages == []
