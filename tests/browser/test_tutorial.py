"""The tutorials as a reader meets them: a card in the launcher, then cell by cell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab
from tests.browser.sidebar import Page, unload_all

pytestmark = pytest.mark.browser

OPEN_NOTEBOOK = "() => window.jupyterapp.shell.currentWidget?.context?.path"


@pytest.fixture
def page(browser: Browser, lab: Lab, engine_address: str) -> Iterator[Page]:
    unload_all(engine_address)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Page(context.new_page(), lab)
    context.close()


def test_the_launchers_card_copies_the_tutorials_and_opens_the_first(
    page: Page, lab: Lab, artifacts: Path
) -> None:
    card = page.page.locator(".jp-LauncherCard").filter(has_text="LM Studio tutorials")
    expect(card).to_be_visible()
    page.page.screenshot(path=artifacts / "launcher.png")

    card.click()

    page.page.wait_for_function(f"() => ({OPEN_NOTEBOOK})() === 'lms-tutorials/00-welcome.ipynb'")
    expect(page.page.get_by_role("heading", name="Welcome")).to_be_visible()
    listed = page.page.locator(".jp-DirListing-itemText")
    expect(listed.filter(has_text="09-engine-for-tests-and-ci.ipynb")).to_be_visible()

    mine = lab.folder / "lms-tutorials" / "00-welcome.ipynb"
    changed = mine.read_text().replace("# Welcome", "# My notes")
    mine.write_text(changed)
    page.execute("lms:tutorials")
    assert mine.read_text() == changed
    assert page.ours == []
