"""JupyterLab for a test: a server with folders of its own, and a notebook seen in Chromium."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page, Playwright, WebSocket, expect

TOKEN = "for-the-tests"  # noqa: S105 - of a server on loopback that lives for one run
START_TIMEOUT_S = 60.0
BROWSERS = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
"""The first that is there is taken: the one without windows opens a page in half the time."""
NOTEBOOK_7_SAYS = ("(reading 'schema')", "Command 'filebrowser:open-path' not registered")
"""What Notebook 7 throws on a page that has nothing of ours."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def chromium(playwright: Playwright) -> Browser:
    """Start the Chromium of this machine."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "There is no Chromium here; name one in the variable CHROMIUM."
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


@dataclass(frozen=True, slots=True)
class Lab:
    """A running JupyterLab."""

    url: str
    folder: Path


@contextlib.contextmanager
def jupyterlab(
    folder: Path,
    variables: Mapping[str, str],
    *options: str,
    port: int = 0,
    python: str = sys.executable,
) -> Iterator[Lab]:
    """Run JupyterLab with all of its folders below one, until the end of the block.

    Args:
        folder: Where everything of it lies; may be one that was used before.
        variables: For its environment.
        options: For its command line.
        port: Where it listens, 0 for anywhere.
        python: Of the environment that it is installed in.
    """
    home, notebooks = folder / "home", folder / "notebooks"
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    for needed in (home, notebooks, settings):
        needed.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    # A server that is gone says where it was; only the new one is to be found.
    for file in (home / "runtime").glob("jpserver-*.json"):
        file.unlink()
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        **variables,
    }
    command = [
        python,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={notebooks}",
        f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=",
        *options,
    ]
    with (folder / "jupyterlab.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield Lab(_address(home / "runtime", process), notebooks)
    finally:
        process.terminate()
        process.wait(30)


def _address(runtime: Path, process: "subprocess.Popen[bytes]") -> str:
    """Wait until the server says where it is, and answers there."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, KeyError, urllib.error.URLError):
                url = str(json.loads(file.read_text())["url"])
                with urllib.request.urlopen(f"{url}api/status?token={TOKEN}"):  # noqa: S310 - loopback
                    return url
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise TimeoutError("JupyterLab did not start.")


def disable_extension(folder: Path, *plugins: str) -> None:
    """Leave our part of the page out of a JupyterLab that is yet to start in this folder.

    Args:
        folder: Of the JupyterLab.
        plugins: What of it to leave out, by the names of plugins; all of it if none is named.
    """
    config = folder / "home" / "config" / "labconfig"
    config.mkdir(parents=True)
    names = [f"lms-jupyter:{plugin}" for plugin in plugins] or ["lms-jupyter"]
    page = {"disabledExtensions": dict.fromkeys(names, True)}
    (config / "page_config.json").write_text(json.dumps(page))


def write_notebook(lab: Lab, cells: Sequence[str], kernel: str = "python3") -> Path:
    """Write a notebook with these cells where JupyterLab finds it."""
    path = lab.folder / f"test-{time.monotonic_ns()}.ipynb"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    book.metadata["kernelspec"] = {
        "name": kernel,
        "display_name": kernel,
        "language": "python",
    }
    nbformat.write(book, path)
    return path


def click_impatiently(button: Locator, times: int = 5) -> None:
    """Click again and again at one place of the screen, whatever is there in the meantime."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    for _ in range(times):
        button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        button.page.wait_for_timeout(120)  # as fast as a hand is


class Notebook:
    """A notebook in a browser page: its cells, and the panel in their output.

    Args:
        page: Where; one that shows JupyterLab already, or one that has shown nothing.
        lab: Whose.
        cells: What is in it.
        kernel: The name of a kernel that the server knows.
        app: What of the server: `lab/tree`, or `notebooks` for Notebook 7.
    """

    def __init__(
        self,
        page: Page,
        lab: Lab,
        cells: Sequence[str],
        *,
        kernel: str = "python3",
        app: str = "lab/tree",
    ) -> None:
        self.page = page
        self.messages: list[str] = []
        """What the console calls an error, and what was thrown."""
        page.on("console", lambda m: self._note(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        self._stood_in = False
        page.on("websocket", self._note_socket)
        self.path = write_notebook(lab, cells, kernel)
        if page.url.startswith(lab.url):
            page.evaluate(OPEN_ALONE, self.path.name)
        else:
            page.goto(f"{lab.url}{app}/{self.path.name}?token={TOKEN}&reset")
        page.wait_for_function(KERNEL_IS_IDLE, timeout=120_000)

    def start(self, index: int) -> None:
        """Begin to run a cell."""
        self.page.evaluate(RUN_CELL, index)

    def run(self, index: int) -> None:
        """Run a cell and wait until it has ended."""
        self.start(index)
        self.finish(index)

    def finish(self, index: int) -> None:
        """Wait until a cell has ended."""
        self.page.wait_for_function(CELL_HAS_RUN, arg=index, timeout=60_000)

    def wait_for_stand_in(self) -> None:
        """Wait until the Jupyter Server has told the panel in a cell of its host."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._stood_in:
            assert time.monotonic() < deadline, "The Jupyter Server does not stand in."
            self.page.wait_for_timeout(20)

    def _note(self, message: str) -> None:
        if not any(known in message for known in NOTEBOOK_7_SAYS):
            self.messages.append(message)

    def _note_socket(self, socket: WebSocket) -> None:
        if "lms/slices?kernel=" in socket.url:
            socket.on("framereceived", self._note_frame)

    def _note_frame(self, frame: str | bytes) -> None:
        slice_ = json.loads(frame)
        link = slice_.get("host", {}).get("link") if slice_.get("kind") == "activity" else None
        self._stood_in = self._stood_in or link == "connected"

    def output(self, index: int) -> Locator:
        """Return the output of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    @property
    def panel(self) -> Locator:
        """Return the panel, wherever in the notebook it is shown."""
        return self.page.locator(".lms-Panel:not(.lms-Sidebar *)").first

    def row(self, identifier: str) -> Locator:
        """Return the row of an instance in the panel."""
        return self.panel.get_by_role("listitem").filter(
            has=self.page.get_by_role("button", name=f"Unload {identifier}", exact=True)
        )

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme and wait until it is there."""
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
            name,
        )
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-name", name)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)


OPEN_ALONE = """async (path) => {
  const { commands, serviceManager, shell } = window.jupyterapp;
  // A kernel may have been added since the page was loaded.
  await serviceManager.kernelspecs.refreshSpecs();
  const opened = await commands.execute("docmanager:open", { path });
  for (const other of [...shell.widgets("main")]) if (other !== opened) other.dispose();
}"""
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
KERNEL_IS_IDLE = f"""() => {{
  const session = window.jupyterapp && {NOTEBOOK} && {NOTEBOOK}.sessionContext;
  return session && session.session && session.session.kernel
    && session.session.kernel.status === "idle";
}}"""
RUN_CELL = f"""index => {{
  {NOTEBOOK}.content.activeCellIndex = index;
  void window.jupyterapp.commands.execute("notebook:run-cell");
}}"""
CELL_HAS_RUN = f"""index => {{
  const cell = {NOTEBOOK}.content.widgets[index].model;
  return cell.executionCount !== null && cell.executionState !== "running";
}}"""
