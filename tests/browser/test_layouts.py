"""Where everything is in the states of the panel, compared with where it was, `layouts`.

Letters are boxes of one width (`plain_font`), so that a machine's fonts make no difference. What a
change has moved on purpose is copied from `tests/browser/artifacts/layouts`, after a look at it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.design import Scene, design_page
from tests.browser.drawn import Box, boxes, in_plain_font

pytestmark = pytest.mark.browser

KEPT = Path(__file__).parent / "layouts"
SCENES = ("idle", "busy", "loading", "problems", "timeline", "downloading")
WIDTHS = (280, 400, 560, 720, 1000)
TOLERANCE_PX = 1
Layout = dict[int, list[Box]]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with design_page() as address:
        yield address


def seen(browser: Browser, address: str, name: str) -> Layout:
    """Return each element with its place and its size, at every width."""
    scene = Scene(browser, address, name, width=WIDTHS[0])
    in_plain_font(scene.page)
    layout = {}
    for width in WIDTHS:
        scene.width(width)
        layout[width] = boxes(scene.page)
    scene.close()
    return layout


def written(layout: Layout) -> str:
    """Write a layout down, a line for each element."""
    return "".join(
        f"{width} {name} {' '.join(map(str, edges))}\n"
        for width, boxes in layout.items()
        for name, edges in boxes
    )


def read(text: str) -> Layout:
    """Read what was written down."""
    layout: Layout = {}
    for line in text.splitlines():
        width, name, *edges = line.split()
        layout.setdefault(int(width), []).append((name, [int(edge) for edge in edges]))
    return layout


def moved(before: Layout, now: Layout) -> list[str]:
    """Say what is elsewhere, or is there and was not, or was and is not, at each width."""
    found = []
    for width in sorted(before.keys() | now.keys()):
        old, new = before.get(width, []), now.get(width, [])
        names = [[name for name, _ in boxes] for boxes in (old, new)]
        if names[0] != names[1]:
            found.append(f"{width}: other elements ({len(old)} before, {len(new)} now)")
            continue
        found += [
            f"{width}: {name} was at {was}, is at {there}"
            for (name, was), (_, there) in zip(old, new, strict=True)
            if any(abs(a - b) > TOLERANCE_PX for a, b in zip(was, there, strict=True))
        ]
    return found


@pytest.mark.parametrize("name", SCENES)
def test_everything_is_where_it_was(
    browser: Browser, address: str, artifacts: Path, name: str
) -> None:
    now = seen(browser, address, name)
    file = artifacts / "layouts" / f"{name}.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text(written(now), encoding="utf-8")

    kept = KEPT / file.name
    assert moved(read(kept.read_text(encoding="utf-8")), now)[:20] == []
    assert len(now[WIDTHS[0]]) > 20


def test_what_is_elsewhere_is_named() -> None:
    before: Layout = {400: [("lms-Row", [0, 10, 400, 48]), ("lms-Bar", [4, 0, 392, 8])]}

    assert moved(before, read(written(before))) == []
    nearly: Layout = {400: [("lms-Row", [0, 11, 400, 48]), ("lms-Bar", [4, 0, 391, 8])]}
    assert moved(before, nearly) == []
    lower: Layout = {400: [("lms-Row", [0, 14, 400, 48]), ("lms-Bar", [4, 0, 392, 8])]}
    assert moved(before, lower) == ["400: lms-Row was at [0, 10, 400, 48], is at [0, 14, 400, 48]"]
    assert moved(before, {400: lower[400][:1]}) == ["400: other elements (2 before, 1 now)"]
