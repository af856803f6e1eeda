"""Notices: quiet, about what concerns this page, each with something to do about it."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, jupyterlab
from tests.browser.pages import Pages
from tests.browser.sidebar import ONE_IN_MEMORY, Page, opened, shared
from tests.browser.sidebar_notebooks import notices, open_notebook, show_notebook
from tests.engines import engine
from tests.ports import free_port

pytestmark = pytest.mark.browser

LOAD = "%load_ext lms_jupyter\n%lms load tutor-1m --ttl 8s"
TTL_S = 8


@pytest.fixture
def page(pages: Pages, lab: Lab, engine_address: str) -> Iterator[Page]:
    with shared(pages, lab, empty=engine_address, settings={"noticeSeconds": 4}) as page:
        yield page


def time_to_live(address: str) -> list[object]:
    """Return what the host says of the instances in its memory."""
    with lmstudio.Client(address) as client:
        return [model.identifier for model in client.list_loaded_models()]


def test_an_instance_that_an_open_notebook_uses_is_kept_from_the_notice(
    page: Page, lab: Lab, engine_address: str, artifacts: Path
) -> None:
    open_notebook(page, lab, [LOAD])
    page.execute("notebook:run-all-cells")
    bell = page.page.locator(".jp-Notification-Status")
    # One, and no other: that it was loaded is no news to whoever runs the cell.
    expect(bell).to_contain_text("1", timeout=30_000)
    assert page.page.locator(".Toastify__toast").count() == 0, "quiet means quiet"

    centre = notices(page)
    expect(centre).to_contain_text(re.compile(r"tutor-1m unloads in 0:0[34]\."))
    page.page.screenshot(path=artifacts / "notice-expiring.png")
    centre.get_by_role("button", name="Restart TTL").click()

    line = page.page.locator(".lms-StatusLine button")
    expect(line).to_contain_text(re.compile(rf"next unload in 0:0[{TTL_S - 1}{TTL_S}]"))
    assert time_to_live(engine_address) == ["tutor-1m"]


def test_a_notebook_of_the_same_name_in_another_folder_gets_no_notice(
    page: Page, lab: Lab, engine_address: str
) -> None:
    # The notebook that uses the instance is closed; its kernel goes on.
    path = open_notebook(page, lab, [LOAD], folder="one")
    page.execute("notebook:run-all-cells")
    line = page.page.locator(".lms-StatusLine button")
    expect(line).to_contain_text(ONE_IN_MEMORY, timeout=30_000)
    page.execute("docmanager:save")
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
    open_notebook(page, lab, ["1"], folder="two")

    expect(line).to_have_text("0 models", timeout=30_000)
    expect(page.page.locator(".jp-Notification-Status")).not_to_contain_text("1")
    assert path.exists()
    assert time_to_live(engine_address) == []

    # The same again with the notebook open: now it does get one.
    show_notebook(page, lab, path)
    page.execute("notebook:run-all-cells")
    expect(page.page.locator(".jp-Notification-Status")).to_contain_text("1", timeout=30_000)


def test_a_load_that_ends_out_of_sight_pops_up_if_wanted_and_is_used_from_there(
    page: Page, lab: Lab
) -> None:
    page.settings(notices={"loaded": "popup"})
    open_notebook(page, lab, [""])
    expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 models")
    page.execute("lms:load", model_key="tutor-1m")
    toast = page.page.locator(".Toastify__toast")
    expect(page.page.locator(".lms-StatusLine button")).to_contain_text(
        ONE_IN_MEMORY, timeout=20_000
    )
    expect(toast).to_contain_text("tutor-1m is loaded.")

    toast.get_by_role("button", name="Use in notebook").click()

    cell = page.page.locator(".jp-Notebook .jp-Cell").first
    expect(cell).to_contain_text("%lms load tutor-1m -c 2048 --ttl 1h --identifier tutor-1m")


def test_a_load_that_ends_in_sight_is_no_news(page: Page) -> None:
    page.sidebar.show()
    page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
    expect(page.sidebar.row("tutor-1m")).to_be_visible()

    expect(page.page.locator(".jp-Notification-Status")).not_to_contain_text("1")


@pytest.mark.parametrize("loudness", ["quiet", "off"])
def test_an_engine_that_went_away_is_told_unless_nobody_wants_to_know(
    browser: Browser, tmp_path: Path, loudness: str, artifacts: Path
) -> None:
    port = free_port()
    variables = {"LMS_JUPYTER_HOST": f"127.0.0.1:{port}"}
    with (
        jupyterlab(tmp_path / "lab", variables) as lab,
        contextlib.ExitStack() as host,
        contextlib.ExitStack() as pages,
    ):
        host.enter_context(engine(tmp_path / "engine", "--port", str(port)))
        settings = {"notices": {"lost": loudness}}
        page = pages.enter_context(opened(browser, lab, settings=settings))
        line = page.page.locator(".lms-StatusLine button")
        expect(line).to_have_text("0 models")

        host.close()

        expect(line).to_have_text("LM Studio: not connected", timeout=20_000)
        bell = page.page.locator(".jp-Notification-Status")
        if loudness == "off":
            expect(bell).not_to_contain_text("1")
        else:
            expect(bell).to_contain_text("1")
            centre = notices(page)
            expect(centre).to_contain_text("Embedded engine does not answer any more.")
            # Where the host is was said: an engine of one's own would not be found.
            expect(centre.get_by_role("button", name="Start")).to_have_count(0)
            page.page.screenshot(path=artifacts / "notice-lost.png")
            centre.get_by_role("button", name="Show").click()
            expect(page.sidebar.panel).to_be_visible()
