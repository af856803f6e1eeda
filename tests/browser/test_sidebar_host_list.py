"""Hosts are added, renamed and removed in the sidebar, by mouse and by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Lab, jupyterlab
from tests.browser.sidebar import Page, opened, unload_all

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Lab]:
    """Return a JupyterLab of somebody who has no names for hosts yet."""
    folder = tmp_path_factory.mktemp("own-hosts")
    state = {"LMS_JUPYTER_HOST": engine_address, "XDG_STATE_HOME": str(folder / "state")}
    with jupyterlab(folder, state) as lab:
        yield lab


@pytest.fixture
def page(browser: Browser, own_lab: Lab, engine_address: str) -> Iterator[Page]:
    with opened(browser, own_lab, empty=engine_address) as page:
        yield page


def menu(page: Page, entry: str) -> None:
    """Choose in the menu of hosts."""
    page.page.get_by_role("button", name="Manage hosts", exact=True).click()
    page.page.get_by_role("menuitem", name=entry).click()


def dialog(page: Page) -> Locator:
    return page.page.get_by_role("dialog")


def test_a_host_is_added_shown_renamed_and_removed(
    page: Page, engine_address: str, artifacts: Path
) -> None:
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
    page.sidebar.show()
    expect(page.sidebar.row("chat")).to_be_visible()
    choice = page.page.get_by_role("combobox", name="Host", exact=True)
    expect(choice).to_have_count(0)

    menu(page, "Add host…")
    fields = dialog(page).get_by_role("textbox")
    expect(fields.first).to_be_focused()
    page.page.keyboard.type("mine")
    page.page.keyboard.press("Tab")
    page.page.keyboard.type(engine_address)
    page.page.screenshot(path=artifacts / "sidebar-add-host.png")
    page.page.keyboard.press("Enter")

    expect(choice).to_have_value("mine")
    expect(page.sidebar.row("chat")).to_be_visible()
    # The same name again is refused, and nothing changes.
    page.execute("lms:add-host", name="mine", address="10.0.0.7")
    expect(page.page.get_by_text("A host is called 'mine' already.")).to_be_visible()
    expect(choice).to_have_value("mine")

    menu(page, "Rename host…")
    dialog(page).get_by_role("textbox").fill("yours")
    page.page.keyboard.press("Enter")
    expect(choice).to_have_value("yours")
    expect(page.sidebar.row("chat")).to_be_visible()

    menu(page, "Remove host…")
    expect(dialog(page)).to_contain_text("Remove yours from your hosts")
    dialog(page).get_by_role("button", name="Remove").click()
    expect(choice).to_have_count(0)
    expect(page.sidebar.row("chat")).to_be_visible()
    assert page.ours == []
    unload_all(engine_address)
