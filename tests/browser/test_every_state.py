"""Every state of the panel as it was: where everything is, and in which colours.

Boxes and colours are compared and no pixels, so that neither a machine's fonts nor the themes of a
new JupyterLab make a difference. A colour is called by what it is for (`accent`); besides, it is
seen in themes that are kept here, light, dark and of high contrast, and where the system forces its
own. What a change has moved or painted on purpose is copied from `tests/browser/artifacts/states`,
after a look at it and at the pictures beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ARTIFACTS
from tests.browser.design import VSCODE
from tests.browser.drawn import boxes, colours, in_plain_font, paint
from tests.browser.test_layouts import Layout, moved, read, written
from tests.browser.test_looks import SCENES

pytestmark = pytest.mark.browser

KEPT = Path(__file__).parent / "states"
SHEETS = {sheet.stem: sheet.read_text(encoding="utf-8") for sheet in sorted(VSCODE.glob("*.css"))}
LOOKS = ({"dir": "ltr", "lang": "en", "width": 320}, {"dir": "rtl", "lang": "de", "width": 720})
"""A narrow sidebar, and a wide cell that is read from the right."""
MOST_BOXES = 200
"""Of a state; those with thousands of rows are drawn by the same rules throughout."""
OPENED_MS, SETTLES_MS = 100, 2_000
"""The page's clock: a step until it is drawn, and until what is asked or said late is there."""
MOST_STEPS = 100
IS_READY = "() => 'ready' in document.body.dataset"
THEME = """(sheet) => {
  document.querySelector("#kept-theme")?.remove();
  const style = Object.assign(document.createElement("style"), { id: "kept-theme" });
  style.textContent = sheet;
  document.head.append(style);
}"""


@dataclass
class Drawn:
    """What was seen of the states, by their names."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    colours: dict[str, set[str]] = field(default_factory=dict)
    """Of all states together, by the theme."""


class Gallery:
    """The design page, one state after the other in one page, with a clock that is turned here."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._address = address
        self._context = browser.new_context(reduced_motion="reduce", timezone_id="UTC")
        self.page: Page = self._context.new_page()
        self.thrown: list[str] = []
        self.page.on("pageerror", lambda error: self.thrown.append(str(error)))
        self.page.clock.install(time=0)

    def show(self, name: str, look: dict[str, str | int]) -> None:
        """Draw a state, until nothing of it is still to come."""
        self.page.set_viewport_size({"width": int(look["width"]) + 24, "height": 900})
        query = "&".join(f"{key}={value}" for key, value in look.items())
        self.page.goto(f"{self._address}?bare&theme=none&scene={name}&{query}")
        for _ in range(MOST_STEPS):
            if self.page.evaluate(IS_READY):
                break
            self.page.clock.run_for(OPENED_MS)
        assert self.page.evaluate(IS_READY), f"{name} is never drawn: {self.thrown}"
        in_plain_font(self.page)
        self.page.clock.run_for(SETTLES_MS)
        self._wait_until_still(name)

    def _wait_until_still(self, name: str) -> None:
        """Draw frames, which what watches its own size needs, until nothing moves any more."""
        before = None
        for _ in range(MOST_STEPS):
            self.page.screenshot()
            self.page.clock.run_for(OPENED_MS)
            now = boxes(self.page)
            if now == before:
                return
            before = now
        raise AssertionError(f"{name} never stands still.")

    def colours(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the colours in each of the themes."""
        paint(self.page)
        yield "by-name", colours(self.page)
        self.page.evaluate("() => document.querySelector('#named-colours').remove()")
        for theme, sheet in SHEETS.items():
            self.page.evaluate(THEME, sheet)
            yield theme, colours(self.page)
        # A dark theme of the page, and the system's own: light, with high contrast.
        self.page.evaluate(THEME, SHEETS["vscode-dark"].replace("color-scheme: dark", ""))
        self.page.emulate_media(forced_colors="active")
        yield "forced", colours(self.page)
        self.page.emulate_media(forced_colors="none")
        self.page.evaluate(THEME, "")

    def close(self) -> None:
        self._context.close()


@pytest.fixture(scope="module")
def drawn(browser: Browser, design_address: str) -> Drawn:
    """Look at every state once, and write down what is seen beside its pictures."""
    folder = ARTIFACTS / "states"
    folder.mkdir(parents=True, exist_ok=True)
    seen, gallery = Drawn(), Gallery(browser, design_address)
    for name in SCENES:
        for look in LOOKS:
            gallery.show(name, look)
            width = int(look["width"])
            seen.layouts.setdefault(name, {})[width] = boxes(gallery.page)[:MOST_BOXES]
            gallery.page.screenshot(path=folder / f"{name}-{width}.png")
        for theme, found in gallery.colours():
            seen.colours.setdefault(theme, set()).update(found)
    gallery.close()
    assert gallery.thrown == []
    for name, layout in seen.layouts.items():
        (folder / f"{name}.txt").write_text(written(layout), encoding="utf-8")
    for theme, found in seen.colours.items():
        (folder / f"colours-{theme}.txt").write_text(listed(found), encoding="utf-8")
    return seen


def listed(colours: set[str]) -> str:
    """Write colours down, a line for each kind of element."""
    return "".join(f"{line}\n" for line in sorted(colours))


@pytest.mark.parametrize("name", SCENES)
def test_everything_is_where_it_was(drawn: Drawn, name: str) -> None:
    kept = read((KEPT / f"{name}.txt").read_text(encoding="utf-8"))
    assert moved(kept, drawn.layouts[name])[:20] == []


@pytest.mark.parametrize("theme", ["by-name", *SHEETS, "forced"])
def test_everything_has_the_colours_that_it_had(drawn: Drawn, theme: str) -> None:
    kept = (KEPT / f"colours-{theme}.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(drawn.colours[theme]) == kept
