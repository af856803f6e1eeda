"""Pages of JupyterLab that one test leaves for the next: to load one takes longer than most tests.

A page is left only as it was found: no document, no session, the first host, nothing kept. Whoever
changes more than that, or fails, has had the page for itself.
"""

from collections import Counter

from playwright.sync_api import Browser, Page, ViewportSize

VIEWPORT = ViewportSize(width=1280, height=900)

# The documents go first: a notebook that is open asks what became of its kernel.
CLOSE_ALL = """async () => {
  if (!("jupyterapp" in window)) return;
  const { shell, serviceManager } = window.jupyterapp;
  for (const widget of [...shell.widgets("main")]) widget.dispose();
  await serviceManager.sessions.shutdownAll();
  // What was used last, and how models are sorted.
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("lms_jupyter:")) localStorage.removeItem(key);
  }
}"""
HAS_NO_LAUNCHER = "() => !window.jupyterapp?.commands.hasCommand('launcher:create')"
# JupyterLab itself opens the launcher where no document is left.
IS_EMPTY = """() => {
  const open = [...window.jupyterapp.shell.widgets("main")];
  return open.length === 1 && open[0].id.startsWith("launcher");
}"""
SHOW_FIRST = """() => {
  const { shell } = window.jupyterapp;
  const choice = document.querySelector(".lms-Sidebar-head select");
  if (choice?.selectedIndex > 0) {
    choice.selectedIndex = 0;
    choice.dispatchEvent(new Event("change"));
  }
  shell.collapseRight();
  shell.activateById("filebrowser");
  shell.activateById([...shell.widgets("main")][0].id);
}"""
HAS_FOCUS = """() => {
  const { currentWidget } = window.jupyterapp.shell;
  return currentWidget !== null && currentWidget.node.contains(document.activeElement);
}"""
# What was told stays in JupyterLab's list.
IS_AS_LOADED = """() => {
  const told = document.querySelector(".jp-Notification-Status")?.textContent ?? "";
  return !/[1-9]/.test(told) &&
    document.querySelector(".jp-Dialog, .lm-Menu, .Toastify__toast") === null;
}"""


class Pages:
    """The pages of one JupyterLab in one browser.

    Args:
        browser: Where they are opened, each in a context of its own.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._left: list[Page] = []
        self._loads: Counter[Page] = Counter()

    def take(self) -> Page:
        """Return a page that another test has left, with a launcher, or else a new one."""
        return self._left.pop() if self._left else self.new()

    def new(self) -> Page:
        """Return a page with nothing in it."""
        page = self._browser.new_context(viewport=VIEWPORT).new_page()
        page.on("load", lambda page: self._loads.update([page]))
        return page

    def leave(self, page: Page) -> None:
        """Empty a page and keep it for the next test, or close it if it is not as it was."""
        if self._is_emptied(page):
            self._left.append(page)
        else:
            page.context.close()

    def close(self) -> None:
        """Close those that were left: their JupyterLab is about to end."""
        while self._left:
            self._left.pop().context.close()

    def _is_emptied(self, page: Page) -> bool:
        page.evaluate(CLOSE_ALL)
        # A page that was loaded again may still open what it had, and another app has no launcher.
        if self._loads[page] != 1 or page.evaluate(HAS_NO_LAUNCHER):
            return False
        page.mouse.move(0, 0)
        page.set_viewport_size(VIEWPORT)
        page.wait_for_function(IS_EMPTY)
        page.evaluate(SHOW_FIRST)
        page.wait_for_function(HAS_FOCUS)
        return bool(page.evaluate(IS_AS_LOADED))
