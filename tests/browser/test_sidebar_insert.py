"""From a row into what somebody writes: the cursor, cell magics, consoles."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.pages import Pages
from tests.browser.sidebar import ONE_IN_MEMORY, Page, shared
from tests.browser.sidebar_notebooks import (
    CONSOLE,
    CONSOLE_IS_READY,
    CURSOR,
    PROMPT,
    open_notebook,
    sources,
)

pytestmark = pytest.mark.browser

MAGIC = "%lms load tutor-1m --ttl 1h"
LINE = f"llm = {MAGIC}"
LOAD_EXT = "%load_ext lms_jupyter"
PYTHON = 'import lmstudio\n\nmodel = lmstudio.llm("tutor-1m")'

Insert = Callable[[str], None]


@pytest.fixture
def page(pages: Pages, lab: Lab, engine_address: str) -> Iterator[Page]:
    with shared(pages, lab, empty=engine_address, settings={}) as page:
        expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 models")
        yield page


def test_code_goes_to_the_cursor_and_the_magics_to_the_top_of_its_cell(
    page: Page, lab: Lab
) -> None:
    page.settings(insertWhere="cursor")
    open_notebook(page, lab, ["before = 1\nmodel = \nafter = 2", "%%time\npass", "1 + 1"])
    expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 models")

    # After `name =` a line magic gives the name its value.
    page.page.evaluate(CURSOR, [0, 1, 8])
    page.execute("lms:insert-line", model_key="tutor-1m")
    first = f"{LOAD_EXT}\nbefore = 1\nmodel = {MAGIC}\nafter = 2"
    page.page.wait_for_function(IS_SOURCE, arg=[0, first])

    # In the middle of something else, code begins a line.
    page.page.evaluate(CURSOR, [2, 0, 1])
    page.execute("lms:insert-python", model_key="tutor-1m")
    third = f"{LOAD_EXT}\n1\n{PYTHON}\n + 1"
    page.page.wait_for_function(IS_SOURCE, arg=[2, third])

    # A cell that belongs to another magic is left as it is.
    page.page.evaluate(CURSOR, [1, 1, 0])
    page.execute("lms:insert-line", model_key="tutor-1m")
    page.page.wait_for_function(f"() => ({SOURCES_LENGTH}) === 4")
    assert sources(page.page)[1:3] == ["%%time\npass", f"{LOAD_EXT}\n{LINE}"]


def test_a_cell_magic_gets_a_cell_of_its_own_below_the_one_that_loads_it(
    page: Page, lab: Lab
) -> None:
    open_notebook(page, lab, ["x = 1"])

    page.execute("lms:insert-cell", model_key="tutor-1m")

    page.page.wait_for_function(f"() => ({SOURCES_LENGTH}) === 3")
    assert sources(page.page) == ["x = 1", LOAD_EXT, "%%lms tutor-1m\n"]


def test_a_console_gets_the_line_at_its_prompt_and_runs(page: Page, engine_address: str) -> None:
    assert engine_address
    page.page.evaluate(CONSOLE)
    page.page.wait_for_function(CONSOLE_IS_READY, timeout=60_000)

    page.execute("lms:insert-line", model_key="tutor-1m")
    page.page.wait_for_function(
        f"text => ({PROMPT})().getSource() === text", arg=f"{LOAD_EXT}\n{LINE}"
    )
    page.execute("console:run-forced")

    expect(page.page.locator(".lms-StatusLine button")).to_contain_text(
        ONE_IN_MEMORY, timeout=30_000
    )


def test_what_stands_at_the_prompt_of_a_console_stays(page: Page) -> None:
    page.page.evaluate(CONSOLE)
    page.page.wait_for_function(CONSOLE_IS_READY, timeout=60_000)
    page.page.evaluate(f"() => ({PROMPT})().setSource('What is a token?')")

    page.execute("lms:insert-cell", model_key="tutor-1m")

    # The magics are loaded above, where a console keeps what it has run.
    whole = "%%lms tutor-1m\nWhat is a token?"
    page.page.wait_for_function(f"text => ({PROMPT})().getSource() === text", arg=whole)
    expect(page.page.locator(".jp-CodeConsole-content")).to_contain_text(LOAD_EXT)


def test_with_nothing_open_it_says_what_to_open(page: Page) -> None:
    page.execute("lms:insert-line", model_key="tutor-1m")

    toast = page.page.locator(".Toastify__toast")
    expect(toast).to_contain_text("Open a notebook or a console first.")


IS_SOURCE = """([index, text]) => window.jupyterapp.shell.currentWidget.content
  .widgets[index]?.model.sharedModel.getSource() === text"""
SOURCES_LENGTH = "window.jupyterapp.shell.currentWidget.content.widgets.length"
