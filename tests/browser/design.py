"""The design page: every state of the panel, in every theme, without a notebook around it."""

import functools
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from playwright.sync_api import Browser, Page

DEV = Path(__file__).parents[2] / "js" / "dev"
AXE = DEV.parent / "node_modules" / "axe-core" / "axe.min.js"
JUPYTERLAB = Path(sys.prefix) / "share" / "jupyter" / "lab" / "themes" / "@jupyterlab"
VSCODE = Path(__file__).parent / "themes"
THEMES = (
    "light",
    "dark",
    "dark-high-contrast",
    "vscode-light",
    "vscode-dark",
    "vscode-high-contrast",
    "none",
)
FINDINGS = """async (options) => {
  const { violations } = await axe.run("main", options);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}"""
WIDTH = """width => new Promise((drawn) => {
  document.querySelector("main").style.inlineSize = `${width}px`;
  // What watches its own size draws in the frame after that.
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn)));
})"""
OUT_OF_PLACE = """() => {
  const main = document.querySelector("main");
  const box = main.getBoundingClientRect();
  const said = [];
  const name = ({ className, textContent }) =>
    `${className.baseVal ?? className} "${textContent.slice(0, 30)}"`;
  const isSeen = (node) =>
    node.checkVisibility() &&
    getComputedStyle(node).clipPath === "none" &&
    !node.closest("details:not([open]) > :not(summary)");
  const isClipped = ({ parentElement: parent }) =>
    parent !== main && (getComputedStyle(parent).overflowX !== "visible" || isClipped(parent));
  // What stays in view stands over what scrolls below it, as it should.
  const isSticky = (node) =>
    node !== main && (getComputedStyle(node).position === "sticky" || isSticky(node.parentElement));
  const all = [...main.querySelectorAll("*")].filter(isSeen);
  for (const node of all) {
    const { left, right, width } = node.getBoundingClientRect();
    const isBeyond = left < box.left - 1 || right > box.right + 1;
    if (width > 0 && isBeyond && !isClipped(node)) said.push(`beyond: ${name(node)}`);
  }
  const kinds = "button, input, select, summary, h3, progress";
  const controls = all.filter((node) => node.matches(kinds));
  for (const [index, one] of controls.entries()) {
    const isCut = one.matches("button") && one.scrollWidth > one.clientWidth + 1;
    if (isCut) said.push(`cut: ${name(one)}`);
    const a = one.getBoundingClientRect();
    for (const other of controls.slice(index + 1)) {
      const b = other.getBoundingClientRect();
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (isSticky(one) !== isSticky(other)) continue;
      if (wide > 1 && high > 1) said.push(`over each other: ${name(one)} and ${name(other)}`);
    }
  }
  return said;
}"""
"""What lies outside of the panel, is cut off, or lies over another."""


def build(folder: Path) -> None:
    """Build the design page, and put a copy of it into a folder; others may build it meanwhile."""
    with FileLock(DEV.parent / "node_modules" / "design-page.lock"):
        subprocess.run(["node", "build.mjs", "--dev"], cwd=DEV.parent, check=True)  # noqa: S607
        shutil.copytree(DEV, folder, dirs_exist_ok=True)
    for theme in ("light", "dark", "dark-high-contrast"):
        source = JUPYTERLAB / f"theme-{theme}-extension" / "index.css"
        shutil.copy(source, folder / "built" / f"theme-{theme}.css")
    for sheet in VSCODE.glob("*.css"):
        shutil.copy(sheet, folder / "built" / f"theme-{sheet.name}")
    (folder / "built" / "theme-none.css").touch()


@contextmanager
def design_page() -> Iterator[str]:
    """Build the design page and serve it on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with (
        tempfile.TemporaryDirectory() as folder,
        http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
        ) as server,
    ):
        build(Path(folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        server.shutdown()


class Scene:
    """One state of the panel, drawn."""

    def __init__(self, browser: Browser, address: str, name: str, **look: str | float) -> None:
        """Draw it.

        Args:
            browser: Where.
            address: Of the design page.
            name: Of the scene.
            look: What the design page takes (`width`, `dir`, `lang`, `theme`), and `zoom`.
        """
        width = int(look.get("width", 800))
        self._context = browser.new_context(
            viewport={"width": width + 24, "height": 900},
            device_scale_factor=float(look.pop("zoom", 1)),
            reduced_motion="reduce",
        )
        self.page: Page = self._context.new_page()
        self.messages: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        query = "&".join(f"{key}={value}" for key, value in look.items())
        self.page.goto(f"{address}?bare&scene={name}&{query}")
        self.page.wait_for_selector("body[data-ready]")

    def width(self, pixels: int) -> None:
        """Give the panel another width, and wait until it is drawn."""
        self.page.set_viewport_size({"width": pixels + 24, "height": 900})
        self.page.evaluate(WIDTH, pixels)

    def theme(self, name: str) -> None:
        """Change the theme and wait until it is there."""
        self.page.evaluate(
            """name => new Promise((resolve, reject) => {
              const [old] = document.querySelectorAll("link[href^='built/theme-']");
              const link = Object.assign(document.createElement("link"), {
                rel: "stylesheet",
                href: `built/theme-${name}.css?${Math.random()}`,
                onload: () => { old.remove(); resolve(); },
                onerror: reject,
              });
              document.body.className = name.startsWith("vscode") ? name : "";
              old.after(link);
            })""",
            name,
        )

    @property
    def findings(self) -> list[str]:
        """What axe finds."""
        return self._findings({})

    @property
    def findings_of_colour(self) -> list[str]:
        """What axe finds by those of its rules that a theme can break."""
        return self._findings({"runOnly": ["color-contrast", "link-in-text-block"]})

    def _findings(self, options: dict[str, list[str]]) -> list[str]:
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(path=AXE)
        return list(self.page.evaluate(FINDINGS, options))

    @property
    def out_of_place(self) -> list[str]:
        """What lies outside of the panel, is cut off, or lies over another."""
        return list(self.page.evaluate(OUT_OF_PLACE))

    def photograph(self, path: Path) -> None:
        """Take a picture of the panel."""
        self.page.locator("main").screenshot(path=path)

    def close(self) -> None:
        """Close the page."""
        self._context.close()


def scenes(browser: Browser, address: str) -> list[str]:
    """Return the names of all states."""
    page = browser.new_page()
    page.goto(address)
    names = page.locator("nav a").all_inner_texts()
    page.close()
    return names
