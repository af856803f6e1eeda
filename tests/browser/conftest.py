"""One engine and one JupyterLab for all browser tests, a page or an empty one for each."""

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.design import design_page
from tests.browser.lab import Lab, Notebook, chromium, disable_extension, jupyterlab
from tests.browser.pages import CLOSE_ALL, Pages
from tests.browser.sidebar import unload_all
from tests.engine.synthetic import Shape, write_llm
from tests.engines import engine

# A busy machine is slow and not wrong: whatever has to be fast says so itself.
expect.set_options(timeout=15_000)

ARTIFACTS = Path(__file__).parent / "artifacts"
NOTEBOOK_7 = "--JupyterNotebookApp.expose_app_in_browser=True"
LARGE = Shape(layers=10, width=1024, heads=8, kv_heads=8, feed_forward=2816, vocabulary=8000)
"""About 270 MB as F16: its load takes long enough to be watched and cancelled."""

ENGINE = pytest.StashKey[str]()
"""The address of the engine, once it runs."""
FAILED = pytest.StashKey[bool]()


class Open(Protocol):
    """Opens a notebook with these cells in a page that has nothing else."""

    def __call__(
        self, cells: Sequence[str], *, kernel: str = "python3", app: str = "lab/tree"
    ) -> Notebook: ...


@pytest.fixture(scope="session")
def large_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a models folder with one model that takes a while to load."""
    folder = tmp_path_factory.mktemp("models")
    write_llm(folder / "tests" / "Large-GGUF" / "Large-F16.gguf", shape=LARGE, name="Large")
    return folder


@pytest.fixture(scope="session")
def engine_address(
    tmp_path_factory: pytest.TempPathFactory, large_model: Path, pytestconfig: pytest.Config
) -> Iterator[str]:
    home = tmp_path_factory.mktemp("engine")
    with engine(home, "--models", str(large_model)) as address:
        pytestconfig.stash[ENGINE] = address
        yield address
        del pytestconfig.stash[ENGINE]


@pytest.fixture(scope="module", autouse=True)
def _empty_engine(pytestconfig: pytest.Config) -> None:
    """Begin each file with nothing in the memory of the engine, once it runs."""
    if ENGINE in pytestconfig.stash:
        unload_all(pytestconfig.stash[ENGINE])


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyterlab(folder, {"LMS_JUPYTER_HOST": engine_address}, NOTEBOOK_7) as lab:
        yield lab


@pytest.fixture(scope="session")
def bare_lab(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Lab]:
    """Return a JupyterLab without our part of the page, as where only the kernel has us."""
    folder = tmp_path_factory.mktemp("bare-lab")
    disable_extension(folder)
    with jupyterlab(folder, {"LMS_JUPYTER_HOST": engine_address}, NOTEBOOK_7) as lab:
        yield lab


@pytest.fixture(scope="session")
def design_address() -> Iterator[str]:
    """Return where the design page is served."""
    with design_page() as address:
        yield address


class Chromium:
    """The browser of this process while tests of this folder follow each other, and its pages.

    Whoever else has a loop or a Playwright in this thread needs this one to have ended.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None
        self._pages: dict[str, Pages] = {}

    @property
    def browser(self) -> Browser:
        """Return it, started for the first who asks."""
        if self._browser is None:
            self._browser = chromium(self._open.enter_context(sync_playwright()))
            self._open.callback(self._browser.close)
        return self._browser

    def pages(self, lab: str) -> Pages:
        """Return the pages of a JupyterLab that lives as long as this process."""
        if lab not in self._pages:
            self._pages[lab] = Pages(self.browser)
        return self._pages[lab]

    def close(self) -> None:
        """End it, with all of its pages."""
        self._pages.clear()
        self._browser = None
        self._open.close()


CHROMIUM = Chromium()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """End the browser where a test of another folder follows, or none."""
    yield
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        CHROMIUM.close()


@pytest.fixture(scope="module")
def browser() -> Browser:
    """Return the browser that all tests here share, each with contexts of its own."""
    return CHROMIUM.browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let fixtures know whether their test has failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="module")
def pages() -> Pages:
    """Return the pages of the JupyterLab that most tests use."""
    return CHROMIUM.pages("lab")


@pytest.fixture(scope="module")
def bare_pages() -> Pages:
    """Return the same where our part of the page is missing."""
    return CHROMIUM.pages("bare lab")


@contextmanager
def opening(pages: Pages, lab: Lab, test: pytest.Item) -> Iterator[Open]:
    """Open notebooks of a server until the end of the block; their kernels end with it.

    Of a test that fails, pictures are kept, and its pages are left to nobody.
    """
    taken = []

    def open_(cells: Sequence[str], *, kernel: str = "python3", app: str = "lab/tree") -> Notebook:
        # What is left to others shows JupyterLab.
        taken.append(pages.take() if app == "lab/tree" else pages.new())
        return Notebook(taken[-1], lab, cells, kernel=kernel, app=app)

    yield open_
    for page in taken:
        if test.stash.get(FAILED, False):
            name = re.sub(r"\W+", "-", test.name)
            page.screenshot(path=ARTIFACTS / f"failed-{name}.png")
            page.evaluate(CLOSE_ALL)
            page.context.close()
        else:
            pages.leave(page)


@pytest.fixture
def open_notebook(pages: Pages, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return a way to open a notebook with these cells in a page that has nothing else."""
    with opening(pages, lab, request.node) as open_:
        yield open_


@pytest.fixture
def open_bare(bare_pages: Pages, bare_lab: Lab, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return the same where our part of the page is missing."""
    with opening(bare_pages, bare_lab, request.node) as open_:
        yield open_


@pytest.fixture
def artifacts() -> Path:
    """Return the folder for screenshots to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS
