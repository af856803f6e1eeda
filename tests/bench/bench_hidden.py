"""What a panel does while nobody can see its page: nothing. Run: `python -m tests.bench hidden`.

Needs Chromium and Node. The page is told that it is hidden, and everything in it that could wake up
is counted; beside it stand the same page while it is seen, and an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.bench_panel import cpu_s
from tests.bench.figure import Figure
from tests.browser.design import design_page
from tests.browser.lab import chromium

COUNT_S = 8
AWAKE = """() => {
  window.woken = {};
  const count = (name) => { window.woken[name] = (window.woken[name] ?? 0) + 1; };
  for (const name of ["setTimeout", "setInterval", "requestAnimationFrame"]) {
    const real = window[name];
    window[name] = (call, ...rest) => real((...given) => {
      count(name);
      return call(...given);
    }, ...rest);
  }
  new MutationObserver(() => count("DOM")).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true,
  });
}"""
HIDE = """hidden => {
  Object.defineProperty(document, "visibilityState", {
    configurable: true, get: () => (hidden ? "hidden" : "visible"),
  });
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def figures() -> Iterator[Figure]:
    """Count a hundred instances down, in a page that is seen and in the same page hidden."""
    with sync_playwright() as playwright, design_page() as address:
        browser = chromium(playwright)
        seen = woken(browser, address, hidden=False)
        yield Figure("timers, frames and changes of a seen page with 100 rows", seen[0], "/s")
        yield Figure("Chromium's share of a core meanwhile", seen[1], "%")
        hidden = woken(browser, address, hidden=True)
        what = "timers, frames and changes of the same page when it is hidden"
        yield Figure(what, hidden[0], "/s", at_most=0)
        empty = share_of(browser.new_page())
        yield Figure("Chromium's share of a core, an empty page", empty, "%")
        what = "Chromium's share of a core, the hidden page, beyond an empty one"
        yield Figure(what, max(0.0, hidden[1] - empty), "%", at_most=0.3)
        browser.close()


def woken(browser: Browser, address: str, *, hidden: bool) -> tuple[float, float]:
    """Return how often anything in the page wakes up in a second, and the browser's share."""
    context = browser.new_context()
    context.add_init_script(f"({AWAKE})()")
    page = context.new_page()
    page.goto(f"{address}?bare&scene=hundred")
    page.wait_for_selector("body[data-ready]")
    page.evaluate(HIDE, hidden)
    share = share_of(page)
    counts = dict(page.evaluate("() => window.woken"))
    context.close()
    return sum(counts.values()) / COUNT_S, share


def share_of(page: Page) -> float:
    """Leave a page alone and see what the browser takes, in per cent of a core."""
    # What a page does when it opens, or is hidden, is no part of this.
    page.wait_for_timeout(3000)
    page.evaluate("() => { window.woken = {}; }")
    before = cpu_s()
    page.wait_for_timeout(COUNT_S * 1000)
    return 100 * (cpu_s() - before) / COUNT_S
