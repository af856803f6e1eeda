"""Longer stories in the panel: settings with a name, a download, and another host."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lmstudio
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.lab import Lab
from tests.engine.flaky_hub import FlakyHub, serving
from tests.engine.synthetic import write_llm
from tests.engines import engine, owner

pytestmark = pytest.mark.browser

PANEL = "%load_ext lms_jupyter\nimport lms_jupyter\npanel = lms_jupyter.panel()\npanel"
PART = 4096
"""How much of a file the source hands out while its gate is closed."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A second host, which can fetch models, and the source that it fetches from."""

    address: str
    hub: FlakyHub


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    model = write_llm(tmp_path / "source.bin", name="tiny").read_bytes()
    models = tmp_path / "models"
    models.mkdir()
    hub = FlakyHub({"tiny-F16.gguf": model}, before_gate=PART, piece_bytes=PART)
    options = ("--no-default-models", "--models", str(models), "--downloads", str(models))
    with serving(hub) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with engine(tmp_path / "elsewhere", *options) as address:
            yield Elsewhere(address, hub)


def switch(page: Page, address: str) -> None:
    """Go over to another host with the panel's own buttons."""
    page.get_by_role("button", name="Host details").click()
    page.get_by_role("button", name=f"Switch to Embedded engine {address}").click()
    expect(page.locator(".lms-HostBar-address")).to_have_text(address)
    page.get_by_role("button", name="Host details").click()


def test_settings_get_a_name_and_are_used_by_it_in_the_form_and_in_a_cell(
    open_notebook: Open, lab: Lab, engine_address: str
) -> None:
    notebook = open_notebook([PANEL, "llm = %lms load tutor-1m --profile small --new"])
    notebook.run(0)
    form = notebook.panel.get_by_role("form", name="Settings for tutor-1m")

    notebook.panel.get_by_role("button", name="Load tutor-1m with settings").click()
    form.get_by_role("spinbutton", name="Context length").fill("512")
    form.get_by_role("radio", name="5 min", exact=True).check()
    form.get_by_role("button", name="Save as profile…").click()
    form.get_by_role("textbox", name="Name of the profile").fill("small")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.get_by_role("combobox", name="Profile")).to_have_value("small")
    form.get_by_role("button", name="Load", exact=True).click()
    expect(notebook.row("tutor-1m")).to_be_visible()
    notebook.run(1)

    with lmstudio.Client(engine_address) as client:
        loaded = client.llm.list_loaded()
        assert [one.get_context_length() for one in loaded] == [512, 512]
        for one in loaded:
            one.unload()
    profiles = lab.folder / "lms_profiles.toml"
    assert "[small]" in profiles.read_text()
    profiles.unlink()
    assert notebook.messages == []


def test_the_form_knows_what_such_a_load_took_and_says_what_keeps_the_next(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL])
    with lmstudio.Client(engine_address) as client:
        before = client.llm.load_new_instance("tutor-1m", config={"contextLength": 768})
        before.complete("The sea is wide and the sky is blue. " * 40, config={"maxTokens": 1})
        before.unload()
        notebook.run(0)
        form = notebook.panel.get_by_role("form", name="Settings for tutor-1m")
        notebook.panel.get_by_role("button", name="Load tutor-1m with settings").click()
        context = form.get_by_role("spinbutton", name="Context length")

        context.fill("1024")
        expect(form.get_by_text("corrected by what loads took here")).to_be_visible()
        context.fill("768")
        expect(form.get_by_text("measured here")).to_be_visible()

        form.get_by_role("combobox", name="Keep").select_option("open")
        expect(form.get_by_text("--keep while-open")).to_be_visible()
        form.get_by_role("button", name="Load", exact=True).click()
        notebook.panel.get_by_role("button", name="More about tutor-1m").click()
        expect(notebook.panel.get_by_text("kept while a notebook is open")).to_be_visible()
        client.llm.model("tutor-1m").unload()
    assert notebook.messages == []


def test_a_model_is_fetched_paused_resumed_and_loaded_on_a_host_that_was_switched_to(
    open_notebook: Open, engine_address: str, elsewhere: Elsewhere, artifacts: Path
) -> None:
    told = f"%lms host {elsewhere.address}\n%lms host {engine_address}"
    notebook = open_notebook([PANEL, told])
    notebook.run(0)
    notebook.run(1)
    panel, hub = notebook.panel, elsewhere.hub

    switch(notebook.page, elsewhere.address)
    panel.get_by_role("button", name="Get model…").click()
    form = panel.get_by_role("form", name="Get a model")
    form.get_by_role("searchbox").fill("a/tiny-GGUF")
    form.get_by_role("button", name="Find").click()
    form.get_by_role("listitem").get_by_role("button").click()
    panel.get_by_role("button", name="Pause downloading").click()
    resume = panel.get_by_role("button", name="Resume downloading")
    expect(resume).to_be_visible()
    notebook.page.screenshot(path=artifacts / "story-download.png")
    asked = len(hub.asked)
    hub.before_gate = 2**60
    resume.click()

    panel.get_by_role("button", name="Load tiny", exact=True).click()
    expect(notebook.row("tiny")).to_be_visible()
    assert len(hub.asked) > asked
    with lmstudio.Client(elsewhere.address) as client:
        assert [one.identifier for one in client.llm.list_loaded()] == ["tiny"]

    switch(notebook.page, engine_address)
    expect(notebook.row("tiny")).to_have_count(0)
    expect(panel.get_by_role("button", name="Load tutor-1m", exact=True)).to_be_visible()
    assert notebook.messages == []


def test_a_host_that_dies_while_it_fetches_leaves_no_lie_and_no_dead_button(
    open_notebook: Open, elsewhere: Elsewhere
) -> None:
    told = f"%lms host {elsewhere.address}"
    notebook = open_notebook([PANEL, told])
    notebook.run(0)
    notebook.run(1)
    panel = notebook.panel
    panel.get_by_role("button", name="Get model…").click()
    form = panel.get_by_role("form", name="Get a model")
    form.get_by_role("searchbox").fill("a/tiny-GGUF")
    form.get_by_role("button", name="Find").click()
    form.get_by_role("listitem").get_by_role("button").click()
    pause = panel.get_by_role("button", name="Pause downloading")
    expect(pause).to_be_visible()

    owner(elsewhere.address).kill()

    expect(panel).to_have_attribute("data-link", "lost")
    expect(panel.get_by_text("snapshot from")).to_be_visible()
    expect(panel.get_by_role("button", name="downloading", disabled=False)).to_have_count(0)
    assert notebook.messages == []
    expect(notebook.output(1)).not_to_contain_text("ebsocket")
