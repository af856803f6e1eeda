"""What the panel weighs, and how fast it draws. Run: `python -m tests.bench panel`.

Needs Chromium, Node and a built front end. The design page is built here; first paint is measured
in JupyterLab with an engine.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.figure import Figure, percentile
from tests.browser.design import design_page
from tests.browser.lab import Lab, Notebook, chromium, jupyterlab
from tests.engines import engine

ROOT = Path(__file__).parents[2]
EMPTY = "about:blank"
COUNT_S, SETTLE_MS, ROUNDS = 15, 2000, 5
CHANGES = 100
WORDS = ("q", "qw", "model-4", "base", "publisher-9", "model-49 instruct", "", "4b")
PLAIN = "import ipywidgets\nipywidgets.HTML('<ul><li>one</li></ul>')"
KERNELS = 5
READ_MS = 2000
"""How long somebody takes from one cell to the next."""
LOAD_EXTENSION = "%load_ext lms_jupyter"
CELL = "import lms_jupyter\npanel = lms_jupyter.panel()\npanel"
PANEL: list[object] = [1, ".lms-Panel"]
IPYWIDGETS_OWN: list[object] = [2, ".widget-html"]
FIRSTS = {
    "first panel of a kernel": ("", PANEL),
    "first panel of a kernel after %load_ext lms_jupyter": (LOAD_EXTENSION, PANEL),
    "first list of ipywidgets' own of a kernel": ("", IPYWIDGETS_OWN),
}
"""What is drawn first in a new kernel, after which cell."""

PAINTED = """const painted = () => new Promise((resolve) => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => resolve(performance.now());
  port2.postMessage(null);
}));"""

CHANGE = f"""async (count) => {{
  {PAINTED}
  const slice = scene.news.find((one) => one.kind === "activity");
  const times = [];
  for (let turn = 1; turn <= count; turn += 1) {{
    await new Promise((resolve) => setTimeout(resolve, 20 + (turn * 7) % 16));
    const next = JSON.parse(JSON.stringify(slice));
    next.revision += turn;
    next.instances[turn % next.instances.length].queued = turn % 5;
    const began = performance.now();
    lms.deliver(next);
    times.push((await painted()) - began);
  }}
  return times;
}}"""

TYPE = """async (words) => {
  const input = document.querySelector("input[type=search]");
  const times = [];
  for (let turn = 0; turn < 15; turn += 1) {
    for (const word of words) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const began = performance.now();
      input.value = word;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      // The drawing is done in a microtask; asking for a height has styles and layout done too.
      await Promise.resolve();
      await Promise.resolve();
      document.querySelector("main").getBoundingClientRect();
      times.push(performance.now() - began);
    }
  }
  return times;
}"""

NOTHING = f"""async (count) => {{
  {PAINTED}
  const times = [];
  for (let turn = 1; turn <= count; turn += 1) {{
    await new Promise((resolve) => setTimeout(resolve, 20 + (turn * 7) % 16));
    const began = performance.now();
    times.push((await painted()) - began);
  }}
  return times;
}}"""

FIRST_PAINT = f"""async ([index, selector]) => {{
  {PAINTED}
  const {{ content }} = window.jupyterapp.shell.currentWidget;
  const cell = content.widgets[index].node;
  const old = cell.querySelector(selector);
  content.activeCellIndex = index;
  const began = performance.now();
  void window.jupyterapp.commands.execute("notebook:run-cell");
  for (;;) {{
    const at = await painted();
    const seen = cell.querySelector(selector);
    if (seen && seen !== old && seen.querySelector("li")) return at - began;
  }}
}}"""


def figures() -> Iterator[Figure]:
    """Measure the scripts, drawing, counting and searching, then the first paint."""
    for name, limit in (("panel.js", 14.0), ("panel.css", None), ("status.js", None)):
        text = (ROOT / "lms_jupyter" / "widgets" / "static" / name).read_bytes()
        size = len(gzip.compress(text, 9)) / 1000
        yield Figure(f"{name}, gzipped", size, "kB", at_most=limit)
    with sync_playwright() as playwright, design_page() as address:
        browser = chromium(playwright)
        yield from drawing(browser, address)
        yield from counting(browser, address)
        yield from first_paint(browser)
        browser.close()


def opened(browser: Browser, address: str) -> Page:
    """Open a scene and wait until it is drawn."""
    page = browser.new_page(viewport={"width": 824, "height": 900})
    page.goto(address)
    if "scene" in address:
        page.wait_for_selector("body[data-ready]")
    return page


def drawing(browser: Browser, address: str) -> Iterator[Figure]:
    """Change one of a hundred rows again and again; type into the search of 5,000 models."""
    page = opened(browser, f"{address}?bare&scene=hundred")
    times = page.evaluate(NOTHING, CHANGES)
    yield Figure("nothing to paint in the same page, p95", percentile(times, 95), "ms")
    times = page.evaluate(CHANGE, CHANGES)
    yield Figure("a slice to paint with 100 rows, p95", percentile(times, 95), "ms", at_most=30)
    page.close()
    page = opened(browser, f"{address}?bare&scene=thousands")
    times = page.evaluate(TYPE, WORDS)
    what = "a keystroke in the search over 5,000 models, script to layout, p95"
    yield Figure(what, percentile(times, 95), "ms", at_most=16)
    page.close()


def counting(browser: Browser, address: str) -> Iterator[Figure]:
    """Measure what countdowns cost, in turns with an empty page: a browser is never quite idle."""
    limits = {"hundred": 1.5, "thousand": 2.5}
    pages = {scene: f"{address}?bare&scene={scene}" for scene in limits} | {EMPTY: EMPTY}
    rounds = [{what: share(browser, page) for what, page in pages.items()} for _ in range(ROUNDS)]
    medians = {what: median(one[what] for one in rounds) for what in pages}
    for scene, limit in limits.items():
        what = f"a {scene} rows count down: Chromium's share of a core"
        yield Figure(what, medians[scene], "%", at_most=limit)
        added = median(one[scene] - one[EMPTY] for one in rounds)
        yield Figure(f"{what}, more than an empty page", added, "%")
    yield Figure("the same browser with an empty page", medians[EMPTY], "%")


def share(browser: Browser, address: str) -> float:
    """Leave a page alone and see what all processes of the browser take, in per cent of a core."""
    page = opened(browser, address)
    page.wait_for_timeout(SETTLE_MS)  # what a page does when it opens is no part of this
    before = cpu_s()
    page.wait_for_timeout(COUNT_S * 1000)
    taken = 100 * (cpu_s() - before) / COUNT_S
    page.close()
    return taken


def cpu_s() -> float:
    """Add up the processor time of every Chromium process that this one has started."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        if "chrom" in process.name():
            times = process.cpu_times()
            total += times.user + times.system
    return total


def first_paint(browser: Browser) -> Iterator[Figure]:
    """Run the cell of a panel again and again; the first time with what it takes to begin."""
    with tempfile.TemporaryDirectory() as temporary, engine(Path(temporary) / "engine") as address:
        folder, variables = Path(temporary) / "lab", {"LMS_JUPYTER_HOST": address}
        folder.mkdir()
        with jupyterlab(folder, variables) as lab, closing(browser.new_page()) as page:
            firsts: dict[str, list[float]] = {what: [] for what in FIRSTS}
            for _ in range(KERNELS):
                for what, (beginning, where) in FIRSTS.items():
                    paint = painter(page, lab, beginning)
                    firsts[what].append(paint(where))
            for what, times in firsts.items():
                yield Figure(f"run to first paint, {what}, median", median(times), "ms")
            others, ours = (
                [paint(where) for _ in range(11)][1:] for where in (IPYWIDGETS_OWN, PANEL)
            )
            what = "run to first paint, a list of ipywidgets' own, p95"
            yield Figure(what, percentile(others, 95), "ms")
            what = "run to first paint, later panels, p95"
            yield Figure(what, percentile(ours, 95), "ms", at_most=150)


def painter(page: Page, lab: Lab, beginning: str) -> Callable[[list[object]], float]:
    """Open a notebook with a new kernel, run its first cell, and give somebody time to read."""
    notebook = Notebook(page, lab, [beginning, CELL, PLAIN])
    if beginning:
        notebook.run(0)
    page.wait_for_timeout(READ_MS)
    return partial(page.evaluate, FIRST_PAINT)
