"""The extension of JupyterLab is several plugins: any but the hub can be disabled alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import disable_extension, jupyterlab
from tests.browser.sidebar import opened

pytestmark = pytest.mark.browser

COMMANDS = """() => window.jupyterapp.commands.listCommands()
  .filter(id => id.startsWith("lms:")).sort()"""


def test_a_sidebar_works_where_all_that_is_beside_it_is_disabled(
    browser: Browser, tmp_path: Path, engine_address: str
) -> None:
    disable_extension(tmp_path, "commands", "notices", "status", "still", "tutorials")
    with (
        jupyterlab(tmp_path, {"LMS_JUPYTER_HOST": engine_address}) as lab,
        opened(browser, lab, empty=engine_address) as page,
    ):
        page.sidebar.show()
        page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()

        expect(page.sidebar.row("tutor-1m")).to_be_visible(timeout=30_000)
        expect(page.page.locator(".lms-StatusLine")).to_have_count(0)
        assert page.page.evaluate(COMMANDS) == ["lms:find", "lms:open"]
        assert page.ours == []
