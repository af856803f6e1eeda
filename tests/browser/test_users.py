"""Notebooks that share an instance, and settings that the sidebar and notebooks share."""

from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Lab
from tests.browser.sidebar import Page, opened, unload_all, wait_until_ready
from tests.browser.sidebar_notebooks import SHUT_DOWN, open_notebook, show_notebook
from tests.browser.test_sidebar_hosts import widen

pytestmark = pytest.mark.browser

LOAD = "%load_ext lms_jupyter\n%lms load tutor-1m --ttl none\nimport lms_jupyter"
PANEL = "lms_jupyter.panel()"
USE = "%load_ext lms_jupyter\nllm = %lms load tutor-1m"
BY_PROFILE = "%load_ext lms_jupyter\nllm = %lms load tutor-1m --profile brief --new"
END = """async name => {
  const { sessions } = window.jupyterapp.serviceManager;
  for (const { id, path } of sessions.running()) if (path === name) await sessions.shutdown(id);
}"""
COUNTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .every(cell => cell.model.executionCount !== null && cell.model.executionState !== "running")"""


@pytest.fixture
def page(browser: Browser, lab: Lab, engine_address: str) -> Iterator[Page]:
    with opened(browser, lab, empty=engine_address) as page:
        yield page
        page.page.evaluate(SHUT_DOWN)
    unload_all(engine_address)


def run_all(page: Page) -> None:
    """Run the notebook in front to its end."""
    page.execute("notebook:run-all-cells")
    page.page.wait_for_function(COUNTS, timeout=60_000)


def used_by(row: Locator, name: str) -> Locator:
    """Return what the details of an instance say of its users."""
    return row.locator(".lms-Details-facts > div").filter(has_text="Used by").get_by_text(name)


def photograph(page: Page, artifacts: Path) -> None:
    """Keep pictures of the page in both themes, light last, with a narrow and a wider sidebar."""
    for width in (240, 320):
        widen(page.page, width)
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            page.execute("apputils:change-theme", theme=theme)
            expect(page.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
            expect(page.page.locator("#jupyterlab-splash")).to_have_count(0)
            word = theme.rpartition(" ")[2].lower()
            page.page.screenshot(path=artifacts / f"users-{word}-{width}.png")


def test_a_panel_and_the_sidebar_name_the_notebook_that_uses_an_instance_until_it_ends(
    page: Page, lab: Lab, artifacts: Path
) -> None:
    owner = open_notebook(page, lab, [LOAD, PANEL])
    run_all(page)
    user = open_notebook(page, lab, [USE])
    run_all(page)
    show_notebook(page, lab, owner)
    page.sidebar.show()
    panel = page.page.locator(".jp-Notebook .lms-Panel").filter(visible=True)
    in_panel = panel.get_by_role("listitem").filter(has_text="tutor-1m").first
    in_sidebar = page.sidebar.row("tutor-1m")

    for row in (in_panel, in_sidebar):
        expect(row.locator(".lms-Row-facts")).to_contain_text("also used by 1 kernel")
        row.get_by_role("button", name="More about tutor-1m").click()
        expect(used_by(row, user.name)).to_be_visible()
    expect(in_sidebar).to_contain_text(f"Loaded by{owner.name}")
    photograph(page, artifacts)

    page.page.evaluate(END, user.name)

    for row in (in_panel, in_sidebar):
        expect(row.get_by_text("Used by")).to_have_count(0)
        expect(row.locator(".lms-Row-facts")).not_to_contain_text("kernel")
    expect(in_sidebar).to_contain_text(f"Loaded by{owner.name}")
    assert page.ours == []


def test_settings_that_the_sidebar_keeps_are_there_after_a_reload_and_in_a_notebook(
    page: Page, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    def form() -> Locator:
        page.sidebar.show()
        panel = page.sidebar.panel
        panel.get_by_role("button", name="Load tutor-1m with settings").click()
        return panel.get_by_role("form", name="Settings for tutor-1m")

    profiles = lab.folder / "lms_profiles.toml"
    first = form()
    first.get_by_role("spinbutton", name="Context length").fill("768")
    first.get_by_role("button", name="Save as profile…").click()
    first.get_by_role("textbox", name="Name of the profile").fill("brief")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.get_by_role("combobox", name="Profile")).to_have_value("brief")
    page.page.screenshot(path=artifacts / "users-profile.png")

    page.page.reload()
    wait_until_ready(page.page)
    second = form()
    second.get_by_role("combobox", name="Profile").select_option("brief")
    expect(second.get_by_role("spinbutton", name="Context length")).to_have_value("768")
    second.get_by_role("button", name="Load", exact=True).click()
    expect(page.sidebar.row("tutor-1m")).to_be_visible()
    open_notebook(page, lab, [BY_PROFILE])
    run_all(page)

    with lmstudio.Client(engine_address) as client:
        assert [one.get_context_length() for one in client.llm.list_loaded()] == [768, 768]
    assert "[brief]" in profiles.read_text()
    profiles.unlink()
    assert page.ours == []
