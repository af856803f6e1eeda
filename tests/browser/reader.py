"""Somebody with a tutorial open, who reads it from top to bottom."""

import nbformat
from playwright.sync_api import Locator, Page

from lms_jupyter.tutorials import tutorials
from tests.browser.lab import KERNEL_IS_IDLE, NOTEBOOK, Lab, Notebook

ERRORS = f"""() => {NOTEBOOK}.content.widgets
  .flatMap(cell => cell.model.type === "code" ? cell.model.sharedModel.getOutputs() : [])
  .filter(output => output.output_type === "error").map(output => output.evalue)"""
"""What a notebook shows in red."""
OPEN = "path => window.jupyterapp.commands.execute('docmanager:open', { path })"
IS_OPEN = f"path => {NOTEBOOK}.context?.path === path"
SCROLL_TO = f"""index => {{
  const book = {NOTEBOOK}.content;
  book.activeCellIndex = index;
  return book.scrollToCell(book.widgets[index]);
}}"""
WRITE = f"""([index, source]) =>
  {NOTEBOOK}.content.widgets[index].model.sharedModel.setSource(source)"""


class Reader:
    """A tutorial in a browser page, and how far it is read."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.notebook = Notebook(page, lab, [])
        self._page = page
        (tutorial,) = (path for path in tutorials() if path.stem == name)
        self.cells = nbformat.read(tutorial, 4).cells
        (lab.folder / tutorial.name).write_bytes(tutorial.read_bytes())
        page.evaluate(OPEN, tutorial.name)
        page.wait_for_function(IS_OPEN, arg=tutorial.name)
        page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        self.at = 0

    def step(self) -> Locator:
        """Run one cell, as Shift+Enter does, and return its output."""
        index, cell = self.at, self.cells[self.at]
        self.at += 1
        if cell.cell_type == "code" and cell.source:
            self.notebook.run(index)
        return self.output(index)

    def read_to(self, words: str) -> None:
        """Run what comes before the cell with these words."""
        while words not in self.cells[self.at].source:
            self.step()

    def read_to_exercise(self) -> None:
        """Run what comes before the exercise."""
        while "exercise" not in self.cells[self.at].metadata.get("tags", []):
            self.step()

    def read_to_the_end(self) -> None:
        """Run what is left."""
        while self.at < len(self.cells):
            self.step()

    def check_too_early(self) -> Locator:
        """Run the check while the exercise is still to be done."""
        self.notebook.run(self.at + 1)
        return self.output(self.at + 1)

    def solve(self) -> None:
        """Write the solution into the exercise."""
        solution = "".join(self.cells[self.at].metadata.lms_jupyter.solution)
        self._page.evaluate(WRITE, [self.at, solution])
        self.cells[self.at].source = solution

    def at_the_panel(self) -> Locator:
        """Scroll back to the panel."""
        where = next(i for i, cell in enumerate(self.cells) if "panel()" in cell.source)
        self._page.evaluate(SCROLL_TO, where)
        self.notebook.panel.wait_for()
        return self.notebook.panel

    def errors(self) -> list[str]:
        """Return what is shown in red."""
        found: list[str] = self._page.evaluate(ERRORS)
        return found

    def output(self, index: int) -> Locator:
        """Return the output of a cell, whatever other notebooks are open."""
        book = self._page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        return book.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")
