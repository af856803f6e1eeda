"""The README's pictures, light and dark; `.ci/pictures.py` takes them into the README."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lms_jupyter.testing.engine import private_engine
from tests.browser.lab import KERNEL_IS_IDLE, TOKEN, Lab, Notebook, jupyterlab, write_notebook
from tests.browser.sidebar import Sidebar

pytestmark = pytest.mark.browser

SIZE = {"width": 1040, "height": 680}
PANEL = ["%load_ext lms_jupyter\nimport lms_jupyter\n\nlms_jupyter.panel()"]
LOADS = ["%lms load tutor-1m --ttl 15m\n%lms load tutor-embed --ttl none"]
TALKS = [
    "%load_ext lms_jupyter",
    "llm = %lms load tutor-1m --ttl 5m",
    'print(llm.respond("What is a token?"))',
    "%%lms tutor-1m --as answer\nWhat is an embedding?",
    "%lms ps",
]
CALM = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = content.widgets.length - 1;
  content.node.scrollTop = 0;
  document.activeElement?.blur();
}"""
CLOSE_LEFT = "() => window.jupyterapp.shell.collapseLeft()"
SHUT_DOWN = "() => window.jupyterapp.serviceManager.sessions.shutdownAll()"
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])

Open = Callable[[str, Sequence[str]], Notebook]


class Picture(Notebook):
    """A notebook whose name may be seen, in a theme."""

    def __init__(self, page: Page, lab: Lab, cells: Sequence[str], theme: str) -> None:
        self.page, self.messages = page, []
        path = write_notebook(lab, cells).rename(lab.folder / "models.ipynb")
        page.goto(f"{lab.url}lab/tree/{path.name}?token={TOKEN}&reset")
        page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        self.theme(f"JupyterLab {theme.title()}")

    def take(self, file: Path) -> None:
        """Photograph the page, with nothing selected that asks to be looked at."""
        self.page.evaluate(CALM)
        self.page.screenshot(path=file, animations="disabled")
        assert file.stat().st_size > 10_000


@pytest.fixture(scope="module")
def quiet_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run JupyterLab on an engine that has the tutorial models alone."""
    folder = tmp_path_factory.mktemp("pictures")
    with (
        private_engine(folder / "engine") as address,
        jupyterlab(folder / "lab", {"LMS_JUPYTER_HOST": address}) as lab,
    ):
        yield lab


@pytest.fixture
def open_picture(browser: Browser, quiet_lab: Lab) -> Iterator[Open]:
    context = browser.new_context(viewport=SIZE, device_scale_factor=2)
    yield lambda theme, cells: Picture(context.new_page(), quiet_lab, cells, theme)
    for page in context.pages:
        page.evaluate(SHUT_DOWN)
    context.close()


@THEMES
def test_the_panel_in_a_notebook(open_picture: Open, artifacts: Path, theme: str) -> None:
    picture = open_picture(theme, [*PANEL, *LOADS])
    picture.page.evaluate(CLOSE_LEFT)
    picture.run(0)
    picture.run(1)
    expect(picture.row("tutor-1m").get_by_role("timer")).to_be_visible()
    expect(picture.row("tutor-embed")).to_be_visible()

    picture.take(artifacts / f"readme-panel-{theme}.png")


@THEMES
def test_the_sidebar_beside_a_notebook(open_picture: Open, artifacts: Path, theme: str) -> None:
    picture = open_picture(theme, TALKS)
    sidebar = Sidebar(picture.page)
    sidebar.show()
    for index in range(len(TALKS)):
        picture.run(index)
    expect(sidebar.row("tutor-1m").get_by_role("timer")).to_be_visible()
    expect(picture.output(3)).to_contain_text("numbers")

    picture.take(artifacts / f"readme-sidebar-{theme}.png")
