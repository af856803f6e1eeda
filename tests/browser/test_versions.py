"""One build for every JupyterLab from 4.2 on, and for Notebook 7.

Each older JupyterLab gets a virtual environment of its own, made with the first run and kept below
this one; these are the last of the browser tests because that takes a while.
"""

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, jupyterlab
from tests.browser.sidebar import Page, opened, unload_all

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
OLDER = ("4.2", "4.3", "4.4", "4.5")
"""The versions before the one that the tests themselves run in."""
VERSION = "import jupyterlab; print(jupyterlab.__version__)"


def python_with(version: str) -> str:
    """Return the Python of an environment with that JupyterLab and, for the rest, this one's."""
    folder = Path(sys.prefix) / f"lab-{version}"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder)
        wanted = ["install", "--quiet", "--no-deps", f"jupyterlab=={version}.*"]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
        subprocess.run([*pip, *wanted], check=True)
        (own,) = folder.glob("lib/python*/site-packages")
        rest = sysconfig.get_path("purelib")
        (own / "rest.pth").write_text(f"import site; site.addsitedir({rest!r})\n")
    for link, target in (
        ("share/jupyter/labextensions/lms-jupyter", ROOT / "lms_jupyter" / "labextension"),
        (
            "etc/jupyter/jupyter_server_config.d/lms_jupyter.json",
            ROOT / "lms_jupyter" / "server" / "config" / "lms_jupyter.json",
        ),
    ):
        place = folder / link
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(target)
    told = subprocess.run([str(python), "-c", VERSION], capture_output=True, text=True, check=True)
    assert told.stdout.startswith(f"{version}.")
    return str(python)


@pytest.fixture(autouse=True)
def _empty_memory(engine_address: str) -> Iterator[None]:
    unload_all(engine_address)
    yield
    unload_all(engine_address)


def main_job(page: Page) -> None:
    """Load and unload a model by click; nothing of ours in the console."""
    page.execute("lms:open")
    page.sidebar.panel.get_by_role("button", name="Load tutor-1m", exact=True).click()
    expect(page.sidebar.row("tutor-1m").get_by_role("timer")).to_be_visible()
    page.sidebar.panel.get_by_role("button", name="Unload tutor-1m", exact=True).click()
    expect(page.sidebar.row("tutor-1m")).to_have_count(0)
    assert page.ours == []


def test_notebook_7_has_the_sidebar(
    browser: Browser, tmp_path: Path, engine_address: str, artifacts: Path
) -> None:
    variables = {"LMS_JUPYTER_HOST": engine_address}
    seen = "--JupyterNotebookApp.expose_app_in_browser=True"
    with (
        jupyterlab(tmp_path, variables, seen) as lab,
        opened(browser, lab, path="tree") as page,
    ):
        main_job(page)
        page.page.screenshot(path=artifacts / "sidebar-notebook-7.png")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", OLDER)
def test_an_older_jupyterlab_has_the_sidebar(
    browser: Browser, tmp_path: Path, engine_address: str, version: str, artifacts: Path
) -> None:
    python = python_with(version)
    with (
        jupyterlab(tmp_path, {"LMS_JUPYTER_HOST": engine_address}, python=python) as lab,
        opened(browser, lab) as page,
    ):
        main_job(page)
        line = page.page.locator(".lms-StatusLine button")
        expect(line).to_have_text("0 models")
        page.page.screenshot(path=artifacts / f"sidebar-lab-{version}.png")


def test_the_newest_jupyterlab_has_the_sidebar(browser: Browser, lab: Lab) -> None:
    with opened(browser, lab) as page:
        main_job(page)
