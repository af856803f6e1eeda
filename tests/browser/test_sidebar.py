"""The sidebar, end to end: JupyterLab in Chromium, our server extension, a real model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab
from tests.browser.sidebar import Page, unload_all

pytestmark = pytest.mark.browser

Open = Callable[[], Page]


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> None:
    unload_all(engine_address)


@pytest.fixture
def open_page(browser: Browser, lab: Lab) -> Iterator[Open]:
    """Return a way to open JupyterLab with no notebook."""
    contexts = []

    def open_() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        return Page(context.new_page(), lab)

    yield open_
    for context in contexts:
        context.close()


def test_a_model_is_loaded_and_unloaded_by_click_with_no_notebook_and_no_kernel(
    open_page: Open, engine_address: str, artifacts: Path
) -> None:
    page = open_page()
    page.sidebar.show()

    page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
    expect(page.sidebar.row("tutor-1m").get_by_role("timer")).to_be_visible()
    page.page.screenshot(path=artifacts / "sidebar.png")
    page.sidebar.panel.get_by_role("button", name="Unload tutor-1m", exact=True).click()

    expect(page.sidebar.row("tutor-1m")).to_have_count(0)
    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []
    assert page.messages == []
