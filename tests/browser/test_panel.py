"""The main job, end to end: real JupyterLab, real Chromium, a real model in real llama.cpp."""

import re
from pathlib import Path

import lmstudio
import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.kernels import busy
from tests.engines import family
from tests.suspending import suspend

pytestmark = pytest.mark.browser

PANEL = "%load_ext lms_jupyter\nimport lms_jupyter\npanel = lms_jupyter.panel()\npanel"
SEEN_WITHIN_MS = 500


def seconds_left(text: str) -> int:
    """Read a countdown as the panel writes it."""
    minutes, _, seconds = text.rsplit(maxsplit=1)[-1].rpartition(":")
    return int(minutes or 0) * 60 + int(seconds)


def children(address: str) -> int:
    """Count the processes of the engine that have a model in memory: they listen."""
    return sum(
        any(c.status == psutil.CONN_LISTEN for c in child.net_connections())
        for child in family(address)
    )


def unload_all(address: str) -> None:
    with lmstudio.Client(address) as client:
        for model in client.list_loaded_models():
            model.unload()


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> None:
    unload_all(engine_address)


def test_a_model_is_loaded_by_click_counts_down_and_is_unloaded_by_click(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)

    notebook.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()

    row = notebook.row("tutor-1m")
    timer = row.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^unloads in 59:5\d$"))
    before = seconds_left(timer.inner_text())
    expect(timer).to_have_text(re.compile(rf"^unloads in 59:{before % 60 - 2:02d}$"))
    assert children(engine_address) == 1

    row.get_by_role("button", name="Unload tutor-1m", exact=True).click()

    expect(row).to_have_count(0)
    expect(notebook.panel.get_by_role("button", name="Undo: load tutor-1m again")).to_be_visible()
    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []
    assert children(engine_address) == 0
    assert notebook.messages == []


def test_a_load_is_seen_moving(open_notebook: Open) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    notebook.page.evaluate(WATCH_PROGRESS)

    notebook.panel.get_by_role("button", name="Load large", exact=True).click()
    expect(notebook.row("large")).to_be_visible()

    shares = notebook.page.evaluate("() => window.shares")
    assert shares == sorted(shares)
    assert any(0 < share < 100 for share in shares), shares


def test_a_load_can_be_cancelled_and_its_process_ends(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL])
    notebook.run(0)
    # A process that is held cannot finish its load before the click.
    held = family(engine_address)
    suspend(*held)

    notebook.panel.get_by_role("button", name="Load large", exact=True).click()
    notebook.panel.get_by_role("button", name="Cancel loading large").click()

    expect(notebook.panel.get_by_role("button", name="Cancel loading large")).to_have_count(0)
    expect(notebook.row("large")).to_have_count(0)
    gone, _alive = psutil.wait_procs(held, timeout=5)
    assert gone
    assert children(engine_address) == 0
    assert notebook.messages == []


@pytest.mark.alone
def test_what_the_magic_and_the_plain_sdk_load_appears_within_half_a_second(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL, "llm = %lms load tutor-1m --ttl 300"])
    notebook.run(0)

    notebook.run(1)
    timer = notebook.row("tutor-1m").get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^unloads in (5:00|4:5\d)$"), timeout=SEEN_WITHIN_MS)

    with lmstudio.Client(engine_address) as client:
        client.llm.load_new_instance("tutor-1m", "by-the-sdk", ttl=120)
        timer = notebook.row("by-the-sdk").get_by_role("timer")
        expect(timer).to_have_text(re.compile(r"^unloads in (2:00|1:5\d)$"), timeout=SEEN_WITHIN_MS)


def test_at_the_end_of_its_ttl_an_instance_is_gone_from_host_panel_and_memory(
    open_notebook: Open, engine_address: str
) -> None:
    notebook = open_notebook([PANEL, "llm = %lms load tutor-1m --ttl 8"])
    notebook.run(0)
    notebook.run(1)
    expect(notebook.row("tutor-1m").get_by_role("timer")).to_have_text(
        re.compile(r"^unloads in 0:0[1-8]$")
    )
    assert children(engine_address) == 1

    expect(notebook.row("tutor-1m")).to_have_count(0, timeout=12_000)

    with lmstudio.Client(engine_address) as client:
        assert list(client.list_loaded_models()) == []
    assert children(engine_address) == 0


def test_a_click_works_while_a_cell_runs(open_notebook: Open, tmp_path: Path) -> None:
    release = tmp_path / "release"
    notebook = open_notebook([PANEL, busy(release)])
    notebook.run(0)
    notebook.start(1)
    expect(notebook.page.get_by_text("[*]:").first).to_be_visible()

    notebook.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
    expect(notebook.row("tutor-1m")).to_be_visible()

    assert notebook.page.get_by_text("[*]:").count() > 0, "the cell had ended"
    release.touch()


def test_a_figure_in_the_making_survives_a_click(open_notebook: Open) -> None:
    figure = (
        "import sys\n"
        "from IPython import get_ipython\n"
        "shown = []\n"
        "get_ipython().events.register('post_execute', lambda: shown.append(len(shown)))\n"
    )
    slow = (
        "import time\n"
        "before, until = len(shown), time.monotonic() + 30\n"
        "while not panel.activity['instances'] and time.monotonic() < until:\n"
        "    time.sleep(0.05)\n"
        "print('loaded', len(panel.activity['instances']), 'hooks', len(shown) - before)"
    )
    notebook = open_notebook([PANEL, figure, slow])
    notebook.run(0)
    notebook.run(1)
    notebook.start(2)
    notebook.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
    expect(notebook.row("tutor-1m")).to_be_visible()

    # matplotlib's inline backend shows and closes figures in this very hook.
    expect(notebook.output(2)).to_contain_text("loaded 1 hooks 0")


def test_a_refusal_has_a_sentence_and_a_hint(open_notebook: Open) -> None:
    notebook = open_notebook([PANEL, "%lms load tutor", "%lms load tutor-1m --ttl 0"])
    for index in range(3):
        notebook.run(index)

    expect(notebook.output(1)).to_contain_text("3 models match 'tutor'.")
    expect(notebook.output(1)).to_contain_text("Name one of them in full: tutor-1m")
    expect(notebook.output(2)).to_contain_text("a TTL of 0 makes no sense")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_panel_is_photographed(open_notebook: Open, artifacts: Path, theme: str) -> None:
    notebook = open_notebook(
        [PANEL, "%lms load tutor-1m --ttl 15m\n%lms load text-embedding-tutor-embed --ttl none"]
    )
    notebook.run(0)
    notebook.run(1)
    notebook.theme(theme)
    expect(notebook.row("text-embedding-tutor-embed")).to_be_visible()

    name = theme.rpartition(" ")[2].lower()
    notebook.page.screenshot(path=artifacts / f"lab-{name}.png")
    notebook.panel.screenshot(path=artifacts / f"panel-{name}.png")
    assert (artifacts / f"panel-{name}.png").stat().st_size > 10_000


WATCH_PROGRESS = """() => {
  window.shares = [];
  const look = () => {
    for (const bar of document.querySelectorAll(".lms-Panel progress")) {
      const share = Math.round((100 * bar.value) / bar.max);
      if (window.shares.at(-1) !== share) window.shares.push(share);
    }
    requestAnimationFrame(look);
  };
  look();
}"""
