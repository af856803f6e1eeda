"""Who uses what: the sidebar leads to whose an instance is, and it leaves with its kernel."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import jupyterlab
from tests.browser.sidebar import opened, unload_all
from tests.browser.sidebar_notebooks import IS_OPEN, SHUT_DOWN, open_notebook

pytestmark = pytest.mark.browser

LOAD = "%load_ext lms_jupyter\n%lms load tutor-1m --ttl none"
KEPT = "%lms load text-embedding-tutor-embed --ttl none --no-lease"


def test_an_instance_leads_to_its_notebook_and_leaves_some_time_after_its_kernel(
    browser: Browser, tmp_path: Path, engine_address: str
) -> None:
    variables = {"LMS_JUPYTER_HOST": engine_address}
    with (
        jupyterlab(tmp_path, variables, "--LmsExtension.lease_grace_s=1") as lab,
        opened(browser, lab, empty=engine_address) as page,
    ):
        path = open_notebook(page, lab, [LOAD, KEPT])
        page.execute("notebook:run-all-cells")
        page.sidebar.show()
        expect(page.sidebar.row("text-embedding-tutor-embed")).to_be_visible(timeout=30_000)
        page.sidebar.panel.get_by_role("button", name="More about tutor-1m").click()
        expect(page.sidebar.row("tutor-1m")).to_contain_text(path.name)

        page.execute("launcher:create")
        page.page.wait_for_function(f"name => !({IS_OPEN})(name)", arg=path.name)
        page.sidebar.panel.get_by_role("button", name=path.name, exact=True).click()
        page.page.wait_for_function(IS_OPEN, arg=path.name)

        page.page.evaluate(SHUT_DOWN)

        expect(page.sidebar.row("tutor-1m")).to_have_count(0, timeout=30_000)
        expect(page.sidebar.row("text-embedding-tutor-embed")).to_be_visible()
        assert page.ours == []
    unload_all(engine_address)
