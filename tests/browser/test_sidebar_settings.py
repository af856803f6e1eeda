"""Every setting of the settings editor has the effect that it promises."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, WebSocket, expect

from tests.browser.lab import Lab, jupyterlab, write_notebook
from tests.browser.pages import Pages
from tests.browser.sidebar import Page, shared
from tests.browser.sidebar_notebooks import open_notebook, show_notebook, sources

pytestmark = pytest.mark.browser

SCHEMA = Path(__file__).parents[2] / "js" / "schema" / "sidebar.json"
SETTINGS = json.loads(SCHEMA.read_text())["properties"]
NOWHERE = "127.0.0.1:9"
"""A second host of the configuration; nobody answers there."""

Effect = Callable[[Page, Lab, str], None]


@pytest.fixture(scope="module")
def two_hosts(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Lab]:
    """Return a JupyterLab whose Jupyter Server has two hosts in its configuration."""
    hosts = [f"--LmsExtension.hosts={address}" for address in (engine_address, NOWHERE)]
    variables = {"LMS_JUPYTER_HOST": engine_address}
    with jupyterlab(tmp_path_factory.mktemp("two-hosts"), variables, *hosts) as lab:
        yield lab


@pytest.fixture(scope="module")
def pages(browser: Browser, two_hosts: Lab) -> Iterator[Pages]:  # noqa: ARG001 - which outlives them
    """Return the pages of the JupyterLab with two hosts."""
    pages = Pages(browser)
    yield pages
    pages.close()


def _side(page: Page, _lab: Lab, _address: str) -> None:
    page.sidebar.show()
    expect(page.page.locator("#jp-right-stack .lms-Sidebar .lms-Panel")).to_be_visible()


def _hosts(page: Page, _lab: Lab, address: str) -> None:
    page.sidebar.show()
    choice = page.page.get_by_role("combobox", name="Host", exact=True)
    expect(choice.get_by_role("option")).to_have_text([address, NOWHERE, "All hosts"])
    page.settings(hosts=[address])
    page.sidebar.show()
    expect(page.sidebar.panel.get_by_text("tutor-1m", exact=True)).to_be_visible()
    expect(choice).to_have_count(0)


def _ttl(page: Page, _lab: Lab, _address: str) -> None:
    load(page)
    timer = page.sidebar.row("tutor-1m").get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^unloads in (5:00|4:5\d)$"))


def _profile(page: Page, _lab: Lab, address: str) -> None:
    load(page)
    with lmstudio.Client(address) as client:
        assert [model.get_context_length() for model in client.llm.list_loaded()] == [512]


def _units(page: Page, _lab: Lab, _address: str) -> None:
    load(page)
    expect(page.sidebar.panel).to_contain_text(re.compile(r"\d\sMiB"))
    expect(page.page.locator(".lms-StatusLine")).to_contain_text("MiB")


def _watch(page: Page, _lab: Lab, _address: str) -> None:
    sent: list[str] = []
    page.page.on("websocket", lambda socket: follow(socket, sent))
    page.settings(watch="page")
    page.load()
    page.page.wait_for_function("() => document.visibilityState === 'visible'")
    until = time.monotonic() + 15
    while not any('"attend"' in text for text in sent):
        assert time.monotonic() < until, "a page is to be looked at"
        page.page.wait_for_timeout(20)
    # Once nobody looks, it may be long until the host is asked again.
    line = page.page.locator(".lms-StatusLine button")
    expect(line).to_have_text("0 models")

    page.settings(watch="sidebar")
    page.load()
    expect(line).to_have_text("0 models")
    page.page.wait_for_timeout(100)
    assert not any('"attend"' in text for text in sent), "nobody looks"


def _rhythm(page: Page, _lab: Lab, _address: str) -> None:
    with page.page.expect_event(
        "websocket", lambda socket: "lms/slices" in socket.url and "every=7" in socket.url
    ):
        page.settings(rhythmSeconds=7)
    expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 models")


def _status(page: Page, _lab: Lab, _address: str) -> None:
    expect(page.page.locator(".lms-StatusLine")).to_be_visible()
    page.settings(status=False)
    page.sidebar.show()
    expect(page.page.locator(".lms-StatusLine")).to_have_count(0)


def _insert_what(page: Page, lab: Lab, _address: str) -> None:
    for what, written in (
        ("python", 'model = lmstudio.llm("tutor-1m")'),
        ("cell", "%%lms tutor-1m"),
        ("line", "llm = %lms load tutor-1m --ttl 1h"),
    ):
        if what != "python":
            page.settings(insertWhat=what)
        open_notebook(page, lab, ["1"])
        known(page)
        page.execute("lms:use", model_key="tutor-1m")
        page.page.wait_for_function(CONTAINS, arg=written)


def _insert_where(page: Page, lab: Lab, _address: str) -> None:
    for where, place in (("above", 0), ("below", 1)):
        if where != "above":
            page.settings(insertWhere=where)
        open_notebook(page, lab, ["a", "b"])
        known(page)
        page.execute("lms:use", model_key="tutor-1m")
        page.page.wait_for_function(CONTAINS, arg="%lms load tutor-1m")
        (index,) = [i for i, text in enumerate(sources(page.page)) if "%lms load" in text]
        assert index == place


def _notices(page: Page, _lab: Lab, _address: str) -> None:
    toast = page.page.locator(".Toastify__toast")
    known(page)
    page.execute("lms:load", model_key="tutor-1m")
    expect(toast).to_contain_text("tutor-1m is loaded.")

    page.settings(notices={"loaded": "off"})
    page.load()
    known(page)
    page.execute("lms:load", model_key="tutor-1m")
    expect(page.page.locator(".lms-StatusLine button")).to_contain_text("2 models")
    expect(toast).to_have_count(0)
    expect(page.page.locator(".jp-Notification-Status")).not_to_contain_text("1")


def _notice_seconds(page: Page, lab: Lab, _address: str) -> None:
    open_notebook(page, lab, ["%load_ext lms_jupyter\n%lms load tutor-1m --ttl 6s"])
    page.execute("notebook:run-all-cells")
    toast = page.page.locator(".Toastify__toast")
    expect(toast).to_contain_text(re.compile(r"unloads in 0:0[12]"), timeout=30_000)


def _load_on_opening(page: Page, lab: Lab, _address: str) -> None:
    path = write_notebook(lab, ["1"])
    book = json.loads(path.read_text())
    book["metadata"]["lms_jupyter"] = {"model": "tutor-1m"}
    path.write_text(json.dumps(book))
    known(page)
    show_notebook(page, lab, path)
    line = page.page.locator(".lms-StatusLine button")
    # A load that is still under way would end in another test; it stands back for all else here.
    expect(line).to_contain_text(re.compile("^1 model .* next unload"), timeout=60_000)


EFFECTS: dict[str, tuple[Effect, dict[str, object]]] = {
    "side": (_side, {"side": "right"}),
    "hosts": (_hosts, {}),
    "ttlMinutes": (_ttl, {"ttlMinutes": 5}),
    "profile": (_profile, {"profile": {"context_length": 512}}),
    "units": (_units, {"units": "binary"}),
    "watch": (_watch, {}),
    "rhythmSeconds": (_rhythm, {}),
    "status": (_status, {}),
    "insertWhat": (_insert_what, {"insertWhat": "python"}),
    "insertWhere": (_insert_where, {"insertWhere": "above"}),
    "notices": (_notices, {"notices": {"loaded": "popup"}}),
    "loadOnOpening": (_load_on_opening, {"loadOnOpening": True}),
    "noticeSeconds": (_notice_seconds, {"noticeSeconds": 2, "notices": {"expiring": "popup"}}),
}
"""What shows each setting, and the settings that its page is opened with."""
CONTAINS = """text => window.jupyterapp.shell.currentWidget.content.widgets
  .some(cell => cell.model.sharedModel.getSource().includes(text))"""


TOGETHER = ("side", "ttlMinutes", "profile", "units")
"""What one page shows after one load."""
PAGES = (TOGETHER, *((name,) for name in SETTINGS if name not in TOGETHER))


@pytest.mark.parametrize("names", PAGES, ids=",".join)
def test_a_setting_has_its_effect(
    pages: Pages, two_hosts: Lab, engine_address: str, names: tuple[str, ...]
) -> None:
    settings = {key: value for name in names for key, value in EFFECTS[name][1].items()}
    with shared(pages, two_hosts, empty=engine_address, settings=settings) as page:
        for name in names:
            EFFECTS[name][0](page, two_hosts, engine_address)


def test_the_settings_editor_shows_every_setting(
    pages: Pages, two_hosts: Lab, artifacts: Path
) -> None:
    with shared(pages, two_hosts) as page:
        page.execute("settingeditor:open", query="Local models")

        for setting in SETTINGS.values():
            shown = page.page.locator(".jp-SettingsForm").get_by_text(setting["title"], exact=True)
            expect(shown.first).to_be_visible()
        page.page.screenshot(path=artifacts / "settings-editor.png")


def load(page: Page) -> None:
    """Load the tutorial's model with a click, if it was not loaded for another setting."""
    page.sidebar.show()
    row = page.sidebar.row("tutor-1m")
    if not row.is_visible():
        page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
    expect(row).to_be_visible()


def known(page: Page) -> None:
    """Wait until the page has heard of the host: its status line counts."""
    expect(page.page.locator(".lms-StatusLine button")).to_contain_text("model")


def follow(socket: WebSocket, sent: list[str]) -> None:
    """Note what our line sends; what the page before has sent is forgotten."""
    if "lms/slices" in socket.url:
        sent.clear()
        socket.on("framesent", lambda payload: sent.append(str(payload)))
