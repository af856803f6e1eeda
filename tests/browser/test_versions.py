"""One build for every JupyterLab from 4.2 on, and for Notebook 7.

The oldest JupyterLab gets a virtual environment of its own, made with the first run and kept below
this one; it is the last of the browser tests because that takes a minute or two.
"""

import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import jupyterlab
from tests.browser.sidebar import Page, unload_all

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
OLDEST = "jupyterlab==4.2.*"
CODE = "'4.2' if __import__('jupyterlab').__version__.startswith('4.2.') else 'another'"


@pytest.fixture(scope="module")
def oldest_python() -> str:
    """Return the Python of an environment with the oldest JupyterLab that we work in."""
    folder = Path(sys.prefix) / "jupyterlab-4.2"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    wanted = [OLDEST, "-e", str(ROOT)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
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
    told = subprocess.run(
        [str(python), "-c", f"print({CODE})"], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "4.2"
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
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    variables = {"LMS_JUPYTER_HOST": engine_address}
    with jupyterlab(tmp_path, variables, "--JupyterNotebookApp.expose_app_in_browser=True") as lab:
        page = Page(context.new_page(), lab, "tree")
        main_job(page)
        page.page.screenshot(path=artifacts / "sidebar-notebook-7.png")
    context.close()


def test_the_oldest_jupyterlab_has_the_sidebar(
    browser: Browser, tmp_path: Path, engine_address: str, oldest_python: str, artifacts: Path
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    variables = {"LMS_JUPYTER_HOST": engine_address}
    with jupyterlab(tmp_path, variables, python=oldest_python) as lab:
        page = Page(context.new_page(), lab)
        main_job(page)
        line = page.page.locator(".lms-StatusLine button")
        expect(line).to_have_text("0 models")
        page.page.screenshot(path=artifacts / "sidebar-lab-4.2.png")
    context.close()
