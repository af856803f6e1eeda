"""The package as a user installs it: in a clean venv, on a machine without Node."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GIT = shutil.which("git") or "git"
NEEDED = (
    "lms_jupyter/panel/static/panel.js",
    "lms_jupyter/panel/static/live.js",
    "lms_jupyter/panel/static/panel.css",
    "lms_jupyter/notebooks/00-welcome.ipynb",
    "lms_jupyter/py.typed",
    "lms_jupyter/engine/models/lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf",
)


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean virtual environment."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, venv: Path) -> Path:
    """Build the wheel from the checkout's own files, with no npm on the path."""
    checkout = tmp_path_factory.mktemp("checkout") / "lms_jupyter"
    listed = subprocess.run(
        [GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    tools = checkout.parent / "tools"
    tools.mkdir()
    for tool in ("sh", "env"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    path = f"{venv / 'bin'}{os.pathsep}{tools}"
    assert shutil.which("npm", path=path) is None
    subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", "wheels", "."],
        cwd=checkout,
        check=True,
        env={**os.environ, "PATH": path},
    )
    (wheel,) = (checkout / "wheels").glob("lms_jupyter-*.whl")
    return wheel


@pytest.mark.timeout(600)
def test_a_wheel_is_built_without_node_on_the_machine(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert set(NEEDED) <= names
    assert not [name for name in names if "node_modules" in name or name.startswith("js/")]
    assert wheel.stat().st_size < 8_000_000


@pytest.mark.timeout(600)
def test_the_installed_wheel_serves_a_model(wheel: Path, venv: Path, tmp_path: Path) -> None:
    python = venv / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", f"{wheel}[engine]"], check=True)
    script = tmp_path / "talk.py"
    script.write_text(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'lms_jupyter')\n"
        "llm = shell.run_line_magic('lms', 'load tutor-1m --ttl 60')\n"
        "print('SAID:', llm.respond('What is a token?'))\n"
        "shell.run_line_magic('lms', 'unload tutor-1m')\n"
        "shell.run_line_magic('unload_ext', 'lms_jupyter')\n"
    )

    told = subprocess.run(
        [python, script], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    subprocess.run([venv / "bin" / "lms-jupyter", "engine", "--stop"], check=True)

    assert "Using Embedded engine" in told
    assert "SAID: " in told
    assert "text" in told.partition("SAID: ")[2]
