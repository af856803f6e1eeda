"""What people click in panel and sidebar is what LM Studio's published schemas describe."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import opening
from tests.browser.lab import Lab, jupyterlab
from tests.browser.pages import Pages
from tests.browser.sidebar import opened
from tests.browser.test_panel import PANEL
from tests.hosts.strict import StrictHost, strict
from tests.hosts.studio import Studio

pytestmark = pytest.mark.browser

KEY = "qwen/qwen3-4b"


@pytest.fixture(scope="module")
def host() -> Iterator[StrictHost]:
    with Studio() as studio, strict(studio.address) as host:
        yield host


@pytest.fixture(scope="module")
def strict_lab(tmp_path_factory: pytest.TempPathFactory, host: StrictHost) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("strict-lab")
    with jupyterlab(folder, {"LMS_JUPYTER_HOST": host.address}) as lab:
        yield lab


def load_with_settings(panel: Locator) -> None:
    """Fill in the form and load."""
    panel.get_by_role("button", name=f"Load {KEY} with settings").click()
    form = panel.get_by_role("form", name=f"Settings for {KEY}")
    form.get_by_role("spinbutton", name="Context length").fill("4096")
    form.get_by_role("radio", name="5 min", exact=True).check()
    form.get_by_role("textbox", name="Identifier").fill("chat")
    expect(form.get_by_text("needs about")).to_be_visible()
    form.get_by_role("button", name="Load", exact=True).click()


def test_a_panel_says_what_lm_studio_understands(
    browser: Browser, strict_lab: Lab, host: StrictHost, request: pytest.FixtureRequest
) -> None:
    with opening(Pages(browser), strict_lab, request.node) as open_:
        notebook = open_([PANEL])
        notebook.run(0)

        load_with_settings(notebook.panel)
        row = notebook.row("chat")
        expect(row).to_be_visible()
        row.get_by_role("button", name="More about chat").click()
        expect(row.get_by_text("4,096 of")).to_be_visible()
        row.get_by_role("button", name="Unload chat", exact=True).click()
        notebook.panel.get_by_role("button", name="Undo: load chat again").click()
        expect(row).to_be_visible()
        row.get_by_role("button", name="Unload chat", exact=True).click()
        expect(row).to_have_count(0)

        assert notebook.messages == []
    assert host.wrong() == []
    assert host.sent() >= {
        *(("llm", name) for name in ("loadModel", "unloadModel", "estimateModelUsage")),
        *(("llm", name) for name in ("listLoaded", "getLoadConfig")),
    }


def test_a_sidebar_says_what_lm_studio_understands(
    browser: Browser, strict_lab: Lab, host: StrictHost
) -> None:
    with opened(browser, strict_lab) as page:
        page.sidebar.show()
        panel = page.sidebar.panel

        panel.get_by_role("button", name=f"Load {KEY}", exact=True).click()
        row = page.sidebar.row(KEY)
        expect(row).to_be_visible()
        row.get_by_role("button", name=f"Unload {KEY}", exact=True).click()
        expect(row).to_have_count(0)
        panel.get_by_role("button", name="Get model…").click()
        form = panel.get_by_role("form", name="Get a model")
        form.get_by_role("searchbox").fill("words")
        form.get_by_role("button", name="Find").click()
        expect(form.get_by_role("listitem").first).to_be_visible()

        assert page.messages == []
    assert host.wrong() == []
    assert ("repository", "searchModels") in host.sent()
