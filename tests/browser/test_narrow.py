"""Little room, another page, no host: what is there stays within reach."""

from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Open
from tests.browser.design import Scene
from tests.browser.lab import Lab
from tests.browser.sidebar import Page, opened, unload_all, wait_until_ready
from tests.browser.wire import Wire

pytestmark = pytest.mark.browser

PANEL = "%load_ext lms_jupyter\nimport lms_jupyter\npanel = lms_jupyter.panel()\npanel"
UNDO_MS = 6000
FOLDED_PX = 30
"""The list of orders takes no more where it is behind its icon."""
UNDER_POINTER = """select => {
  const { left, top, width, height } = select.getBoundingClientRect();
  return document.elementFromPoint(left + width / 2, top + height / 2) === select;
}"""
FIRST_IS = """key => document
  .querySelector(".lms-Sidebar .lms-ModelList > [data-key]")?.dataset.key === key"""


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> Iterator[None]:
    unload_all(engine_address)
    yield
    unload_all(engine_address)


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    with opened(browser, lab) as page:
        yield page


def keys(panel: Locator) -> list[str]:
    """Return the models in their order."""
    rows = panel.locator(".lms-ModelList > [data-key]")
    return [str(row.get_attribute("data-key")) for row in rows.all()]


@pytest.mark.parametrize("width", [240, 320, 800])
def test_models_are_sorted_by_mouse_keyboard_and_reader_at_any_width(
    browser: Browser, design_address: str, artifacts: Path, width: int
) -> None:
    scene = Scene(browser, design_address, "idle", width=width)
    order = scene.page.get_by_role("combobox", name="Order", exact=True)
    box = order.bounding_box()
    assert box is not None
    assert (box["width"] <= FOLDED_PX) == (width < 560)
    assert order.evaluate(UNDER_POINTER), "something lies over it"

    scene.page.get_by_role("searchbox").focus()
    scene.page.keyboard.press("Tab")
    scene.page.keyboard.press("Tab")
    expect(order).to_be_focused()
    scene.page.keyboard.press("End")

    expect(order).to_have_value("size")
    assert keys(scene.page.locator("main"))[0] == "qwen/qwen3-30b-a3b"
    expect(scene.page.get_by_title("Order: By size")).to_be_visible()
    for theme in ("light", "dark"):
        scene.theme(theme)
        assert scene.findings == []
        assert scene.out_of_place == []
        scene.photograph(artifacts / f"narrow-{width}-{theme}.png")
    scene.close()


def test_what_was_used_last_comes_first_on_the_next_page_too(
    page: Page, engine_address: str
) -> None:
    page.sidebar.show()
    button = page.sidebar.panel.get_by_role(
        "button", name="Load text-embedding-tutor-embed", exact=True
    )
    expect(button).to_be_visible()
    assert keys(page.sidebar.panel)[0] != "text-embedding-tutor-embed"
    with lmstudio.Client(engine_address) as client:
        model = client.embedding.load_new_instance("text-embedding-tutor-embed", "used", ttl=600)
        model.embed("to be used")
        expect(page.sidebar.row("used")).to_be_visible()
        page.page.wait_for_function(FIRST_IS, arg="text-embedding-tutor-embed")
        model.unload()

    # A browser without windows has no key for it.
    page.page.reload()
    wait_until_ready(page.page)
    page.sidebar.show()

    expect(button).to_be_visible()
    expect(page.sidebar.row("used")).to_have_count(0)
    assert keys(page.sidebar.panel)[0] == "text-embedding-tutor-embed"
    assert page.ours == []


def test_the_time_to_undo_waits_for_a_host_that_is_lost(
    open_notebook: Open, engine_address: str, artifacts: Path
) -> None:
    with Wire(int(engine_address.rpartition(":")[2])) as wire:
        notebook = open_notebook([PANEL, f"%lms host 127.0.0.1:{wire.port}"])
        panel = notebook.panel
        notebook.run(0)
        notebook.run(1)
        expect(panel.locator(".lms-HostBar-address")).to_have_text(f"127.0.0.1:{wire.port}")
        panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
        notebook.row("tutor-1m").get_by_role("button", name="Unload tutor-1m").click()
        undo = panel.get_by_role("button", name="Undo: load tutor-1m again")
        expect(undo).to_be_visible()

        wire.cut()
        expect(panel).to_have_attribute("data-link", "lost")
        expect(undo).to_have_attribute("aria-disabled", "true")
        notebook.page.screenshot(path=artifacts / "undo-lost.png")
        notebook.page.wait_for_timeout(UNDO_MS + 1000)  # nothing happens in the meantime
        expect(undo).to_have_attribute("aria-disabled", "true")

        wire.mend()
        panel.get_by_role("button", name="Refresh").click()
        expect(undo).not_to_have_attribute("aria-disabled", "true")
        undo.click()

        expect(notebook.row("tutor-1m")).to_be_visible()
        expect(undo).to_have_count(0)
        assert notebook.messages == []
