"""When something dies, or hands are impatient: no dead button, no lie, nothing in the console."""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import lmstudio
import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.lab import KERNEL_IS_IDLE, NOTEBOOK, Notebook, click_impatiently
from tests.browser.sidebar import Sidebar, unload_all
from tests.engines import engine, family, held, owner
from tests.ports import free_port
from tests.suspending import suspend

pytestmark = pytest.mark.browser

PANEL = "import lms_jupyter\npanel = lms_jupyter.panel()\npanel"
TWO = "lms_jupyter.panel()"
INTERRUPT = f"() => {NOTEBOOK}.sessionContext.session.kernel.interrupt()"
BACK_MS = 40_000
"""A host that was lost is looked for every ten seconds at last."""

Hands = Callable[[Notebook, str], None]


def press(notebook: Notebook, name: str) -> None:
    notebook.panel.get_by_role("button", name=name, exact=True).click()


def nothing(_notebook: Notebook, _address: str) -> None:
    """Leave the panel as it is."""


def open_form(notebook: Notebook, _address: str) -> None:
    press(notebook, "Load tutor-1m with settings")
    expect(notebook.panel.get_by_role("form")).to_contain_text("fits")


def open_details(notebook: Notebook, _address: str) -> None:
    press(notebook, "More about chat")


def unload_one(notebook: Notebook, _address: str) -> None:
    press(notebook, "Unload chat")
    expect(notebook.panel.get_by_role("button", name="Undo: load chat again")).to_be_visible()


def ask_for_all(notebook: Notebook, _address: str) -> None:
    press(notebook, "Unload all")


def begin_load(notebook: Notebook, address: str) -> None:
    suspend(*family(address))
    press(notebook, "Load text-embedding-tutor-embed")
    name = "Cancel loading text-embedding-tutor-embed"
    expect(notebook.panel.get_by_role("button", name=name)).to_be_visible()


HANDS: dict[str, Hands] = {
    "calm": nothing,
    "the form is open": open_form,
    "the details are open": open_details,
    "an unload can be undone": unload_one,
    "all are about to go": ask_for_all,
    "a load is under way": begin_load,
}


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> Iterator[None]:
    unload_all(engine_address)
    yield
    unload_all(engine_address)


def port_of(address: str) -> str:
    return address.rpartition(":")[2]


def in_memory(address: str) -> list[str]:
    with lmstudio.Client(address) as client:
        return sorted(model.identifier for model in client.list_loaded_models())


@pytest.mark.parametrize("state", HANDS)
def test_a_host_that_is_killed_is_said_to_be_lost_and_its_successor_is_found(
    open_notebook: Open, tmp_path: Path, artifacts: Path, state: str
) -> None:
    with engine(tmp_path / "one", "--port", str(free_port())) as address:
        with lmstudio.Client(address) as client:
            client.llm.load_new_instance("tutor-1m", "chat", ttl=3600)
            client.llm.load_new_instance("tutor-1m", "other", ttl=3600)
        choose = f"import os\nos.environ['LMS_JUPYTER_HOST'] = {address!r}\n"
        notebook = open_notebook([choose + PANEL])
        notebook.run(0)
        expect(notebook.row("chat")).to_be_visible()
        HANDS[state](notebook, address)

        victims = [*family(address), owner(address)]
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        psutil.wait_procs(victims, timeout=10)

        # With the form open, the one Load is the form's.
        name = re.compile("^Load( tutor-1m)?$")
        load = notebook.panel.get_by_role("button", name=name).first
        expect(load).to_have_attribute("aria-disabled", "true")
        expect(notebook.panel.get_by_role("status").first).to_have_text(re.compile(r"\w"))
        expect(
            notebook.panel.get_by_role("button", name=re.compile("^Cancel loading"))
        ).to_have_count(0)
        notebook.panel.screenshot(path=artifacts / f"fault-{state.replace(' ', '-')}.png")

    with engine(tmp_path / "two", "--port", port_of(address)):
        expect(load).not_to_have_attribute("aria-disabled", "true", timeout=BACK_MS)
        expect(notebook.row("chat")).to_have_count(0)
        # Rows that are gone keep their places under the pointer; when it leaves, the rest moves.
        notebook.page.mouse.move(0, 0)
        expect(notebook.panel.locator(".lms-GoneRow")).to_have_count(0)
        load.click()
        expect(notebook.row("tutor-1m")).to_be_visible()
        press(notebook, "Unload tutor-1m")
        expect(notebook.row("tutor-1m")).to_have_count(0)
        assert in_memory(address) == []
    assert notebook.messages == []


@pytest.mark.parametrize("before", [[], ["chat"]])
def test_five_impatient_clicks_are_one_load(
    open_notebook: Open, engine_address: str, before: list[str]
) -> None:
    with lmstudio.Client(engine_address) as client:
        for identifier in before:
            client.embedding.load_new_instance("text-embedding-tutor-embed", identifier)
    notebook = open_notebook([PANEL])
    notebook.run(0)
    load = notebook.panel.get_by_role("button", name="Load tutor-1m", exact=True)
    expect(load).to_be_visible()
    with held(engine_address):
        click_impatiently(load)

    expect(notebook.row("tutor-1m")).to_be_visible()
    cancel = notebook.panel.get_by_role("button", name=re.compile("^Cancel loading"))
    expect(cancel).to_have_count(0)
    assert in_memory(engine_address) == [*before, "tutor-1m"]
    assert notebook.messages == []


def test_two_panels_and_a_sidebar_act_on_one_instance_and_agree(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL, TWO])
    notebook.run(0)
    notebook.run(1)
    one, two = (notebook.output(index).locator(".lms-Panel") for index in (0, 1))
    sidebar = Sidebar(notebook.page)
    sidebar.show()
    everywhere = (one, two, sidebar.panel)

    one.get_by_role("button", name="Load tutor-1m", exact=True).click()
    for panel in everywhere:
        expect(panel.get_by_role("button", name="Unload tutor-1m")).to_be_visible()

    # At once, before any of them can know of the other's click.
    notebook.page.evaluate(
        """() => document.querySelectorAll("[aria-label='Unload tutor-1m']")
          .forEach((button) => button.click())"""
    )

    two.get_by_role("button", name="Undo: load tutor-1m again").click()
    for panel in everywhere:
        expect(panel.get_by_role("button", name="Unload tutor-1m", exact=True)).to_be_visible()
    assert in_memory(engine_address) == ["tutor-1m"]
    assert notebook.messages == []


def test_an_interrupt_ends_the_cell_and_not_the_panel(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL, "while True:\n    sum(range(10_000))"])
    notebook.run(0)
    notebook.start(1)
    expect(notebook.page.get_by_text("[*]:").first).to_be_visible()

    notebook.page.evaluate(INTERRUPT)
    expect(notebook.output(1)).to_contain_text("KeyboardInterrupt")
    notebook.page.wait_for_function(KERNEL_IS_IDLE)
    press(notebook, "Load tutor-1m")

    expect(notebook.row("tutor-1m")).to_be_visible()
    assert in_memory(engine_address) == ["tutor-1m"]
    assert notebook.messages == []
