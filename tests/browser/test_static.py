"""What is left of a panel where no kernel is: exported pages, notebooks that nobody trusts."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.lab import KERNEL_IS_IDLE, TOKEN, Lab
from tests.browser.sidebar import unload_all
from tests.installed import npm_package

pytestmark = pytest.mark.browser

PANEL = "import lms_jupyter\npanel = lms_jupyter.panel()\npanel"
SECRET = "sk-lm-nobody01:abcdefghijklmnopqrst"  # noqa: S105 - nobody's
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def _two_in_memory(engine_address: str) -> Iterator[None]:
    unload_all(engine_address)
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=3600)
        client.llm.load_new_instance("tutor-1m", NASTY, ttl=3600)
    yield
    unload_all(engine_address)


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """Return a page that reaches nothing."""
    context = browser.new_context(viewport={"width": 900, "height": 700}, offline=True)
    yield context.new_page()
    context.close()


def run(folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, *, state: bool) -> Path:
    """Run a notebook with a panel and save it, with the state of its widgets or without."""
    monkeypatch.setenv("LMS_JUPYTER_HOST", address)
    monkeypatch.setenv("LM_API_TOKEN", SECRET)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PANEL)])
    NotebookClient(book, kernel_name="python3", store_widget_state=state).execute()
    path = folder / "saved.ipynb"
    nbformat.write(book, path)
    return path


def exported(path: Path) -> Path:
    """Export a saved notebook as a page."""
    html, _ = HTMLExporter().from_filename(str(path))
    page = path.with_suffix(".html")
    page.write_text(html)
    return page


def test_an_exported_page_shows_the_last_state_without_any_network(
    offline: Page,
    tmp_path: Path,
    engine_address: str,
    monkeypatch: pytest.MonkeyPatch,
    artifacts: Path,
) -> None:
    thrown: list[str] = []
    offline.on("pageerror", lambda error: thrown.append(str(error)))
    page = exported(run(tmp_path, engine_address, monkeypatch, state=False))

    offline.goto(page.as_uri())

    table = offline.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table).to_contain_text("chat")
    expect(table).to_contain_text(NASTY)
    expect(table.locator("img")).to_have_count(0)
    assert [one for one in thrown if "require" not in one and "katex" not in one] == []
    offline.screenshot(path=artifacts / "static-exported.png")


@pytest.mark.parametrize("state", [True, False])
def test_no_secret_is_in_a_saved_notebook_nor_in_its_page(
    tmp_path: Path, engine_address: str, monkeypatch: pytest.MonkeyPatch, *, state: bool
) -> None:
    path = run(tmp_path, engine_address, monkeypatch, state=state)
    page = exported(path)

    assert "chat" in path.read_text()
    assert ("widgets" in json.loads(path.read_text())["metadata"]) == state
    for file in (path, page):
        assert SECRET not in file.read_text()
        assert "abcdefghijklmnopqrst" not in file.read_text()


def test_an_exported_page_with_the_widgets_state_draws_the_panel_as_it_was(
    browser: Browser,
    tmp_path: Path,
    engine_address: str,
    monkeypatch: pytest.MonkeyPatch,
    artifacts: Path,
) -> None:
    page = exported(run(tmp_path, engine_address, monkeypatch, state=True))
    context = browser.new_context(viewport={"width": 900, "height": 700})
    web = context.new_page()
    thrown: list[str] = []
    web.on("pageerror", lambda error: thrown.append(str(error)))
    web.route("http*://**/*", from_disk)

    web.goto(page.as_uri())

    panel = web.locator(".lms-Panel")
    expect(panel).to_contain_text("chat", timeout=30_000)
    expect(panel).to_contain_text(NASTY)
    expect(panel.locator("img")).to_have_count(0)
    # No check mark for a host that nobody is connected with.
    expect(panel.get_by_role("status").first).to_contain_text("napshot from")
    expect(panel.get_by_role("img", name="Connected", exact=True)).to_have_count(0)
    for button in panel.get_by_role("button").all():
        assert button.get_attribute("aria-disabled") == "true", button.inner_html()
    assert thrown == []
    web.screenshot(path=artifacts / "static-with-state.png")
    context.close()


def from_disk(route: Route) -> None:
    """Answer for the web: what draws widgets in exported pages comes from packages on this disk."""
    url = route.request.url
    name = url.rpartition("/")[2].partition("?")[0]
    if "require" in name:
        file = npm_package("requirejs@2.3.8") / "require.js"
    elif "html-manager" in url:
        file = npm_package("@jupyter-widgets/html-manager@1.0.15") / "dist" / name
    elif "anywidget" in url:
        file = Path(sys.prefix) / "share" / "jupyter" / "nbextensions" / "anywidget" / "index.js"
    else:
        route.abort()
        return
    route.fulfill(path=file, content_type="text/javascript")


def test_a_notebook_that_nobody_trusts_shows_a_table(
    open_notebook: Open, lab: Lab, artifacts: Path
) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    expect(notebook.row("chat")).to_be_visible()
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    path = lab.folder / "strange.ipynb"
    book = nbformat.read(notebook.path, as_version=4)
    # As it comes from somebody else: no signature of ours fits.
    book.cells.append(nbformat.v4.new_code_cell("'theirs'"))
    nbformat.write(book, path)

    notebook.page.goto(f"{lab.url}lab/tree/{path.name}?token={TOKEN}&reset")
    notebook.page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)

    table = notebook.output(0).get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table).to_contain_text("chat")
    expect(notebook.panel).to_have_count(0)
    assert TOKEN not in path.read_text()
    notebook.page.screenshot(path=artifacts / "static-untrusted.png")
