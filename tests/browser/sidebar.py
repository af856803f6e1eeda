"""A page of JupyterLab with our sidebar."""

from playwright.sync_api import Locator
from playwright.sync_api import Page as BrowserPage

from tests.browser.lab import TOKEN, Lab

RESTORED = "() => window.jupyterapp?.restored.then(() => true)"


class Page:
    """JupyterLab in a browser page, and what its console says of us."""

    def __init__(self, page: BrowserPage, lab: Lab, path: str = "lab") -> None:
        self.page = page
        self.messages: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.goto(f"{lab.url}{path}?token={TOKEN}&reset")
        page.wait_for_function(RESTORED, timeout=60_000)

    def show(self) -> None:
        """Open the sidebar."""
        self.page.evaluate("() => window.jupyterapp.shell.activateById('lms-sidebar')")
        self.panel.wait_for()

    @property
    def panel(self) -> Locator:
        """Return the panel in the sidebar."""
        return self.page.locator(".lms-Sidebar .lms-Panel")

    def row(self, identifier: str) -> Locator:
        """Return the row of an instance."""
        return self.panel.get_by_role("listitem").filter(
            has=self.page.get_by_role("button", name=f"Unload {identifier}", exact=True)
        )

    def _note(self, message: object) -> None:
        kind, text = message.type, message.text  # type: ignore[attr-defined]
        if kind == "error" or (kind == "warning" and "lms" in text):
            self.messages.append(text)
