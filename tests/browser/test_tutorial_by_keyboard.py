"""A tutorial from its first cell to its last by somebody who has no mouse."""

from collections.abc import Callable
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import NOTEBOOK, Lab
from tests.browser.reader import Reader
from tests.browser.sidebar import unload_all

pytestmark = pytest.mark.browser

ACTIVE = f"() => {NOTEBOOK}.content.activeCellIndex"
AT_A_CELL = "() => document.activeElement.matches('.jp-Cell, .jp-Cell .cm-content')"
HAS_FOCUS = "(node) => node === document.activeElement"
MOST_KEYS = 60
"""Where so many presses of one key lead nowhere, nobody would go on."""


class Keyboard:
    """The keys of somebody who reads a notebook."""

    def __init__(self, page: Page, reader: Reader) -> None:
        self._page = page
        self._reader = reader

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self._page.keyboard.press(key)

    def press_until(self, key: str, done: Callable[[], bool]) -> None:
        """Press a key until something is so."""
        for _ in range(MOST_KEYS):
            if done():
                return
            self.press(key)
        raise AssertionError(f"{key} leads nowhere.")

    def press_until_focused(self, key: str, control: Locator) -> None:
        """Press a key until the focus is on a control."""
        control.wait_for()
        self.press_until(key, lambda: bool(control.evaluate(HAS_FOCUS)))

    def go_to(self, index: int) -> None:
        """Go to a cell with the arrows, from wherever the focus is in the notebook."""
        self.press_until("Shift+Tab", lambda: bool(self._page.evaluate(AT_A_CELL)))
        self.press("Escape")
        self.press_until("ArrowUp", lambda: self._active <= index)
        self.press_until("ArrowDown", lambda: self._active >= index)

    @property
    def _active(self) -> int:
        return int(self._page.evaluate(ACTIVE))

    def type(self, text: str) -> None:
        """Press the key of each letter."""
        self._page.keyboard.type(text)

    def write(self, text: str) -> None:
        """Replace what is in the cell that is chosen."""
        self.press("Enter", "Control+a")
        # As one piece: the editor indents what is typed line by line.
        self._page.keyboard.insert_text(text)
        self._reader.cells[self._reader.at].source = text

    def read_to(self, words: str) -> None:
        """Run cell after cell, up to the one with these words."""
        while words not in self._reader.cells[self._reader.at].source:
            self.run()

    def read_to_exercise(self) -> None:
        """Run cell after cell, up to the exercise."""
        while "exercise" not in self._reader.cells[self._reader.at].metadata.get("tags", []):
            self.run()

    def read_to_the_end(self) -> None:
        """Run what is left."""
        while self._reader.at < len(self._reader.cells):
            self.run()

    def run(self) -> None:
        """Run the cell that is chosen, and go to the next."""
        index, cell = self._reader.at, self._reader.cells[self._reader.at]
        assert self._active == index
        self.press("Shift+Enter")
        self._reader.at += 1
        if cell.cell_type == "code" and cell.source:
            self._reader.notebook.finish(index)

    def output(self) -> Locator:
        """Return what the cell before this one says."""
        return self._reader.output(self._reader.at - 1)


def load_with_a_name(keyboard: Keyboard, panel: Locator, name: str) -> None:
    """Load the tutorial's model by its form, from the panel's first button on."""
    keyboard.press_until_focused("Tab", panel.get_by_role("button", name="Refresh"))
    models = panel.get_by_role("list").last
    keyboard.press_until_focused("Tab", models.locator("[data-stop]").first)
    keyboard.press("ArrowRight")
    load = panel.get_by_role("button", name="Load tutor-1m with settings")
    keyboard.press_until_focused("ArrowDown", load)
    keyboard.press("Enter")
    form = panel.get_by_role("form")
    keyboard.press_until_focused("Tab", form.get_by_role("textbox", name="Identifier"))
    keyboard.type(name)
    keyboard.press_until_focused("Tab", form.get_by_role("button", name="Load", exact=True))
    keyboard.press("Enter")


def unload(keyboard: Keyboard, panel: Locator, name: str) -> None:
    """Unload an instance by the button of its row."""
    keyboard.press_until_focused("Tab", panel.get_by_role("button", name="Unload all"))
    keyboard.press("Tab", "ArrowRight", "ArrowRight", "ArrowRight")
    button = panel.get_by_role("button", name=f"Unload {name}", exact=True)
    keyboard.press_until_focused("ArrowDown", button)
    keyboard.press("Enter")


@pytest.mark.timeout(300)
def test_a_reader_without_a_mouse_does_the_exercises_of_a_tutorial(
    browser: Browser, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    unload_all(engine_address)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    reader = Reader(page, lab, "01-manage-models-in-memory")
    keyboard = Keyboard(page, reader)
    panel, row = reader.notebook.panel, reader.notebook.row
    (where,) = (i for i, cell in enumerate(reader.cells) if "panel()" in cell.source)

    keyboard.go_to(0)
    keyboard.read_to("is called clicked")
    keyboard.go_to(where)
    load_with_a_name(keyboard, panel, "clicked")
    expect(row("clicked")).to_be_visible()
    page.screenshot(path=artifacts / "tutorial-by-keyboard.png")
    keyboard.go_to(reader.at)
    keyboard.run()
    expect(keyboard.output()).to_contain_text("✔")

    keyboard.read_to('instance.identifier == "third"')
    keyboard.go_to(where)
    unload(keyboard, panel, "third")
    expect(row("third")).to_have_count(0)
    keyboard.go_to(reader.at)
    keyboard.run()
    expect(keyboard.output()).to_contain_text("✔")

    keyboard.read_to_exercise()
    keyboard.write("".join(reader.cells[reader.at].metadata.lms_jupyter.solution))
    keyboard.run()
    keyboard.run()
    expect(keyboard.output()).to_contain_text("✔ You can make, name, shape and end instances.")
    keyboard.read_to_the_end()

    assert reader.errors() == []
    assert reader.notebook.messages == []
    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []
    context.close()
