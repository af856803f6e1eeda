"""Take a picture of every scene of the design page.

python js/dev/shoot.py OUT [scene ...]   (after `npm run dev`)

Needs Playwright and a Chromium; `CHROMIUM` names the browser's program.
"""

import functools
import http.server
import os
import shutil
import sys
import sysconfig
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
THEMES = Path(sysconfig.get_path("data"), "share/jupyter/lab/themes/@jupyterlab")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
LOOKS = (
    {"theme": "light", "width": "800"},
    {"theme": "dark", "width": "800"},
    {"theme": "light", "width": "400"},
    {"theme": "dark", "width": "240"},
)
EXTRA = (
    {"scene": "idle", "theme": "light", "width": "800", "dir": "rtl", "lang": "de"},
    {"scene": "form", "theme": "light", "width": "800", "lang": "de"},
    {"scene": "nasty", "theme": "light", "width": "400", "dir": "rtl"},
    {"scene": "idle", "theme": "dark-high-contrast", "width": "800"},
    {"scene": "form", "theme": "dark-high-contrast", "width": "400"},
    {"scene": "form", "theme": "none", "width": "800"},
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the design page without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def lay_out_themes() -> None:
    """Put JupyterLab's own theme files where the page looks for them."""
    for theme in ("light", "dark", "dark-high-contrast"):
        source = THEMES / f"theme-{theme}-extension" / "index.css"
        if source.exists():
            shutil.copy(source, HERE / "built" / f"theme-{theme}.css")


def shoot(browser: Browser, address: str, look: dict[str, str], out: Path) -> None:
    """Open one scene in one look and keep its picture; complain about what the console says."""
    page = browser.new_page(viewport={"width": int(look["width"]) + 24, "height": 600})
    page.on("console", lambda message: print("console:", look, message.text))
    page.on("pageerror", lambda error: print("error:", look, error))
    query = "&".join(f"{name}={value}" for name, value in look.items())
    page.goto(f"{address}/index.html?bare&{query}")
    page.wait_for_selector("body[data-ready]")
    if look["scene"] == "queued" or look["scene"].startswith("form"):
        page.wait_for_timeout(1200)  # what is estimated, or said after a second, is there
    page.screenshot(path=out / f"{'-'.join(look.values())}.png", full_page=True)
    page.close()


def main() -> None:
    """Serve the page, walk through the scenes."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    lay_out_themes()
    handler = functools.partial(Quiet, directory=HERE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            page = browser.new_page()
            page.goto(f"{address}/index.html")
            scenes = sys.argv[2:] or page.locator("nav a").all_inner_texts()
            for scene in scenes:
                for look in LOOKS:
                    shoot(browser, address, {"scene": scene, **look}, out)
            for look in EXTRA:
                if look["scene"] in scenes:
                    shoot(browser, address, look, out)
            browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
