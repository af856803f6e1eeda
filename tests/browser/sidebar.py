"""A page of JupyterLab with our sidebar."""

import lmstudio
from playwright.sync_api import ConsoleMessage, Locator
from playwright.sync_api import Page as BrowserPage

from tests.browser.lab import TOKEN, Lab

RESTORED = "() => window.jupyterapp?.restored.then(() => true)"
EXECUTE = "([id, args]) => window.jupyterapp.commands.execute(id, args)"
SET = """settings => window.jupyterapp.serviceManager.settings.save(
  "lms-jupyter:sidebar", JSON.stringify(settings))"""


def unload_all(address: str) -> None:
    """Empty the memory of a host."""
    with lmstudio.Client(address) as client:
        for model in client.list_loaded_models():
            model.unload()


class Sidebar:
    """The sidebar, wherever JupyterLab shows it."""

    def __init__(self, page: BrowserPage) -> None:
        self._page = page

    def show(self) -> None:
        """Open it."""
        self._page.evaluate("() => window.jupyterapp.shell.activateById('lms-sidebar')")
        self.panel.wait_for()

    @property
    def panel(self) -> Locator:
        """Return the panel in the sidebar."""
        return self._page.locator(".lms-Sidebar .lms-Panel")

    def row(self, identifier: str) -> Locator:
        """Return the row of an instance."""
        return self.panel.get_by_role("listitem").filter(
            has=self._page.get_by_role("button", name=f"Unload {identifier}", exact=True)
        )


class Page:
    """JupyterLab in a browser page, and what its console says of us."""

    def __init__(
        self, page: BrowserPage, lab: Lab, path: str = "lab", app: str = "jupyterapp"
    ) -> None:
        self.page = page
        self.sidebar = Sidebar(page)
        self.messages: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.goto(f"{lab.url}{path}?token={TOKEN}&reset")
        page.wait_for_function(RESTORED.replace("jupyterapp", app), timeout=60_000)

    def execute(self, command: str, **arguments: object) -> None:
        """Run a command of JupyterLab."""
        self.page.evaluate(EXECUTE, [command, arguments])

    def settings(self, **settings: object) -> None:
        """Set these and no others of our settings, and load the page again."""
        self.page.evaluate(SET, settings)
        self.page.reload()
        self.page.wait_for_function(RESTORED, timeout=60_000)

    @property
    def ours(self) -> list[str]:
        """Return what the console said of us; JupyterLab and ipywidgets say things of their own."""
        return [text for text in self.messages if "lms" in text.lower()]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" or (message.type == "warning" and "lms" in message.text):
            self.messages.append(message.text)
