"""Notebook 7 has no launcher: its palette leads to what it can do, and to nothing else."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

import lmstudio
import pytest
from playwright.sync_api import Browser, Error, Locator, expect

from tests.browser.lab import KERNEL_IS_IDLE, Lab, write_notebook
from tests.browser.sidebar import Page, opened, unload_all

pytestmark = pytest.mark.browser

Result = TypeVar("Result")

OFFERED = ".lm-CommandPalette-item[data-command^='lms:']:not(.lm-mod-disabled)"
NAMES = "items => items.map(item => item.dataset.command).sort()"
CONTAINS = """text => window.jupyterapp.shell.currentWidget.content.widgets
  .some(cell => cell.model.sharedModel.getSource().includes(text))"""
COPIED = """async text => {
  while (!(await navigator.clipboard.readText()).includes(text))
    await new Promise(requestAnimationFrame);
}"""
NOTE_COMMANDS = """() => {
  const { commands } = window.jupyterapp;
  if (!window.chosen) commands.commandExecuted.connect((_, { id }) => window.chosen.push(id));
  window.chosen = [];
}"""
WAS_CHOSEN = "command => window.chosen.includes(command)"
AT_ONCE_MS = 5000
LINE = "llm = %lms load tutor-1m -c 2048 --ttl 10m --identifier chat"
CODE = 'model = lmstudio.llm("chat")'


@pytest.fixture(autouse=True)
def _chat_in_memory(engine_address: str) -> Iterator[None]:
    unload_all(engine_address)
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
    yield
    unload_all(engine_address)


@pytest.fixture
def tree(browser: Browser, lab: Lab) -> Iterator[Page]:
    """Return the page with the files."""
    with opened(browser, lab, path="tree") as page:
        yield known(page)


@pytest.fixture
def notebook(browser: Browser, lab: Lab) -> Iterator[Page]:
    """Return a page with a notebook."""
    path = write_notebook(lab, ["", "1"])
    with opened(browser, lab, path=f"notebooks/{path.name}") as page:
        page.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        yield known(page)
        page.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


def known(page: Page) -> Page:
    """Wait until the page has heard of what is in memory."""
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.wait_for_function("() => window.jupyterapp.commands.isEnabled('lms:unload')")
    return page


def palette(page: Page, words: str = "") -> Locator:
    """Open the palette; return what it offers of ours. The rest is there too, out of sight."""
    return _once_more(lambda: _palette(page, words))


def choose(page: Page, command: str) -> None:
    """Choose a command in the palette, and see that the page began with it."""
    page.page.evaluate(NOTE_COMMANDS)
    _once_more(lambda: _choose(page, f"lms:{command}"))


def _choose(page: Page, command: str) -> None:
    _palette(page).and_(page.page.locator(f"[data-command='{command}']")).click(timeout=AT_ONCE_MS)
    page.page.wait_for_function(WAS_CHOSEN, arg=command, timeout=AT_ONCE_MS)


def _palette(page: Page, words: str = "") -> Locator:
    field, items = page.page.locator(".lm-CommandPalette-input"), page.page.locator(OFFERED)
    page.page.keyboard.press("Control+Shift+c")
    field.fill(words, timeout=AT_ONCE_MS)
    expect(items.first).to_be_visible(timeout=AT_ONCE_MS)
    return items


def _once_more(act: Callable[[], Result]) -> Result:
    """Act in the palette, again if it was closed meanwhile.

    A notebook takes the cursor when it has come, and the palette gives it back to the notebook
    some time after a command was chosen. If that is late, it closes the palette that is open,
    also under a click, which then does nothing.
    """
    try:
        return act()
    except (Error, AssertionError):
        return act()


def _entered(page: Page, place: str) -> None:
    """Wait for the cursor: it comes some time after the command, and would leave a palette."""
    page.page.wait_for_function(
        "place => document.activeElement.closest(place) !== null", arg=place
    )


def _shown(page: Page) -> None:
    expect(page.sidebar.panel).to_be_visible()
    _entered(page, ".lms-Sidebar")


def _asked(title: str) -> Callable[[Page], None]:
    def effect(page: Page) -> None:
        dialog = page.page.get_by_role("dialog").filter(has_text=title)
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)

    return effect


def _notified(text: str) -> Callable[[Page], None]:
    def effect(page: Page) -> None:
        notice = page.page.locator(".Toastify__toast").filter(has_text=text)
        expect(notice).to_be_visible()
        notice.get_by_role("button", name="Hide notification").click()
        expect(notice).to_have_count(0)

    return effect


def _copied(text: str) -> Callable[[Page], None]:
    def effect(page: Page) -> None:
        page.page.evaluate(COPIED, text)

    return effect


def _written(text: str) -> Callable[[Page], None]:
    def effect(page: Page) -> None:
        page.page.wait_for_function(CONTAINS, arg=text)
        _entered(page, ".jp-Notebook")

    return effect


def _pinned(page: Page) -> None:
    page.execute("lms:open")
    _shown(page)
    expect(page.sidebar.row("chat")).to_contain_text("pinned")


def _unloaded(page: Page) -> None:
    page.execute("lms:open")
    _shown(page)
    expect(page.sidebar.panel.get_by_role("button", name="Undo: load chat again")).to_have_count(0)
    expect(page.sidebar.row("chat")).to_have_count(0)


ANYWHERE: dict[str, Callable[[Page], None]] = {
    "open": _shown,
    "find": _shown,
    "refresh": lambda page: expect(page.page.locator(".lm-CommandPalette")).to_be_hidden(),
    "load": _asked("Load"),
    "unload-all": _asked("Models in memory"),
    "delete-model": _asked("Delete model"),
    "add-host": _asked("Add host"),
    "assist": _notified("now talk to"),
    "open-folder": _notified("None of the models of"),
    "set-ttl": _asked("chat"),
    "copy-name": _copied("chat"),
    "copy-line": _copied(LINE),
    "copy-python": _copied(CODE),
    "pin": _pinned,
    "unload": _unloaded,
}
IN_A_NOTEBOOK = {
    "use": _written(LINE),
    "insert-line": _written(LINE),
    "insert-python": _written(CODE),
    "insert-cell": _written("%%lms chat"),
}
NOT_NOW = {"cancel-load", "dismiss", "switch-host", "start-engine", "rename-host", "remove-host"}
"""There is no load, no problem, no other host, none with a name, and no engine to start."""


def test_the_page_with_the_files_offers_what_works_there(tree: Page) -> None:
    offered = palette(tree).evaluate_all(NAMES)
    tree.page.keyboard.press("Escape")

    assert offered == sorted(f"lms:{command}" for command in [*ANYWHERE, "tutorials"])
    for command, effect in ANYWHERE.items():
        choose(tree, command)
        effect(tree)
    assert tree.ours == []


def test_a_page_with_a_notebook_offers_what_is_written_into_it_too(notebook: Page) -> None:
    offered = palette(notebook).evaluate_all(NAMES)
    notebook.page.keyboard.press("Escape")

    known = [*ANYWHERE, *IN_A_NOTEBOOK, "tutorials"]
    assert offered == sorted(f"lms:{command}" for command in known)
    for command, effect in {**IN_A_NOTEBOOK, **ANYWHERE}.items():
        choose(notebook, command)
        effect(notebook)
    assert notebook.ours == []


def test_no_command_is_left_out(tree: Page) -> None:
    commands = tree.page.evaluate(
        "() => window.jupyterapp.commands.listCommands().filter(id => id.startsWith('lms:'))"
    )

    tried = {*ANYWHERE, *IN_A_NOTEBOOK, *NOT_NOW, "tutorials"}
    assert {command.removeprefix("lms:") for command in commands} == tried


@pytest.mark.parametrize("place", ["tree", "notebook"])
def test_the_palette_copies_the_tutorials_and_opens_the_first(
    request: pytest.FixtureRequest, lab: Lab, place: str
) -> None:
    page: Page = request.getfixturevalue(place)
    expect(palette(page, "Open tutorials").first).to_have_text(re.compile("tutorials"))

    with page.page.context.expect_page() as told:
        page.page.keyboard.press("Enter")

    first = told.value
    expect(first).to_have_url(re.compile(r"/notebooks/lms-tutorials/00-welcome\.ipynb"))
    expect(first.get_by_role("heading", name="Welcome")).to_be_visible()
    first.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
    assert (lab.folder / "lms-tutorials" / "09-engine-for-tests-and-ci.ipynb").is_file()
    if place == "tree":
        listed = page.page.locator(".jp-DirListing-itemText")
        expect(listed.filter(has_text="00-welcome.ipynb")).to_be_visible()
    assert page.ours == []
    first.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
