"""What is drawn in a page: where each element is, and which colours it has."""

import base64
from typing import Final

from playwright.sync_api import Page

from tests.browser.plain_font import plain_font

Box = tuple[str, list[int]]
"""A class, and left, top, width and height in pixels."""

_IN_PLAIN_FONT = """async (data) => {
  const font = new FontFace("Plain", `url(data:font/ttf;base64,${data})`);
  document.fonts.add(await font.load());
  const style = document.createElement("style");
  style.textContent = "body, body * { font-family: Plain !important; }";
  document.head.append(style);
  await document.fonts.ready;
}"""
_BOXES = """() => {
  const main = document.querySelector("main").getBoundingClientRect();
  return [...document.querySelectorAll("main [class*='lms-'], main .lms-Row-facts > span")]
    // What is drawn within a picture has no layout, and what the clock writes has its own room.
    .filter((node) => !node.closest("svg *"))
    .filter((node) => !node.matches(".lms-Ticking, .lms-Hidden, .lms-Icon"))
    .filter((node) => node.checkVisibility() && node.getClientRects().length > 0)
    .map((node) => {
      const { left, top, width, height } = node.getBoundingClientRect();
      const name = /lms-[\\w-]+/.exec(node.className.baseVal ?? node.className)?.[0] ?? "fact";
      return [name, left - main.left, top - main.top, width, height];
    });
}"""
NAMES: Final = {
    "text": "#101010",
    "quiet": "#606060",
    "line": "#c0c0c0",
    "edge": "#a0a0a0",
    "accent": "#0000f0",
    "accept": "#00a0f0",
    "accept-text": "#f0ffff",
    "warn": "#f0a000",
    "error": "#f00000",
    "good": "#00f000",
    "field": "#fff0ff",
    "ground": "#fffff0",
}
"""Each of the panel's colours, and one that no other has."""
_PAINT = """(colours) => {
  document.querySelector("#named-colours")?.remove();
  const style = Object.assign(document.createElement("style"), { id: "named-colours" });
  const set = Object.entries(colours).map(([name, value]) => `--lms-${name}: ${value} !important`);
  style.textContent = `.lms-Panel { ${set.join(";")} } body { background: ${colours.ground}; }`;
  document.head.append(style);
}"""
_COLOURS = """(names) => {
  const called = Object.fromEntries(Object.entries(names).map(([name, hex]) => [hex, name]));
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  // Layers of paint, the lowest first, as one colour.
  const mixed = (...layers) => {
    const key = layers.join();
    if (!known.has(key)) {
      pen.clearRect(0, 0, 1, 1);
      for (const layer of layers) {
        pen.fillStyle = layer;
        pen.fillRect(0, 0, 1, 1);
      }
      const [...bytes] = pen.getImageData(0, 0, 1, 1).data;
      const hex = bytes.slice(0, 3).map((byte) => byte.toString(16).padStart(2, "0"));
      const colour = `#${hex.join("")}`;
      known.set(key, called[colour] ?? colour);
    }
    return known.get(key);
  };
  const CLEAR = "rgba(0, 0, 0, 0)";
  const groundOf = (node) => getComputedStyle(node).backgroundColor;
  const grounds = (node) =>
    node === null ? ["white"] : [...grounds(node.parentElement), groundOf(node)];
  const clarity = (node) => Number(node?.parentElement ? clarity(node.parentElement) : 1)
    * Number(getComputedStyle(node).opacity);
  const classOf = (node) => /lms-[\\w-]+/.exec(node.className.baseVal ?? node.className)?.[0];
  const nameOf = (node) => {
    const near = node.closest("[class*='lms-']");
    return near === node ? classOf(node) : `${classOf(near)} ${node.localName}`;
  };
  const said = (node) => {
    const style = getComputedStyle(node);
    const under = grounds(node.parentElement);
    const ground = [...under, style.backgroundColor];
    const parts = [];
    const writes = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim() !== "");
    if (writes || node.matches("input, select, textarea, svg")) {
      parts.push(mixed(...ground, style.color));
    }
    if (node.closest("svg") && !node.matches("svg, g, title")) {
      if (style.fill !== "none") parts.push(`fill ${mixed(...under, style.fill)}`);
      if (style.stroke !== "none") parts.push(`stroke ${mixed(...under, style.stroke)}`);
    }
    for (const side of ["top", "right", "bottom", "left"]) {
      const [line, width, colour] = ["style", "width", "color"].map((what) =>
        style.getPropertyValue(`border-${side}-${what}`));
      const isThere = line !== "none" && width !== "0px" && colour !== CLEAR;
      if (isThere) parts.push(`${side} ${mixed(...ground, colour)}`);
    }
    const isPainted = style.backgroundColor !== CLEAR;
    if (parts.length === 0 && !isPainted) return null;
    const through = clarity(node);
    const faint = through < 1 ? ` at ${Math.round(through * 100)} %` : "";
    return `${nameOf(node)}: ${[...parts, `on ${mixed(...ground)}`].join(", ")}${faint}`;
  };
  const all = [...document.querySelectorAll("main .lms-Panel, main .lms-Panel *")];
  const seen = all.filter((node) => node.checkVisibility() && node.getClientRects().length > 0);
  return [...new Set(seen.map(said))].filter((one) => one !== null).sort();
}"""


def in_plain_font(page: Page) -> None:
    """Write everything in letters that are as wide on any machine."""
    page.evaluate(_IN_PLAIN_FONT, base64.b64encode(plain_font()).decode())


def boxes(page: Page) -> list[Box]:
    """Return where each element of the panel is, from the panel's corner."""
    return [(name, [round(edge) for edge in edges]) for name, *edges in page.evaluate(_BOXES)]


def paint(page: Page) -> None:
    """Give each of the panel's colours a value that no other has."""
    page.evaluate(_PAINT, NAMES)


def colours(page: Page) -> list[str]:
    """Return each kind of element with its colours: of text, of lines and of what is below it.

    Those of `paint` have their names, and others are as they are seen.
    """
    return list(page.evaluate(_COLOURS, NAMES))
