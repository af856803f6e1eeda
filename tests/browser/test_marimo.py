"""The panel in marimo, which is no Jupyter: drawn, and its clicks do what they say."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.sidebar import unload_all
from tests.installed import marimo
from tests.ports import free_port

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 60.0
APP = """import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    import lms_jupyter

    panel = mo.ui.anywidget(lms_jupyter.panel())
    panel
    return


if __name__ == "__main__":
    app.run()
"""


@contextlib.contextmanager
def serving(verb: str, folder: Path, host: str) -> Iterator[str]:
    """Run or edit the notebook until the end of the block; yields its address."""
    (folder / "app.py").write_text(APP)
    (folder / "pyproject.toml").write_text("[tool.marimo.runtime]\nauto_instantiate = true\n")
    port = free_port()
    command = [sys.executable, "-m", "marimo", "--yes", verb, "app.py", "--headless", "--no-token"]
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "HOME": str(folder),
        "LMS_JUPYTER_HOST": host,
        "PYTHONPATH": os.pathsep.join(map(str, (marimo(), ROOT))),
    }
    with (folder / "marimo.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert process.poll() is None, (folder / "marimo.log").read_text()
            assert time.monotonic() < deadline, "marimo did not start"
            with (
                contextlib.suppress(urllib.error.URLError, ConnectionError),
                urllib.request.urlopen(f"{address}/health"),  # noqa: S310 - loopback
            ):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


# The first of them installs marimo.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("verb", ["run", "edit"])
def test_the_panel_lives_in_marimo(
    browser: Browser,
    tmp_path: Path,
    engine_address: str,
    artifacts: Path,
    verb: str,
) -> None:
    unload_all(engine_address)
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    with serving(verb, tmp_path, engine_address) as address:
        page = context.new_page()
        thrown: list[str] = []
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto(address, wait_until="commit")

        panel = page.locator(".lms-Panel").first
        panel.get_by_role("button", name="Load tutor-1m", exact=True).click(timeout=90_000)
        expect(panel.get_by_role("button", name="Unload tutor-1m", exact=True)).to_be_visible()
        expect(panel.get_by_role("timer").first).to_be_visible()
        page.screenshot(path=artifacts / f"marimo-{verb}.png")
        panel.get_by_role("button", name="Unload tutor-1m", exact=True).click()
        expect(panel.get_by_role("button", name="Undo: load tutor-1m again")).to_be_visible()
        assert thrown == []
    context.close()
