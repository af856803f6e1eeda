"""The sidebar's frame: its doors, the choice of a host, another language, and how it looks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as BrowserPage

from tests.browser.lab import Lab, jupyterlab
from tests.browser.pages import Pages
from tests.browser.sidebar import ONE_IN_MEMORY, Page, opened, pose, shared, unload_all
from tests.engine.synthetic import write_llm
from tests.engines import engine

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
AXE = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = """selectors => axe.run({ include: selectors }).then(({ violations }) =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(" ")}`))"""
BOUND = """() => [...new Set(window.jupyterapp.commands.keyBindings
  .map(({ command }) => command).filter(id => id.startsWith("lms:")))].sort()"""
KNOWS_HOSTS = "() => window.jupyterapp.commands.isEnabled('lms:switch-host')"
COMMANDS = """() => window.jupyterapp.commands.listCommands()
  .filter(id => id.startsWith("lms:")).sort()"""


@pytest.fixture(scope="module")
def other_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a host with so many models that one has to look for them."""
    models = tmp_path_factory.mktemp("many")
    for number in range(9):
        name = f"Tiny-{number}"
        write_llm(models / "tests" / f"{name}-GGUF" / f"{name}-F16.gguf", name=name)
    with engine(tmp_path_factory.mktemp("other"), "--models", str(models)) as address:
        yield address


@pytest.fixture(scope="module")
def two_hosts(
    tmp_path_factory: pytest.TempPathFactory, engine_address: str, other_host: str
) -> Iterator[Lab]:
    """Return a JupyterLab whose Jupyter Server has two hosts in its configuration."""
    hosts = [f"--LmsExtension.hosts={address}" for address in (engine_address, other_host)]
    with jupyterlab(tmp_path_factory.mktemp("two-hosts"), {}, *hosts) as lab:
        yield lab


@pytest.fixture(scope="module")
def pages(browser: Browser, two_hosts: Lab) -> Iterator[Pages]:  # noqa: ARG001 - which outlives them
    """Return the pages of the JupyterLab with two hosts."""
    pages = Pages(browser)
    yield pages
    pages.close()


@pytest.fixture
def page(pages: Pages, two_hosts: Lab, engine_address: str) -> Iterator[Page]:
    with shared(pages, two_hosts, empty=engine_address) as page:
        yield page


@pytest.fixture
def own_page(browser: Browser, two_hosts: Lab, engine_address: str) -> Iterator[Page]:
    """Return a page whose side areas no other test will see."""
    with opened(browser, two_hosts, empty=engine_address) as page:
        yield page


def test_another_host_is_chosen_and_all_that_is_shown_is_that_hosts(
    page: Page, engine_address: str, other_host: str
) -> None:
    with lmstudio.Client(other_host) as client:
        client.llm.load_new_instance("tutor-1m", "over-there", ttl=600)
    page.sidebar.show()
    expect(page.sidebar.panel.get_by_text("Nothing in memory")).to_be_visible()
    choice = page.page.get_by_role("combobox", name="Host", exact=True)

    choice.select_option(other_host)

    expect(page.sidebar.row("over-there")).to_be_visible()
    expect(page.page.locator(".lms-StatusLine button")).to_contain_text(ONE_IN_MEMORY)
    expect(choice).to_have_value(other_host)
    page.execute("lms:switch-host", host=engine_address)
    expect(page.sidebar.panel.get_by_text("Nothing in memory")).to_be_visible()
    # No other host is reached from a page, whatever it says.
    page.execute("lms:switch-host", host="127.0.0.1:9")
    expect(choice).to_have_value(engine_address)
    unload_all(other_host)


@pytest.mark.parametrize("before", ["open", "closed"])
def test_a_model_is_found_from_the_keyboard_alone(page: Page, other_host: str, before: str) -> None:
    page.page.wait_for_function(KNOWS_HOSTS)
    page.execute("lms:switch-host", host=other_host)
    field = page.sidebar.panel.get_by_role("searchbox")
    if before == "open":
        page.sidebar.show()
        expect(field).to_be_visible()

    page.page.keyboard.press("Alt+m")
    page.page.keyboard.press("f")
    expect(field).to_be_focused()
    page.page.keyboard.type("tiny-7")

    rows = page.sidebar.panel.locator(".lms-ModelRow")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("tiny-7")


def test_the_keyboard_keeps_its_place_when_another_host_is_chosen(
    page: Page, engine_address: str, other_host: str
) -> None:
    page.page.wait_for_function(KNOWS_HOSTS)
    page.sidebar.show()
    choice = page.page.get_by_role("combobox", name="Host", exact=True)
    choice.focus()
    page.page.keyboard.press("ArrowDown")
    field = page.sidebar.panel.get_by_role("searchbox")
    expect(field).to_be_visible()
    expect(choice).to_have_value(other_host)
    expect(choice).to_be_focused()

    # A host with few models has nothing to look through: the frame waits for one that has.
    field.focus()
    page.execute("lms:switch-host", host=engine_address)
    expect(page.sidebar.panel.get_by_text("tutor-1m", exact=True)).to_be_visible()
    expect(field).to_have_count(0)
    expect(page.page.locator(".lms-Sidebar")).to_be_focused()
    page.execute("lms:switch-host", host=other_host)
    expect(field).to_be_focused()


def test_whoever_went_on_elsewhere_is_not_called_back_to_what_was_to_be_found(
    page: Page, other_host: str
) -> None:
    page.page.wait_for_function(KNOWS_HOSTS)
    page.execute("lms:find")
    expect(page.page.locator(".lms-Sidebar")).to_be_focused()
    expect(page.sidebar.panel.get_by_text("tutor-1m", exact=True)).to_be_visible()
    elsewhere = page.page.locator(".jp-Launcher")
    elsewhere.focus()

    page.execute("lms:switch-host", host=other_host)

    expect(page.sidebar.panel.get_by_role("searchbox")).to_be_visible()
    expect(elsewhere).to_be_focused()


def test_it_is_opened_from_the_palette_the_launcher_and_by_keys(page: Page) -> None:
    side = page.page.locator(".lms-Sidebar")
    found = page.palette("models in memory").filter(has_text="Show models in memory")
    expect(found.first).to_be_visible()
    page.page.keyboard.press("Enter")
    expect(page.sidebar.panel).to_be_visible()
    # The palette gives the cursor back to what was open before, but not from here.
    expect(side).to_be_focused()

    page.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    expect(side).to_be_hidden()
    page.page.locator(".jp-LauncherCard").filter(has_text="Models in memory").click()
    expect(page.sidebar.panel).to_be_visible()

    page.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    expect(side).to_be_hidden()
    page.page.keyboard.press("Alt+m")
    page.page.keyboard.press("o")
    expect(page.sidebar.panel).to_be_visible()


def test_every_command_has_keys_and_is_found_in_the_palette(page: Page) -> None:
    commands = page.page.evaluate(COMMANDS)
    assert len(commands) >= 20
    assert page.page.evaluate(BOUND) == commands

    page.palette()
    listed = page.page.locator(".lm-CommandPalette-content li[data-command^='lms:']")
    named = listed.evaluate_all("items => items.map(item => item.dataset.command).sort()")
    # A command that can do nothing at the moment is not offered.
    assert set(named) <= set(commands)
    assert {"lms:open", "lms:load", "lms:find", "lms:switch-host", "lms:copy-line"} <= set(named)


def violations(page: BrowserPage, *selectors: str) -> Any:
    """Return what axe finds wrong in these parts of the page."""
    page.add_script_tag(path=AXE)
    return page.evaluate(VIOLATIONS, [[selector] for selector in selectors])


def widen(page: BrowserPage, width: int) -> None:
    """Drag the edge of the left side area."""
    handle = page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)").first
    panel, edge = page.locator("#jp-left-stack").bounding_box(), handle.bounding_box()
    assert panel is not None
    assert edge is not None
    y = edge["y"] + 300
    page.mouse.move(edge["x"] + edge["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(panel["x"] + width, y, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_is_readable_for_everybody_in_every_width(
    own_page: Page, engine_address: str, artifacts: Path, theme: str
) -> None:
    page = own_page
    word = pose(page, engine_address, theme)

    for width in (240, 320, 400):
        widen(page.page, width)
        inner, outer = page.page.locator(".lms-Sidebar").evaluate(
            "node => [node.scrollWidth, node.clientWidth]"
        )
        assert inner <= outer, f"something sticks out at {width} px"
        box = {"x": 0, "y": 0, "width": width + 60, "height": 900}
        page.page.screenshot(path=artifacts / f"sidebar-{word}-{width}.png", clip=box)

    assert violations(page.page, ".lms-Sidebar", ".lms-StatusLine") == []


def test_frame_commands_and_settings_speak_german_where_jupyterlab_does(
    browser: Browser, tmp_path: Path, engine_address: str, artifacts: Path
) -> None:
    settings = tmp_path / "settings" / "@jupyterlab" / "translation-extension"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": "de_DE"}))
    with (
        jupyterlab(tmp_path, {"LMS_JUPYTER_HOST": engine_address}) as lab,
        opened(browser, lab, empty=engine_address) as page,
    ):
        expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 Modelle")
        card = page.page.locator(".jp-LauncherCard").filter(has_text="Tutorials zu LM Studio")
        expect(card).to_have_attribute("title", re.compile(r"Tutorials \(auf Englisch\)"))
        page.page.screenshot(path=artifacts / "launcher-german.png")
        page.execute("lms:open")
        expect(page.page.get_by_role("tab", name="Modelle im Speicher")).to_be_visible()
        expect(page.sidebar.panel).to_contain_text("Im Speicher")
        labels = page.page.evaluate(
            """ids => ids.map(id => window.jupyterapp.commands.label(id))""",
            ["lms:load", "lms:unload-all", "lms:switch-host", "lms:tutorials"],
        )
        assert labels == [
            "Lokale Modelle: Laden …",
            "Lokale Modelle: Alle entladen",
            "Lokale Modelle: Host wechseln …",
            "Lokale Modelle: Tutorials öffnen",
        ]

        page.execute("settingeditor:open", query="Lokale Modelle")
        form = page.page.locator(".jp-SettingsForm")
        expect(form.get_by_text("Einheiten des Speichers", exact=True)).to_be_visible()
        page.page.screenshot(path=artifacts / "sidebar-german.png")
        assert page.ours == []


def test_all_hosts_are_shown_at_once_and_each_does_what_its_rows_say(
    page: Page, engine_address: str, other_host: str
) -> None:
    for address, name in ((engine_address, "over-here"), (other_host, "over-there")):
        with lmstudio.Client(address) as client:
            client.llm.load_new_instance("tutor-1m", name, ttl=600)
    page.sidebar.show()
    choice = page.page.get_by_role("combobox", name="Host", exact=True)
    expect(page.sidebar.row("over-here")).to_be_visible()

    choice.select_option("All hosts")

    panels = page.page.locator(".lms-Sidebar .lms-Panel")
    expect(panels).to_have_count(2)
    expect(panels.nth(0).get_by_text("over-here", exact=True)).to_be_visible()
    expect(panels.nth(1).get_by_text("over-there", exact=True)).to_be_visible()
    unload = panels.nth(1).get_by_role("button", name="Unload over-there")
    unload.click()
    with lmstudio.Client(other_host) as client:
        expect(unload).to_have_count(0)
        assert client.llm.list_loaded() == []
    expect(panels.nth(0).get_by_text("over-here", exact=True)).to_be_visible()

    choice.select_option(engine_address)

    expect(panels).to_have_count(1)
    expect(page.sidebar.row("over-here")).to_be_visible()
    unload_all(engine_address)
