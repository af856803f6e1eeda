"""The demo as somebody sees it who types the README's first command."""

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

ADDRESS = r"http://127\.0\.0\.1:\d+/lab/tree/00-welcome\.ipynb\?token=\w+"


@contextlib.contextmanager
def demo(printed: list[str]) -> Iterator[str]:
    """Run the demo; yields the address that it prints, and keeps what it printed until then."""
    command = [sys.executable, "-m", "lms_jupyter.cli", "demo", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                printed.append(line)
                if match := re.search(ADDRESS, line):
                    yield match[0]
                    break
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


def test_the_demo_opens_the_first_tutorial_and_asks_nothing(
    browser: Browser, artifacts: Path
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    printed: list[str] = []
    with demo(printed) as address:
        assert len(printed) <= 10, "the address is not below a screen of log"
        page.goto(address)
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
        page.screenshot(path=artifacts / "demo.png")

        expect(page.locator(".Toastify__toast, .jp-Dialog")).to_have_count(0)
        assert [url for url in asked if "/lab/api/news" in url or "/lab/api/update" in url] == []
        assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:"))] == []
        context.close()
