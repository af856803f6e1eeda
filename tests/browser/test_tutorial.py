"""The tutorials as a reader meets them: a card in the launcher, then cell by cell."""

from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import KERNEL_IS_IDLE, Lab
from tests.browser.reader import Reader
from tests.browser.sidebar import Page, opened, unload_all

pytestmark = pytest.mark.browser

OPEN_NOTEBOOK = "() => window.jupyterapp.shell.currentWidget?.context?.path"


@pytest.fixture
def page(browser: Browser, lab: Lab, engine_address: str) -> Iterator[Page]:
    with opened(browser, lab, empty=engine_address) as page:
        yield page


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


def test_the_tutorials_are_in_the_command_palette(page: Page) -> None:
    found = page.palette("Local models: Open tutorials").filter(has_text="Open tutorials")
    expect(found.first).to_be_visible()

    page.page.keyboard.press("Enter")

    page.page.wait_for_function(f"() => ({OPEN_NOTEBOOK})() === 'lms-tutorials/00-welcome.ipynb'")
    # Jupyter Server does not end while it is still asked for a kernel.
    page.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)


def test_a_reader_goes_through_a_tutorial_cell_by_cell_and_by_click(
    browser: Browser, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    unload_all(engine_address)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    reader = Reader(page, lab, "01-manage-models-in-memory")
    row = reader.notebook.row

    reader.read_to("is called clicked")
    panel = reader.at_the_panel()
    panel.get_by_role("button", name="Load tutor-1m with settings").click()
    form = panel.get_by_role("form")
    form.get_by_role("textbox", name="Identifier").fill("clicked")
    form.get_by_role("button", name="Load", exact=True).click()
    expect(row("clicked")).to_be_visible()
    expect(reader.step()).to_contain_text("✔")

    reader.read_to('instance.identifier == "third"')
    reader.at_the_panel()
    row("third").get_by_role("button", name="Unload third", exact=True).click()
    expect(row("third")).to_have_count(0)
    page.screenshot(path=artifacts / "tutorial.png")
    expect(reader.step()).to_contain_text("✔")

    reader.read_to_exercise()
    expect(reader.check_too_early()).to_contain_text("Not yet: there is no instance called mine.")
    reader.solve()
    reader.step()
    expect(reader.step()).to_contain_text("✔ You can make, name, shape and end instances.")
    reader.read_to_the_end()

    assert reader.errors() == []
    assert reader.notebook.messages == []
    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []
    context.close()
