"""The sidebar's frame: its doors, the choice of a host, another language, and how it looks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as BrowserPage

from tests.browser.lab import Lab, jupyterlab
from tests.browser.sidebar import Page, unload_all
from tests.engine.synthetic import write_llm
from tests.engines import engine

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
AXE = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = """selectors => axe.run({ include: selectors }).then(({ violations }) =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(" ")}`))"""
BOUND = """() => [...new Set(window.jupyterapp.commands.keyBindings
  .map(({ command }) => command).filter(id => id.startsWith("lms:")))].sort()"""
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


@pytest.fixture
def page(browser: Browser, two_hosts: Lab, engine_address: str) -> Iterator[Page]:
    unload_all(engine_address)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Page(context.new_page(), two_hosts)
    context.close()


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
    expect(page.page.locator(".lms-StatusLine button")).to_contain_text("1 model")
    expect(choice).to_have_value(other_host)
    page.execute("lms:switch-host", host=engine_address)
    expect(page.sidebar.panel.get_by_text("Nothing in memory")).to_be_visible()
    # No other host is reached from a page, whatever it says.
    page.execute("lms:switch-host", host="127.0.0.1:9")
    expect(choice).to_have_value(engine_address)
    unload_all(other_host)


def test_a_model_is_found_from_the_keyboard_alone(page: Page, other_host: str) -> None:
    page.sidebar.show()
    page.page.get_by_role("combobox", name="Host", exact=True).select_option(other_host)
    page.page.keyboard.press("Alt+m")
    page.page.keyboard.press("f")
    field = page.sidebar.panel.get_by_role("searchbox")
    expect(field).to_be_focused()

    page.page.keyboard.type("tiny-7")

    rows = page.sidebar.panel.locator(".lms-ModelRow")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("tiny-7")


def test_it_is_opened_from_the_palette_the_launcher_and_by_keys(page: Page) -> None:
    side = page.page.locator(".lms-Sidebar")
    page.execute("apputils:activate-command-palette")
    search = page.page.locator(".lm-CommandPalette-input")
    search.fill("models in memory")
    page.page.keyboard.press("Enter")
    expect(page.sidebar.panel).to_be_visible()

    page.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    expect(side).to_be_hidden()
    page.page.locator(".jp-LauncherCard").filter(has_text="Show models in memory").click()
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

    page.execute("apputils:activate-command-palette")
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
    page: Page, engine_address: str, artifacts: Path, theme: str
) -> None:
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "chat", ttl=600)
        client.embedding.load_new_instance("tutor-embed", "a-name-that-is-longer-than-its-place")
    page.sidebar.show()
    page.execute("apputils:change-theme", theme=theme)
    expect(page.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(page.page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.sidebar.row("chat")).to_be_visible()
    word = theme.rpartition(" ")[2].lower()

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
    unload_all(engine_address)
    settings = tmp_path / "settings" / "@jupyterlab" / "translation-extension"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": "de_DE"}))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with jupyterlab(tmp_path, {"LMS_JUPYTER_HOST": engine_address}) as lab:
        page = Page(context.new_page(), lab)
        expect(page.page.locator(".lms-StatusLine button")).to_have_text("0 Modelle")
        page.execute("lms:open")
        expect(page.page.get_by_role("tab", name="Modelle im Speicher")).to_be_visible()
        expect(page.sidebar.panel).to_contain_text("Im Speicher")
        labels = page.page.evaluate(
            """ids => ids.map(id => window.jupyterapp.commands.label(id))""",
            ["lms:load", "lms:unload-all", "lms:switch-host"],
        )
        assert labels == ["Modell laden …", "Alle entladen", "Anderen Host wählen …"]

        page.execute("settingeditor:open", query="Lokale Modelle")
        form = page.page.locator(".jp-SettingsForm")
        expect(form.get_by_text("Einheiten des Speichers", exact=True)).to_be_visible()
        page.page.screenshot(path=artifacts / "sidebar-german.png")
        assert page.ours == []
    context.close()
