"""A page of JupyterLab with our sidebar."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import httpx
import lmstudio
from playwright.sync_api import Browser, ConsoleMessage, Locator, ViewportSize, expect
from playwright.sync_api import Page as BrowserPage

from tests.browser.lab import TOKEN, Lab
from tests.browser.pages import Pages

# JupyterLab opens its launcher some time after it calls itself restored, and gives it the focus
# later still: a key that is pressed before goes there, a palette that is opened is closed again.
HAS_APP = "() => window.jupyterapp !== undefined"
IS_RESTORED = "() => window.jupyterapp.restored.then(() => true)"
HAS_LAUNCHER = "() => window.jupyterapp.shell.currentWidget.id.startsWith('launcher')"
READY = f"""() => {{
  const {{ currentWidget }} = window.jupyterapp.shell;
  if (currentWidget === null) return false;
  return !({HAS_LAUNCHER})() || currentWidget.node.contains(document.activeElement);
}}"""
IDLE = "() => new Promise((idle) => requestIdleCallback(() => requestIdleCallback(idle)))"
EXECUTE = """async ([id, args]) => {
  // What it returns may be a widget, which is no value to send.
  await window.jupyterapp.commands.execute(id, args);
}"""
UPLOAD = """async (raw) => {
  const { pluginRegistry } = window.jupyterapp;
  const tokens = [...pluginRegistry._services.keys()];
  const settings = tokens.find(({ name }) => name.endsWith(":ISettingRegistry"));
  await (await pluginRegistry.resolveRequiredService(settings)).upload("lms-jupyter:sidebar", raw);
}"""
"""What JupyterLab's settings editor does; nothing of an application's own names its services."""
ONE_IN_MEMORY = re.compile(r"^1 model · [\d.,]+\s[kMG]B")
"""The status line, once the load has ended: until then it says of the load what it says of this."""
VIEWPORT = ViewportSize(width=1280, height=900)


def wait_until_ready(page: BrowserPage, app: str = "jupyterapp") -> None:
    """Wait until JupyterLab is there, and nothing is on its way that takes the focus."""
    page.wait_for_function(HAS_APP.replace("jupyterapp", app), timeout=60_000)
    # A function that returns a promise would not be waited for: a promise is true.
    page.evaluate(IS_RESTORED.replace("jupyterapp", app))
    page.wait_for_function(READY.replace("jupyterapp", app), timeout=60_000)
    if not page.evaluate(HAS_LAUNCHER.replace("jupyterapp", app)):
        # A document that the address names is opened once more after it was restored.
        page.wait_for_load_state("networkidle")
        page.evaluate(IDLE)


def save_settings(lab: Lab, settings: Mapping[str, object]) -> None:
    """Write these and no others of our settings, as JupyterLab's settings editor does."""
    answer = httpx.put(
        f"{lab.url}lab/api/settings/lms-jupyter:sidebar",
        json={"raw": json.dumps(settings)},
        headers={"Authorization": f"token {TOKEN}"},
        timeout=30,
    )
    answer.raise_for_status()


def unload_all(address: str) -> None:
    """Empty the memory of a host."""
    with lmstudio.Client(address) as client:
        for model in client.list_loaded_models():
            # It may leave by itself in the meantime.
            with suppress(lmstudio.LMStudioModelNotFoundError):
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
        self._address, self._app = f"{lab.url}{path}?token={TOKEN}&reset", app
        if not page.url.startswith(lab.url):
            self.load()

    def load(self) -> None:
        """Load the page, without documents; also when it was loaded before."""
        # A document that is restored comes to the front some time after the page is ready.
        self.page.goto(self._address)
        wait_until_ready(self.page, self._app)

    def execute(self, command: str, **arguments: object) -> None:
        """Run a command of JupyterLab."""
        self.page.evaluate(EXECUTE, [command, arguments])

    def palette(self, words: str = "") -> Locator:
        """Open the command palette, look for words in it; return what it offers."""
        self.execute("apputils:activate-command-palette")
        self.page.locator(".lm-CommandPalette-input").fill(words)
        return self.page.locator(".lm-CommandPalette-item")

    def settings(self, **settings: object) -> None:
        """Set these and no others of our settings, in the page as it stands."""
        self.page.evaluate(UPLOAD, json.dumps(settings))

    @property
    def ours(self) -> list[str]:
        """Return what the console said of us; JupyterLab and ipywidgets say things of their own."""
        return [text for text in self.messages if "lms" in text.lower()]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" or (message.type == "warning" and "lms" in message.text):
            self.messages.append(message.text)


@contextmanager
def opened(
    browser: Browser,
    lab: Lab,
    *,
    empty: str | None = None,
    viewport: ViewportSize = VIEWPORT,
    path: str = "lab",
    settings: Mapping[str, object] | None = None,
) -> Iterator[Page]:
    """Open JupyterLab in a browser context of its own, until the end of the block.

    Args:
        browser: Whose context.
        lab: Whose page.
        empty: The address of a host whose memory is emptied before.
        viewport: How large the page is.
        path: What of the server: `lab`, or `tree` for Notebook 7.
        settings: Ours, for this block; those that are set within it end with it too.
    """
    if empty is not None:
        unload_all(empty)
    if settings is not None:
        save_settings(lab, settings)
    try:
        with browser.new_context(viewport=viewport) as context:
            yield Page(context.new_page(), lab, path)
    finally:
        if settings is not None:
            save_settings(lab, {})


@contextmanager
def shared(
    pages: Pages,
    lab: Lab,
    *,
    empty: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Page]:
    """Show JupyterLab as `opened` does, in a page that an earlier test has left if there is one.

    Args:
        pages: Those of this JupyterLab.
        lab: Whose page.
        empty: The address of a host whose memory is emptied before.
        settings: Ours, for this block; those that are set within it end with it too.
    """
    if empty is not None:
        unload_all(empty)
    taken = pages.take()
    try:
        page = Page(taken, lab)
        page.settings(**(settings or {}))
        yield page
        page.settings()
    except BaseException:
        save_settings(lab, {})
        taken.context.close()
        raise
    pages.leave(taken)


def pose(page: Page, address: str, theme: str) -> str:
    """Show the sidebar with an instance of each kind, one with a long name, for a photograph.

    Args:
        page: What is photographed.
        address: The host of the page.
        theme: Of JupyterLab.

    Returns:
        What the theme is called in the name of a file: `light` or `dark`.
    """
    with lmstudio.Client(address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
        client.embedding.load_new_instance(
            "text-embedding-tutor-embed", "a-name-that-is-longer-than-its-place"
        )
    page.sidebar.show()
    page.execute("apputils:change-theme", theme=theme)
    expect(page.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(page.page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.sidebar.row("chat")).to_be_visible()
    return theme.rpartition(" ")[2].lower()
