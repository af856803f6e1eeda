"""One engine and one JupyterLab for all browser tests, one page for each."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.lab import Lab, Notebook, chromium, jupyterlab
from tests.engine.synthetic import Shape, write_llm
from tests.engines import engine

ARTIFACTS = Path(__file__).parent / "artifacts"
LARGE = Shape(layers=10, width=1024, heads=8, kv_heads=8, feed_forward=2816, vocabulary=8000)
"""About 270 MB as F16: its load takes long enough to be watched and cancelled."""

Open = Callable[[Sequence[str]], Notebook]


@pytest.fixture(scope="session")
def large_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a models folder with one model that takes a while to load."""
    folder = tmp_path_factory.mktemp("models")
    write_llm(folder / "tests" / "Large-GGUF" / "Large-F16.gguf", shape=LARGE, name="Large")
    return folder


@pytest.fixture(scope="session")
def engine_address(tmp_path_factory: pytest.TempPathFactory, large_model: Path) -> Iterator[str]:
    home = tmp_path_factory.mktemp("engine")
    with engine(home, "--models", str(large_model)) as address:
        yield address


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyterlab(folder, {"LMS_JUPYTER_HOST": engine_address}) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_notebook(browser: Browser, lab: Lab) -> Iterator[Open]:
    """Return a way to open a notebook with these cells in a fresh page."""
    contexts = []

    def open_(cells: Sequence[str]) -> Notebook:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        return Notebook(context.new_page(), lab, cells)

    yield open_
    for context in contexts:
        for page in context.pages:
            page.evaluate(
                "() => window.jupyterapp.serviceManager.sessions.shutdownAll()",
            )
        context.close()


@pytest.fixture
def artifacts() -> Path:
    """Return the folder for screenshots to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS
