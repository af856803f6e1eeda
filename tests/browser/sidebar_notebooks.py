"""Notebooks and consoles beside the sidebar: what is written into them, and by whom."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator
from playwright.sync_api import Page as BrowserPage

from tests.browser.lab import Lab, write_notebook
from tests.browser.sidebar import Page

SOURCES = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map(cell => cell.model.sharedModel.getSource())"""
# A launcher that is new still asks for the focus, and would come to the front.
OPEN = """async (path) => {
  const { commands, shell } = window.jupyterapp;
  await commands.execute("docmanager:open", { path });
  for (const widget of [...shell.widgets("main")]) {
    if (widget.id.startsWith("launcher")) widget.dispose();
  }
}"""
IS_OPEN = """path => {
  const widget = window.jupyterapp.shell.currentWidget;
  return widget?.context?.path === path
    && widget.sessionContext.session?.kernel?.status === "idle";
}"""
RUN_ALL = """async () => {
  await window.jupyterapp.commands.execute("notebook:run-all-cells");
}"""
CURSOR = """([index, line, column]) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = index;
  content.activeCell.editor.setCursorPosition({ line, column });
}"""
CONSOLE = """async () => {
  await window.jupyterapp.commands.execute("console:create", {
    kernelPreference: { name: "python3" }, activate: true });
}"""
CONSOLE_IS_READY = """() => {
  const widget = window.jupyterapp.shell.currentWidget;
  return widget?.console?.promptCell != null
    && widget.sessionContext.session?.kernel?.status === "idle";
}"""
PROMPT = "() => window.jupyterapp.shell.currentWidget.console.promptCell.model.sharedModel"
SHUT_DOWN = "() => window.jupyterapp.serviceManager.sessions.shutdownAll()"


def open_notebook(page: Page, lab: Lab, cells: Sequence[str], folder: str = "") -> Path:
    """Open a new notebook in the page and wait for its kernel."""
    path = write_notebook(lab, cells)
    if folder:
        (lab.folder / folder).mkdir(exist_ok=True)
        path = path.rename(lab.folder / folder / "same.ipynb")
    show_notebook(page, lab, path)
    return path


def show_notebook(page: Page, lab: Lab, path: Path) -> None:
    """Open a notebook that is there, and wait for its kernel."""
    name = path.relative_to(lab.folder).as_posix()
    page.page.evaluate(OPEN, name)
    page.page.wait_for_function(IS_OPEN, arg=name, timeout=60_000)


def sources(page: BrowserPage) -> list[str]:
    """Return what is written in the cells of the notebook in front."""
    written: list[str] = page.evaluate(SOURCES)
    return written


def notices(page: Page) -> Locator:
    """Open JupyterLab's list of notifications."""
    centre = page.page.locator(".jp-Notification-Center")
    if centre.count() == 0:
        page.execute("apputils:display-notifications")
    return centre
