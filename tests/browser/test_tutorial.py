"""The tutorials as a reader meets them: a card in the launcher, then cell by cell."""

from collections.abc import Iterator
from pathlib import Path

import lmstudio
import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from lms_jupyter.tutorials import tutorials
from tests.browser.lab import KERNEL_IS_IDLE, NOTEBOOK, TOKEN, Lab, Notebook
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


SCROLL_TO = f"""index => {{
  const book = {NOTEBOOK}.content;
  book.activeCellIndex = index;
  return book.scrollToCell(book.widgets[index]);
}}"""
WRITE = f"""([index, source]) =>
  {NOTEBOOK}.content.widgets[index].model.sharedModel.setSource(source)"""

ERRORS = f"""() => {NOTEBOOK}.content.widgets
  .flatMap(cell => cell.model.type === "code" ? cell.model.sharedModel.getOutputs() : [])
  .filter(output => output.output_type === "error").map(output => output.evalue)"""


class Reader(Notebook):
    """Somebody with a tutorial open, who reads it from top to bottom."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page, self.messages = page.page, page.messages
        (tutorial,) = (path for path in tutorials() if path.stem == name)
        self.cells = nbformat.read(tutorial, 4).cells
        (lab.folder / tutorial.name).write_bytes(tutorial.read_bytes())
        self.page.goto(f"{lab.url}lab/tree/{tutorial.name}?token={TOKEN}&reset")
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        self.at = 0

    def read_to(self, words: str) -> int:
        """Run what comes before the cell with these words, and say which that is."""
        while words not in self.cells[self.at].source:
            self.step()
        return self.at

    def step(self) -> Locator:
        """Run one cell, as Shift+Enter does, and return its output."""
        index, cell = self.at, self.cells[self.at]
        self.at += 1
        if cell.cell_type == "code" and cell.source:
            self.run(index)
        return self.output(index)

    def at_the_panel(self) -> Locator:
        """Scroll back to the panel."""
        where = next(i for i, cell in enumerate(self.cells) if "panel()" in cell.source)
        self.page.evaluate(SCROLL_TO, where)
        self.panel.wait_for()
        return self.panel

    def write(self, source: str) -> None:
        """Write into the cell of the exercise."""
        self.page.evaluate(WRITE, [self.at, source])
        self.cells[self.at].source = source


def test_a_reader_goes_through_a_tutorial_cell_by_cell_and_by_click(
    page: Page, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    reader = Reader(page, lab, "01-manage-models-in-memory")

    reader.read_to("is called clicked")
    panel = reader.at_the_panel()
    panel.get_by_role("button", name="Load tutor-1m with settings").click()
    form = panel.get_by_role("form")
    form.get_by_role("textbox", name="Identifier").fill("clicked")
    form.get_by_role("button", name="Load", exact=True).click()
    expect(reader.row("clicked")).to_be_visible()
    expect(reader.step()).to_contain_text("✔")

    reader.read_to('instance.identifier == "third"')
    reader.at_the_panel()
    reader.row("third").get_by_role("button", name="Unload third", exact=True).click()
    expect(reader.row("third")).to_have_count(0)
    page.page.screenshot(path=artifacts / "tutorial.png")
    expect(reader.step()).to_contain_text("✔")

    exercise = next(cell for cell in reader.cells if "exercise" in cell.metadata.get("tags", []))
    while reader.cells[reader.at] is not exercise:
        reader.step()
    check = reader.at + 1
    reader.run(check)
    expect(reader.output(check)).to_contain_text("Not yet: there is no instance called mine.")
    reader.write("".join(exercise.metadata.lms_jupyter.solution))
    reader.step()
    expect(reader.step()).to_contain_text("✔ You can make, name, shape and end instances.")
    while reader.at < len(reader.cells):
        reader.step()

    assert page.page.evaluate(ERRORS) == []
    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []
    assert page.ours == []
