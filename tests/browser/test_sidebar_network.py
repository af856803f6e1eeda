"""The network goes and comes back under an open page: nothing is lost, nothing is done twice."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import lmstudio
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, click_impatiently
from tests.browser.sidebar import Page, opened
from tests.browser.wire import Wire

pytestmark = pytest.mark.browser


@pytest.fixture
def wire(lab: Lab) -> Iterator[Wire]:
    port = urlsplit(lab.url).port
    assert port is not None
    with Wire(port) as wire:
        yield wire


@pytest.fixture
def page(browser: Browser, lab: Lab, wire: Wire, engine_address: str) -> Iterator[Page]:
    through = replace(lab, url=f"http://127.0.0.1:{wire.port}/")
    with opened(browser, through, empty=engine_address) as page:
        yield page


def loaded(address: str) -> list[str]:
    with lmstudio.Client(address) as client:
        return [model.identifier for model in client.list_loaded_models()]


def test_a_network_that_breaks_is_told_and_found_again(
    page: Page, wire: Wire, engine_address: str
) -> None:
    page.sidebar.show()
    load = page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True)
    expect(load).to_be_enabled()
    lost = page.page.get_by_role("dialog", name="Server Connection Error")
    page.page.add_locator_handler(lost, lost.get_by_role("button").last.click)

    wire.cut()
    expect(load).to_have_attribute("aria-disabled", "true")
    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "meanwhile", ttl=600)
    wire.mend()

    expect(page.sidebar.row("meanwhile")).to_be_visible(timeout=40_000)
    expect(load).not_to_have_attribute("aria-disabled", "true")
    load.click()
    expect(page.sidebar.row("tutor-1m")).to_be_visible()
    assert loaded(engine_address) == ["meanwhile", "tutor-1m"]


def test_a_click_into_a_network_that_is_silent_is_carried_out_once(
    page: Page, wire: Wire, engine_address: str
) -> None:
    page.sidebar.show()
    load = page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True)
    expect(load).to_be_enabled()

    wire.freeze()
    load.click()
    load.click()  # once the first is given up
    click_impatiently(load)
    page.page.wait_for_timeout(2000)  # longer than an answer ever takes
    assert loaded(engine_address) == []
    wire.mend()

    expect(page.sidebar.row("tutor-1m")).to_be_visible()
    page.execute("lms:refresh")
    assert loaded(engine_address) == ["tutor-1m"]
