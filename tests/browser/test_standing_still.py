"""Nothing moves that nobody moved: rows and the bar of the memory while a model is used."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lmstudio
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open
from tests.browser.design import Scene
from tests.browser.sidebar import unload_all
from tests.engines import held

pytestmark = pytest.mark.browser

PANEL = "%load_ext lms_jupyter\nimport lms_jupyter\npanel = lms_jupyter.panel()\npanel"
WIDTHS = (280, 400, 720, 1100)
REQUESTS = 10
RESIZE = "(panel, width) => { panel.style.inlineSize = `${width}px`; }"
WATCH = """() => {
  const panel = document.querySelector(".lms-Panel");
  const placesOf = (nodes, names) => [...nodes].map((node) => {
    const box = node.getBoundingClientRect();
    return [node.className, ...names.map((name) => `${name} ${box[name]}`)].join(" ");
  });
  const all = ".lms-MemoryBar, .lms-Bar, .lms-Room, .lms-Section, .lms-Row, .lms-Row-actions";
  const begins = ".lms-TimeLeft-text, .lms-InstanceRow > :is(.lms-Names, .lms-Row-facts)";
  const places = () => [
    ...placesOf(panel.querySelectorAll(all), ["x", "y", "width", "height"]),
    // What a row is doing takes room from the end of its facts, and from nothing else.
    ...placesOf(panel.querySelectorAll(begins), ["x", "y", "height"]),
  ];
  const before = places();
  const seen = { frames: 0, moved: [], said: [] };
  const look = () => {
    seen.frames += 1;
    const moved = places().filter((place, index) => place !== before[index]);
    if (moved.length > 0) seen.moved.push(...moved);
    const isSaid = panel.querySelector(".lms-MemoryBar [role=timer]") !== null;
    if (seen.said.at(-1) !== isSaid) seen.said.push(isSaid);
    seen.next = requestAnimationFrame(look);
  };
  look();
  window.seen = seen;
}"""
"""Compare, in each frame, where everything is with where it was."""
A_FRAME = "() => new Promise(requestAnimationFrame)"
STOP = """() => {
  cancelAnimationFrame(window.seen.next);
  return window.seen;
}"""
MAKE_NO_ROOM = """
.lms-Panel .lms-Room { min-block-size: 0; }
.lms-Panel .lms-Room::after { content: none; }
"""
GAPS_PX = 24
"""What lies between columns where the one between them is empty."""
CUT = """(selector) => [...document.querySelectorAll(selector)]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  .map(({ textContent }) => textContent)"""
ROOM_BESIDE_CUT = """() => [...document.querySelectorAll(".lms-Row-facts")]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  .map((facts) => {
    const line = facts.parentElement;
    const { bottom, right } = facts.getBoundingClientRect();
    const text = (node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return range.getBoundingClientRect();
    };
    const after = [...line.children]
      .filter((node) => node !== facts)
      .map((node) => (node.matches(".lms-Row-state") ? text(node) : node.getBoundingClientRect()))
      .filter(({ left, top, width }) => width > 0 && left >= right && top < bottom);
    const end = Math.min(line.getBoundingClientRect().right, ...after.map(({ left }) => left));
    return [facts.textContent, end - right];
  })"""
"""Facts that are cut, each with the room between it and what stands after it."""
COLUMNS = """() => {
  const parts = ["-line > .lms-TimeLeft > *", "-line > .lms-Names", "-facts", ""];
  const selector = parts.map((part) => `[aria-label="In memory"] .lms-Row${part}`).join();
  return [...document.querySelectorAll(selector)].map((part) => {
    const { x, y, width, height } = part.getBoundingClientRect();
    return [x, y, width, height].map(Math.round).join(" ");
  });
}"""
FACTS = {"parameters": [5, 1], "quantization": [6, 2], "context": [1, 3], "memory": [3, 4]}
"""Which of its row's facts each is, of an instance and of a model on the disk."""
EDGES = """(facts) => {
  const lefts = (selector) => [...document.querySelectorAll(selector)]
    .map((one) => Math.round(one.getBoundingClientRect().left));
  const both = (above, below) => [
    above.length > 0 && below.length > 1,
    new Set([...above, ...below]).size,
  ];
  const row = (kind, column) => lefts(`.lms-${kind}Row > ${column}`);
  const fact = (place) => `.lms-Row-facts:not(:has(.lms-Badge)) > span:nth-of-type(${place})`;
  return [
    ...[".lms-Row-facts", ".lms-Row-actions"].map((column) =>
      both(row("Instance", column), row("Model", column))),
    ...Object.values(facts).map(([above, below]) =>
      both(row("Instance", fact(above)), row("Model", fact(below)))),
  ];
}"""
LEFTS = """(facts) => Object.values(facts).map(([, place]) => Math.round(document
  .querySelector(`.lms-ModelRow > .lms-Row-facts > span:nth-of-type(${place})`)
  .getBoundingClientRect().left))"""
LET_GO = """() => {
  const old = scene.news.find(({ kind }) => kind === "activity");
  lms.deliver({ ...old, revision: 50, instances: old.instances.slice(1) });
}"""


@pytest.fixture
def model(engine_address: str) -> Iterator[lmstudio.LLM]:
    """Return the only model in memory, with a TTL that shows an hour."""
    unload_all(engine_address)
    with lmstudio.Client(engine_address) as client:
        yield client.llm.load_new_instance("tutor-1m", "chat", ttl=3600)
    unload_all(engine_address)


def used(page: Page, width: int, times: int, ask: Callable[[], None]) -> dict[str, Any]:
    """Use the model at a width of the panel, and return what was seen to move."""
    panel = page.locator(".lms-Panel").first
    panel.evaluate(RESIZE, width)
    box = panel.bounding_box()
    assert box is not None
    assert box["width"] == width
    page.evaluate(WATCH)
    for _ in range(times):
        ask()
    return dict(page.evaluate(STOP))


def test_rows_and_bar_stand_still_in_ten_requests_in_a_row(
    open_notebook: Open, engine_address: str, model: lmstudio.LLM
) -> None:
    notebook = open_notebook([PANEL])
    notebook.page.set_viewport_size({"width": 1600, "height": 900})
    notebook.run(0)
    row = notebook.row("chat")
    expect(row.get_by_role("timer")).to_be_visible()

    with ThreadPoolExecutor(1) as pool:

        def ask() -> None:
            """Ask, and have the panel show that it is in use, however quick the answer is."""
            with held(engine_address):
                answer = pool.submit(model.respond, "Hello", config={"maxTokens": 4})
                expect(row.get_by_text("in use", exact=True)).to_be_visible()
                notebook.page.evaluate(A_FRAME)
            answer.result()
            expect(row.get_by_role("timer")).to_be_visible()
            notebook.page.evaluate(A_FRAME)

        for width in WIDTHS:
            seen = used(notebook.page, width, REQUESTS, ask)
            assert seen["said"] == [True, False] * REQUESTS + [True]
            assert seen["moved"] == [], width

        # That what comes and goes would be seen to move the bar, if no room were kept for it.
        notebook.page.add_style_tag(content=MAKE_NO_ROOM)
        moved = used(notebook.page, 720, 1, ask)["moved"]
        assert any(place.startswith("lms-Bar ") for place in moved)


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_next_unload_is_whole_at_every_width(
    browser: Browser, design_address: str, lang: str
) -> None:
    for width in (240, 290, 320, 480, 560, 960):
        scene = Scene(browser, design_address, "idle", width=width, lang=lang)
        assert scene.page.evaluate(CUT, ".lms-Room > span") == [], width
        assert scene.out_of_place == []
        scene.close()


@pytest.mark.parametrize("name", ["idle", "busy"])
def test_facts_are_cut_only_where_there_is_no_room(
    browser: Browser, design_address: str, name: str
) -> None:
    for width in (240, 290, 400, 560, 640, 720, 960, 1100):
        scene = Scene(browser, design_address, name, width=width)
        beside = scene.page.evaluate(ROOM_BESIDE_CUT)
        assert [facts for facts, room in beside if room > GAPS_PX] == [], width
        # From here on each fact has a column, and what has none is left out as a whole.
        assert (beside == []) == (width >= 720), width
        scene.close()


@pytest.mark.parametrize("width", [290, 480, 800])
def test_a_row_that_leaves_keeps_its_columns(
    browser: Browser, design_address: str, width: int
) -> None:
    scene = Scene(browser, design_address, "idle", width=width)
    before = scene.page.evaluate(COLUMNS)
    # What is below the pointer stays.
    scene.page.get_by_text("my-coder", exact=True).hover()

    scene.page.evaluate(LET_GO)

    expect(scene.page.locator(".lms-GoneRow")).to_have_count(1)
    assert scene.page.evaluate(COLUMNS) == before
    scene.close()


@pytest.mark.parametrize("scene", ["engine", "busy"])
def test_the_columns_of_both_lists_stand_below_each_other(
    browser: Browser, design_address: str, scene: str
) -> None:
    page = Scene(browser, design_address, scene, width=720)
    edges = {}
    for width in (720, 1000, 1200):
        page.width(width)
        edges[width] = page.page.evaluate(EDGES, FACTS)
    page.close()

    columns = [[True, 1]] * (len(FACTS) + 2)
    assert edges == {720: columns, 1000: columns, 1200: columns}


def test_every_fact_of_a_model_has_a_column_of_its_own(
    browser: Browser, design_address: str
) -> None:
    scene = Scene(browser, design_address, "idle", width=720)

    lefts = scene.page.evaluate(LEFTS, FACTS)

    assert lefts == sorted(set(lefts))
    assert scene.page.evaluate(CUT, ".lms-Row-facts > span") == []
    scene.close()
