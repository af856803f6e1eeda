"""Two people in one notebook: jupyter-collaboration shares it, and both have the panel."""

import time
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import KERNEL_IS_IDLE, RUN_CELL, TOKEN, Lab, jupyterlab, write_notebook
from tests.browser.sidebar import save_settings, unload_all, wait_until_ready
from tests.browser.sidebar_notebooks import SHUT_DOWN
from tests.installed import jupyter_collaboration

pytestmark = pytest.mark.browser

PANEL, USES = 0, 1
CELLS = [
    "import lms_jupyter\nlms_jupyter.panel()",
    "print('run', len(In) - 1, 'with', lms_jupyter.llm().identifier)",
]
CLICK_AT = "(button, time) => void setTimeout(() => button.click(), time - Date.now())"
TOGETHER_MS = 400
"""From now until both click: both pages know by then when."""


class Person:
    """Somebody who has the notebook open in a browser of their own."""

    def __init__(self, browser: Browser, lab: Lab, name: str) -> None:
        self.page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        self.thrown: list[str] = []
        self.page.on("pageerror", lambda error: self.thrown.append(str(error)))
        self.page.goto(f"{lab.url}lab/tree/{name}?token={TOKEN}&reset")
        wait_until_ready(self.page)
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        self.picker = self.page.get_by_role("combobox", name="Model that %%lms")

    def run(self, index: int) -> None:
        """Begin to run a cell."""
        self.page.evaluate(RUN_CELL, index)

    def output(self, index: int) -> Locator:
        """Return the output of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def button(self, name: str) -> Locator:
        """Return a button of the panel."""
        return self.output(PANEL).get_by_role("button", name=name, exact=True)


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Lab]:
    """Return a JupyterLab whose documents are shared by everybody who opens them."""
    packages = jupyter_collaboration()
    variables = {
        "LMS_JUPYTER_HOST": engine_address,
        "PYTHONPATH": str(packages),
        "JUPYTER_PATH": str(packages / "share" / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(packages / "etc" / "jupyter"),
    }
    folder = tmp_path_factory.mktemp("shared-lab")
    kept = f"--SQLiteYStore.db_path={folder / 'documents.db'}"
    with jupyterlab(folder, variables, kept) as lab:
        yield lab


@pytest.fixture
def people(
    browser: Browser, shared_lab: Lab, engine_address: str, artifacts: Path
) -> Iterator[tuple[Person, Person]]:
    """Return two people in one notebook, which names a model and loads it when it is opened."""
    unload_all(engine_address)
    save_settings(shared_lab, {"loadOnOpening": True})
    path = write_notebook(shared_lab, CELLS)
    book = nbformat.read(path, 4)
    book.metadata["lms_jupyter"] = {"model": "tutor-1m-vision"}
    nbformat.write(book, path)
    yield Person(browser, shared_lab, path.name), Person(browser, shared_lab, path.name)
    for number, context in enumerate(browser.contexts):
        context.pages[0].screenshot(path=artifacts / f"two-people-{number}.png")
        context.pages[0].evaluate(SHUT_DOWN)
        context.close()


def click_together(*buttons: Locator) -> None:
    """Have several people click in one moment."""
    for button in buttons:
        button.wait_for()
    when = time.time() * 1000 + TOGETHER_MS
    for button in buttons:
        button.evaluate(CLICK_AT, when)


def in_memory(address: str) -> list[str]:
    """Return the identifiers of what a host has in memory."""
    with lmstudio.Client(address) as client:
        return [model.identifier for model in client.list_loaded_models()]


def test_two_people_share_a_notebook_its_panel_and_its_model(
    people: tuple[Person, Person], engine_address: str
) -> None:
    ada, bob = people
    # Both opened it, and it is in memory once.
    ada.run(PANEL)
    expect(ada.button("Unload tutor-1m-vision")).to_be_visible()
    assert in_memory(engine_address) == ["tutor-1m-vision"]

    # JupyterLab shows nothing live of what somebody else has run.
    expect(bob.output(PANEL)).to_contain_text("This is a picture.")
    expect(bob.output(PANEL)).to_contain_text("tutor-1m-vision")
    bob.run(PANEL)
    for person in people:
        expect(person.button("Unload tutor-1m-vision")).to_be_visible()

    click_together(*(person.button("Unload tutor-1m-vision") for person in people))
    for person in people:
        expect(person.button("Unload tutor-1m-vision")).to_have_count(0)
    click_together(*(person.button("Load tutor-1m") for person in people))
    for person in people:
        expect(person.button("Unload tutor-1m")).to_be_visible()
        expect(person.output(PANEL).get_by_role("alert")).to_have_count(0)
    assert in_memory(engine_address) == ["tutor-1m"]

    # What one chooses is what the other's cells use, however often it changes hands.
    runs = 2
    for chooser, runner, name in (
        (ada, bob, "tutor-1m"),
        (bob, ada, "tutor-1m-vision"),
        (ada, bob, "tutor-1m"),
        (bob, bob, "tutor-1m-vision"),
        (ada, ada, "tutor-1m"),
    ):
        chooser.picker.select_option(name)
        for person in people:
            expect(person.picker).to_have_value(name)
        runner.run(USES)
        runs += 1
        for person in people:
            expect(person.output(USES)).to_have_text(f"run {runs} with {name}")
    assert [person.thrown for person in people] == [[], []]
