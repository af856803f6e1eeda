"""The README's pictures, light and dark; `.ci/pictures.py` takes them into the README."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lms_jupyter.testing.engine import private_engine
from tests.browser.lab import Lab, Notebook, jupyterlab
from tests.browser.reader import ERRORS
from tests.browser.sidebar import Sidebar, unload_all

pytestmark = pytest.mark.browser

SIZE = {"width": 1120, "height": 700}
PANEL = ["%load_ext lms_jupyter\nimport lms_jupyter\n\nlms_jupyter.panel()"]
LOADS = ["%lms load tutor-1m --ttl 15m\n%lms load text-embedding-tutor-embed --ttl none"]
TALKS = [
    "%load_ext lms_jupyter",
    "llm = %lms load tutor-1m --ttl 5m",
    'print(llm.respond("What is a token?"))',
    "%%lms tutor-1m --as answer\nWhat is an embedding?",
    "%lms estimate tutor-1m -c 1024",
]
CALM = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 0;
  content.node.querySelector(".jp-WindowedPanel-outer").scrollTop = 0;
  document.activeElement?.blur();
}"""
CLOSE_LEFT = "() => window.jupyterapp.shell.collapseLeft()"
SHUT_DOWN = "() => window.jupyterapp.serviceManager.sessions.shutdownAll()"
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])

RENAME = "name => window.jupyterapp.shell.currentWidget.context.rename(name)"
NAME = "models.ipynb"

Open = Callable[[str, Sequence[str]], "Picture"]


class Picture:
    """A notebook whose name may be seen, in a theme."""

    def __init__(self, page: Page, lab: Lab, cells: Sequence[str], theme: str) -> None:
        self.page = page
        self.notebook = Notebook(page, lab, cells)
        self.notebook.theme(f"JupyterLab {theme.title()}")
        (lab.folder / NAME).unlink(missing_ok=True)
        page.evaluate(RENAME, NAME)

    def take(self, file: Path) -> None:
        """Photograph the page from its top, with nothing in red and nothing that blinks."""
        assert self.page.evaluate(ERRORS) == []
        self.page.evaluate(CALM)
        self.page.screenshot(path=file, animations="disabled")
        assert file.stat().st_size > 10_000


@pytest.fixture(scope="module")
def quiet_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run an engine that has the tutorial models alone."""
    with private_engine(tmp_path_factory.mktemp("pictures")) as address:
        yield address


@pytest.fixture(scope="module")
def quiet_lab(tmp_path_factory: pytest.TempPathFactory, quiet_engine: str) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("pictures")
    with jupyterlab(folder, {"LMS_JUPYTER_HOST": quiet_engine}) as lab:
        yield lab


@pytest.fixture
def open_picture(browser: Browser, quiet_lab: Lab, quiet_engine: str) -> Iterator[Open]:
    unload_all(quiet_engine)
    context = browser.new_context(viewport=SIZE, device_scale_factor=2)
    yield lambda theme, cells: Picture(context.new_page(), quiet_lab, cells, theme)
    for page in context.pages:
        page.evaluate(SHUT_DOWN)
    context.close()


@THEMES
def test_the_panel_in_a_notebook(open_picture: Open, artifacts: Path, theme: str) -> None:
    picture = open_picture(theme, [*PANEL, *LOADS])
    picture.page.evaluate(CLOSE_LEFT)
    picture.notebook.run(0)
    picture.notebook.run(1)
    expect(picture.notebook.row("tutor-1m").get_by_role("timer")).to_be_visible()
    expect(picture.notebook.row("text-embedding-tutor-embed")).to_be_visible()

    picture.take(artifacts / f"readme-panel-{theme}.png")


@THEMES
def test_the_sidebar_beside_a_notebook(open_picture: Open, artifacts: Path, theme: str) -> None:
    picture = open_picture(theme, TALKS)
    sidebar = Sidebar(picture.page)
    sidebar.show()
    for index in (0, 1, *range(1, len(TALKS))):  # a load cell is run again and again
        picture.notebook.run(index)
    expect(sidebar.row("tutor-1m").get_by_role("timer")).to_be_visible()
    expect(picture.notebook.output(3)).to_contain_text("numbers")

    picture.take(artifacts / f"readme-sidebar-{theme}.png")
