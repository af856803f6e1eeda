"""What every test may use. No test reads or writes the user's own folders."""

import signal
from pathlib import Path

import pytest

# A shell starts background jobs with SIGINT ignored, and Python then leaves it so: what is tested
# here with interrupts, and every program that the tests start, shall know it all the same.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a home, a runtime folder and a log folder of its own."""
    for variable in ("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "IPYTHONDIR"):
        folder = tmp_path / "home" / variable.lower()
        folder.mkdir(parents=True)
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.delenv("LMS_JUPYTER_HOST", raising=False)
