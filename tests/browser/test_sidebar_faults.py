"""The sidebar when something is missing or goes away: it says so, and recovers by itself."""

import contextlib
import json
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, jupyterlab
from tests.browser.sidebar import opened
from tests.browser.sidebar_notebooks import notices
from tests.engines import engine
from tests.hosts import sleeping
from tests.ports import free_port

pytestmark = pytest.mark.browser


StartLab = Callable[[], AbstractContextManager[Lab]]


@pytest.fixture
def start_lab(tmp_path: Path, engine_address: str) -> StartLab:
    """Return what runs JupyterLab, each time in the same place."""
    variables = {"LMS_JUPYTER_HOST": engine_address}
    return partial(jupyterlab, tmp_path / "lab", variables, port=free_port())


def test_a_server_that_is_restarted_under_an_open_page_is_found_again(
    browser: Browser, start_lab: StartLab, engine_address: str
) -> None:
    with contextlib.ExitStack() as stack:
        with start_lab() as lab:
            page = stack.enter_context(opened(browser, lab, empty=engine_address))
            page.sidebar.show()
            expect(page.sidebar.panel.get_by_text("tutor-1m", exact=True)).to_be_visible()
            # JupyterLab's own word about the lost server comes at any moment and covers the page.
            lost = page.page.get_by_role("dialog", name="Server Connection Error")
            page.page.add_locator_handler(lost, lost.get_by_role("button").last.click)
        expect(page.sidebar.panel.get_by_role("status").first).not_to_be_empty()
        load = page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True)
        expect(load).to_have_attribute("aria-disabled", "true")

        with start_lab():
            expect(load).not_to_have_attribute("aria-disabled", "true", timeout=40_000)
            load.click()
            expect(page.sidebar.row("tutor-1m")).to_be_visible()


def test_where_the_extension_is_disabled_the_sidebar_says_so(
    browser: Browser, tmp_path: Path, artifacts: Path
) -> None:
    off = "--ServerApp.jpserver_extensions=lms_jupyter.server=False"
    with jupyterlab(tmp_path, {}, off) as lab, opened(browser, lab) as page:
        page.execute("lms:open")

        told = page.page.locator(".lms-Sidebar").get_by_role("status")
        expect(told).to_contain_text("Is lms_jupyter installed and enabled")
        page.page.screenshot(path=artifacts / "sidebar-disabled.png")
        page.page.get_by_role("button", name="Try again").click()
        expect(told).to_contain_text("Is lms_jupyter installed and enabled")
        expect(page.page.locator(".lms-Sidebar")).to_be_focused()


def test_a_panel_that_never_came_is_fetched_once_the_server_is_back(
    browser: Browser, start_lab: StartLab, engine_address: str
) -> None:
    with contextlib.ExitStack() as stack:
        with start_lab() as lab:
            page = stack.enter_context(opened(browser, lab, empty=engine_address))
        page.execute("lms:open")
        told = page.page.locator(".lms-Sidebar").get_by_role("button", name="Try again")
        expect(told).to_be_visible()

        with start_lab():
            expect(page.sidebar.panel).to_be_visible(timeout=40_000)
            expect(told).to_have_count(0)


def test_with_no_host_the_sidebar_offers_the_engine_says_its_price_and_starts_it(
    browser: Browser, tmp_path: Path, artifacts: Path
) -> None:
    # An address of its own: whatever runs on this machine is not found.
    state = tmp_path / "state"
    state.mkdir()
    with (
        jupyterlab(tmp_path / "lab", {"XDG_STATE_HOME": str(state)}) as lab,
        opened(browser, lab) as page,
    ):
        page.sidebar.show()
        start = page.sidebar.panel.get_by_role("button", name="Start the built-in engine")
        expect(start).to_be_visible(timeout=15_000)
        expect(page.sidebar.panel).to_contain_text("50 MB of memory")
        page.page.screenshot(path=artifacts / "sidebar-no-host.png")

        start.click()

        expect(page.sidebar.panel.get_by_text("tutor-1m", exact=True)).to_be_visible(timeout=30_000)
        page.page.screenshot(path=artifacts / "sidebar-engine.png")

        stop_engines(state)
        centre = notices(page)
        again = centre.get_by_role("button", name="Start the built-in engine")
        expect(again).to_be_visible(timeout=20_000)
        again.click()
        load = page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True)
        expect(load).not_to_have_attribute("aria-disabled", "true", timeout=30_000)
    stop_engines(state)


def test_an_lm_studio_that_sleeps_is_woken_from_the_sidebar(
    browser: Browser, tmp_path: Path, artifacts: Path
) -> None:
    folder = tmp_path / "lab"
    sleeping.install(folder / "home")
    variables = {"XDG_STATE_HOME": str(tmp_path / "state"), "CI": ""}
    with jupyterlab(folder, variables) as lab, opened(browser, lab) as page:
        page.sidebar.show()
        panel = page.sidebar.panel
        expect(panel).to_contain_text(
            "LM Studio is installed here and does not run.", timeout=15_000
        )
        expect(panel.get_by_role("button", name="Start the built-in engine")).to_be_visible()
        page.page.screenshot(path=artifacts / "sidebar-asleep.png")

        panel.get_by_role("button", name="Start LM Studio").click()

        load = panel.get_by_role("button", name="Load qwen/qwen3-4b", exact=True)
        expect(load).to_be_visible(timeout=30_000)
        page.page.screenshot(path=artifacts / "sidebar-woken.png")
        (pid,) = sleeping.pids(folder / "home")
        os.kill(pid, signal.SIGTERM)
        # What was there is kept, and so is the way to have it back.
        again = panel.get_by_role("button", name="Start LM Studio")
        expect(again).to_be_visible(timeout=20_000)
        page.page.screenshot(path=artifacts / "sidebar-asleep-again.png")
    assert sleeping.starts(folder / "home") == ["llmster"]


def stop_engines(state: Path) -> None:
    """End the engine that the sidebar has started."""
    for file in state.rglob("engine-*.json"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(file.read_text())["pid"], signal.SIGTERM)


def test_an_engine_that_dies_is_shown_and_its_successor_found(
    browser: Browser, tmp_path: Path, artifacts: Path
) -> None:
    port = free_port()
    variables = {"LMS_JUPYTER_HOST": f"127.0.0.1:{port}"}
    with jupyterlab(tmp_path / "lab", variables) as lab, opened(browser, lab) as page:
        with engine(tmp_path / "one", "--port", str(port)):
            page.sidebar.show()
            load = page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True)
            expect(load).to_be_enabled()
        expect(load).to_have_attribute("aria-disabled", "true")
        page.page.screenshot(path=artifacts / "sidebar-lost.png")

        with engine(tmp_path / "two", "--port", str(port)):
            expect(load).not_to_have_attribute("aria-disabled", "true", timeout=30_000)
