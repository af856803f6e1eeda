"""What the sidebar costs a page, and how fast it answers. Run: `python -m tests.bench sidebar`.

Needs Chromium and a built front end. Starts of JupyterLab are measured in pairs, with and without
the sidebar, so that a busy machine slows both.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.bench.figure import Figure, percentile
from tests.browser.lab import TOKEN, Lab, Notebook, chromium, disable_extension, jupyterlab
from tests.engines import engine

ROOT = Path(__file__).parents[2]
PAIRS = 21
CLICKS = 200
BUSY = "import time\nend = time.time() + 60\nwhile time.time() < end:\n    sum(range(1000))"
RESTORED = "() => window.jupyterapp?.restored.then(() => performance.now())"
ASK = """([url, count]) => new Promise(resolve => {
  const socket = new WebSocket(url);
  const times = [];
  let sent = 0;
  const ask = () => {
    sent = performance.now();
    const command = { kind: "dismiss", problem_id: "none" };
    socket.send(JSON.stringify({ rid: `bench-${times.length}`, command }));
  };
  socket.onopen = ask;
  socket.onmessage = ({ data }) => {
    if (!("rid" in JSON.parse(data))) return;
    times.push(performance.now() - sent);
    if (times.length < count) setTimeout(ask, 30);
    else { socket.close(); resolve(times); }
  };
})"""


def figures() -> Iterator[Figure]:
    """Measure the scripts, the start of a page, and answers while a kernel is busy."""
    static = ROOT / "lms_jupyter" / "labextension" / "static"
    sizes = {path.name: path.stat().st_size for path in static.glob("*.js")}
    yield Figure("scripts and styles in all", sum(sizes.values()) / 1000, "kB")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder, browser = Path(temporary), chromium(playwright)
        with engine(folder / "engine") as address:
            variables = {"LMS_JUPYTER_HOST": address}
            disable_extension(folder / "without")
            with (
                jupyterlab(folder / "with", variables) as with_us,
                jupyterlab(folder / "without", variables) as without,
            ):
                yield from starts(browser, with_us, without)
                yield from answers(browser, with_us)
        browser.close()


def starts(browser: Browser, with_us: Lab, without: Lab) -> Iterator[Figure]:
    """Open both in turns, each in a browser whose cache is warm."""
    contexts = browser.new_context(), browser.new_context()
    sizes: list[int] = []
    contexts[0].on(
        "response",
        lambda r: sizes.append(len(r.body())) if "/extensions/lms-jupyter/" in r.url else None,
    )
    differences, others = [], []
    for pair in range(PAIRS + 2):
        # Who goes first changes from pair to pair.
        order = [(contexts[0], with_us), (contexts[1], without)]
        restored = {
            lab.url: opened(context, lab) for context, lab in (order if pair % 2 else order[::-1])
        }
        if pair == 0:
            yield Figure("loaded of ours with a page", sum(sizes) / 1000, "kB", at_most=60)
        if pair > 1:
            differences.append(restored[with_us.url] - restored[without.url])
            others.append(restored[without.url])
    yield Figure("app.restored without us, median", statistics.median(others), "ms")
    grows = statistics.median(differences)
    yield Figure("app.restored grows by, median of pairs", grows, "ms", at_most=30)
    for context in contexts:
        context.close()


def opened(context: BrowserContext, lab: Lab) -> float:
    """Open JupyterLab and return when it was there, in ms after the page began."""
    page = context.new_page()
    page.goto(f"{lab.url}lab?token={TOKEN}&reset")
    restored = float(page.wait_for_function(RESTORED).json_value())
    page.close()
    return restored


def answers(browser: Browser, lab: Lab) -> Iterator[Figure]:
    """Ask the Jupyter Server from a page whose kernel runs a CPU-bound cell."""
    context = browser.new_context()
    notebook = Notebook(context.new_page(), lab, [BUSY])
    notebook.start(0)
    notebook.page.get_by_text("[*]:").first.wait_for()
    url = f"{lab.url.replace('http', 'ws', 1)}lms/slices"
    times = notebook.page.evaluate(ASK, [url, CLICKS])
    yield Figure(
        "a click's answer while the kernel is busy, median", statistics.median(times), "ms"
    )
    p95 = percentile(times, 95)
    yield Figure("a click's answer while the kernel is busy, p95", p95, "ms", at_most=20)
    context.close()
