"""What every test may use. No test reads or writes the user's own folders."""

import os
import signal
from pathlib import Path

import pytest

from tests.phases import Phases

LONGEST = (
    *("test_package.py", "notebooks/", "hub/"),
    *("browser/test_looks.py", "browser/test_sidebar_settings.py", "browser/test_faults.py"),
    *("browser/test_sidebar_", "browser/test_busy.py", "browser/test_panel", "browser/"),
    *("widgets/", "fleet/", "magics/test_kernel_", "magics/test_terminal.py"),
    *("server/test_leases.py", "engine/test_sdk_versions.py", "engine/test_published_schemas.py"),
    *("engine/test_odd_", "engine/test_prompt_caches.py", "engine/test_owner.py"),
    *("engine/test_life.py", "engine/test_sliding.py", "engine/test_families.py"),
    *("manager/test_restarts.py", "test_", "cli/"),
)

# A shell starts background jobs with SIGINT ignored, and Python then leaves it so: what is tested
# here with interrupts, and every program that the tests start, shall know it all the same.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What a test installs is used once: to compile all of it takes longer than what it is used for.
os.environ.setdefault("PIP_NO_COMPILE", "1")


@pytest.fixture(autouse=True)
def _private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a home, a runtime folder, a log folder and no keyring."""
    for variable in ("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "IPYTHONDIR"):
        folder = tmp_path / "home" / variable.lower()
        folder.mkdir(parents=True)
        monkeypatch.setenv(variable, str(folder))
    # A pytest within a test, as in a tutorial, would at its end remove the folders of earlier runs
    # of this suite, which can take longer than everything else that it does.
    monkeypatch.setenv("PYTEST_DEBUG_TEMPROOT", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("LMS_JUPYTER_HOST", raising=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer a table of where the time goes."""
    parser.addoption("--phases", action="store_true", help="print where the time goes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first, so that none is left over at the end."""

    def rank(item: pytest.Item) -> int:
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        starts = (n for n, prefix in enumerate(LONGEST) if place.startswith(prefix))
        return next(starts, len(LONGEST))

    items.sort(key=rank)


def pytest_configure(config: pytest.Config) -> None:
    """Measure where that is asked for."""
    if config.getoption("--phases"):
        config.pluginmanager.register(Phases(), "phases")
