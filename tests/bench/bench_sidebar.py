"""What the sidebar costs a page, and how fast it answers. Run: `python -m tests.bench sidebar`.

Needs Chromium and a built front end. Starts of JupyterLab are measured in turns, with and without
the sidebar, so that a busy machine slows both. A second JupyterLab without it takes part: what that
one differs by is how far the figure beside it can be trusted.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.figure import Figure, percentile
from tests.browser.lab import TOKEN, Lab, Notebook, chromium, disable_extension, jupyterlab
from tests.engines import engine

ROOT = Path(__file__).parents[2]
ROUNDS, WARMING = 41, 2
PROFILES, SAMPLE_US = 9, 200
SETTLE_MS = 700
"""What a page still does when it is there is no part of the next one's time."""
CLICKS = 200
US, WITHOUT, AGAIN = "with", "without", "without-again"
BUSY = "import time\nend = time.time() + 60\nwhile time.time() < end:\n    sum(range(1000))"
RESTORED = "() => window.jupyterapp?.restored.then(() => performance.now())"
OUR_FOLDER = "/extensions/lms-jupyter/"
LOADED = f"""() => performance.getEntriesByType("resource")
  .filter(({{ name }}) => name.includes("{OUR_FOLDER}"))
  .reduce((sum, {{ decodedBodySize }}) => sum + decodedBodySize, 0)"""
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
    yield Figure("scripts and styles in all", sum(sizes.values()) / 1000, "kB", at_most=60)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder, browser = Path(temporary), chromium(playwright)
        with engine(folder / "engine") as address:
            variables = {"LMS_JUPYTER_HOST": address}
            for name in (WITHOUT, AGAIN):
                disable_extension(folder / name)
            with ExitStack() as stack:
                labs = {
                    name: stack.enter_context(jupyterlab(folder / name, variables))
                    for name in (US, WITHOUT, AGAIN)
                }
                yield from starts(browser, labs)
                yield from answers(browser, labs[US])
        browser.close()


def starts(browser: Browser, labs: Mapping[str, Lab]) -> Iterator[Figure]:
    """Open all in turns, each in a browser whose cache is warm: in a new tab, and in an open one.

    Args:
        browser: Where.
        labs: With us under `US`, and without under the other names.
    """
    contexts = {name: browser.new_context() for name in labs}
    tabs: dict[str, Page] = {}
    for name, lab in labs.items():
        tabs[name] = contexts[name].new_page()
        restored(tabs[name], lab)
    loaded = tabs[US].evaluate(LOADED) / 1000
    yield Figure("loaded of ours with a page", loaded, "kB", at_most=60)

    def in_new_tab(name: str) -> float:
        page = contexts[name].new_page()
        time_ms = restored(page, labs[name])
        page.close()
        return time_ms

    def in_open_tab(name: str) -> float:
        return restored(tabs[name], labs[name])

    for where, opened in (("a new tab", in_new_tab), ("an open tab", in_open_tab)):
        times: dict[str, list[float]] = {name: [] for name in labs}
        for round_, order in enumerate(orders(list(labs), WARMING + ROUNDS)):
            for name in order:
                time_ms = opened(name)
                if round_ >= WARMING:
                    times[name].append(time_ms)
        ours, without, again = (times[name] for name in (US, WITHOUT, AGAIN))
        what = f"app.restored in {where}"
        yield Figure(f"{what}, without us, median", statistics.median(without), "ms")
        yield Figure(f"{what}: two without us differ by", difference(again, without), "ms")
        yield Figure(f"{what} grows by", difference(ours, without), "ms", at_most=30)
    shares = [own_share_ms(tabs[US], labs[US]) for _ in range(PROFILES)]
    what = "our scripts' part of that and of what comes just after it, median"
    yield Figure(what, statistics.median(shares), "ms")
    for context in contexts.values():
        context.close()


def orders(names: Sequence[str], rounds: int) -> Iterator[list[str]]:
    """Shuffle names for each round so that none comes twice in succession: it would be warm."""
    chance, last = random.Random(1), ""  # noqa: S311 - nothing secret
    for _ in range(rounds):
        order = chance.sample(names, len(names))
        while order[0] == last:
            order = chance.sample(names, len(names))
        last = order[-1]
        yield order


def difference(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of what the one takes longer than the other of the same round."""
    return statistics.median(one - other for one, other in zip(ones, others, strict=True))


def restored(page: Page, lab: Lab) -> float:
    """Open JupyterLab and return when it was there, in ms after the page began."""
    page.goto(f"{lab.url}lab?token={TOKEN}&reset")
    time_ms = float(page.wait_for_function(RESTORED).json_value())
    page.wait_for_timeout(SETTLE_MS)
    return time_ms


def own_share_ms(page: Page, lab: Lab) -> float:
    """Open JupyterLab and add up the samples in which a script of ours, or what it called, ran."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": SAMPLE_US})
    session.send("Profiler.start")
    restored(page, lab)
    profile = session.send("Profiler.stop")["profile"]
    session.detach()
    ours: set[int] = set()
    for node in profile["nodes"]:
        if node["id"] in ours or OUR_FOLDER in node["callFrame"]["url"]:
            # A node comes before those that it calls.
            ours |= {node["id"], *node.get("children", ())}
    taken = zip(profile["samples"], profile["timeDeltas"], strict=True)
    return sum(delta_us for node, delta_us in taken if node in ours) / 1000


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
