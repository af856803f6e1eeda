"""Every state of the panel in every theme, width and direction: axe, what fits, and pictures."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.design import DEV, THEMES, Scene, scenes

pytestmark = pytest.mark.browser

SCENES = re.findall(r"(?m)^  (\w+): \{", (DEV / "scenes.ts").read_text().partition("SCENES")[2])
LARGE = ("thousands", "hundred", "thousand")
SMALL = [name for name in SCENES if name not in LARGE]
WIDTHS = (240, 400, 560, 800)


def test_no_state_is_left_out(browser: Browser, design_address: str) -> None:
    assert set(scenes(browser, design_address)) == set(SCENES)


def test_every_state_is_on_one_page(browser: Browser, design_address: str) -> None:
    page = browser.new_page()
    page.goto(f"{design_address}?all&width=400&theme=dark")

    frames = page.locator("iframe")
    assert [frame.get_attribute("title") for frame in frames.all()] == SCENES
    frames.nth(SCENES.index("loading")).scroll_into_view_if_needed()
    panel = page.frame_locator("iframe[title=loading]").locator(".lms-Panel")
    expect(panel.get_by_role("progressbar").first).to_be_visible()
    page.close()


@pytest.mark.parametrize("name", SMALL)
def test_axe_finds_nothing_in_any_theme(
    browser: Browser, design_address: str, artifacts: Path, name: str
) -> None:
    scene = Scene(browser, design_address, name)
    findings = {}
    for theme in THEMES:
        scene.theme(theme)
        findings[theme] = scene.findings if theme == THEMES[0] else scene.findings_of_colour
        if theme in ("light", "dark"):
            scene.photograph(artifacts / f"state-{name}-{theme}.png")
    scene.close()

    assert {theme: found for theme, found in findings.items() if found} == {}
    assert scene.messages == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("name", SMALL)
def test_nothing_is_cut_off_or_lies_over_another_at_any_width(
    browser: Browser, design_address: str, artifacts: Path, name: str, direction: str
) -> None:
    lang = {"ltr": "en", "rtl": "de"}[direction]
    wrong = {}
    scene = Scene(browser, design_address, name, width=WIDTHS[0], dir=direction, lang=lang)
    for width in WIDTHS:
        scene.width(width)
        if found := scene.out_of_place:
            wrong[width] = found
        if found or width == WIDTHS[0]:
            scene.photograph(artifacts / f"width-{name}-{direction}-{width}.png")
    scene.close()

    assert wrong == {}


@pytest.mark.parametrize("name", ["idle", "form", "loading"])
def test_at_twice_the_size_it_is_as_with_half_the_room(
    browser: Browser, design_address: str, artifacts: Path, name: str
) -> None:
    # This is what a browser does for 200 %: twice the pixels, half the width in the page's own.
    scene = Scene(browser, design_address, name, width=400, zoom=2)

    assert scene.out_of_place == []
    assert scene.findings == []
    scene.photograph(artifacts / f"zoom-{name}.png")
    scene.close()
