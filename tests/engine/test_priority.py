"""Children stand back for the engine's own loop, and for whatever else the user does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until

from .conftest import EngineProcess, start_engine

CHILDREN = 6
STAND_BACK = """
import sys
from lms_jupyter.engine.worker.priority import lower_priority
lower_priority(int(sys.argv[1]))
print("standing", flush=True)
sys.stdin.read()
"""


def _session_niceness(pid: int) -> int | None:
    """Return the niceness of a process's session, or `None` where Linux has none."""
    file = Path(f"/proc/{pid}/autogroup")
    if not file.exists() or not file.read_text().strip():
        return None
    return int(file.read_text().split()[-1])


@pytest.fixture
def standing_at_7(models: Path, tmp_path: Path) -> Iterator[EngineProcess]:
    engine = start_engine(models, tmp_path / "log", "--nice", "7")
    yield engine
    assert engine.stop() == 0


def test_children_are_as_nice_as_the_settings_say_and_their_sessions_are_too(
    standing_at_7: EngineProcess,
) -> None:
    engine = psutil.Process(standing_at_7.process.pid)
    grouped = _session_niceness(engine.pid) is not None
    wait_until(lambda: standing_at_7.children, "the spare")
    (spare,) = standing_at_7.children
    wait_until(lambda: spare.nice() == engine.nice() + 7, "the spare to stand back")
    wait_until(lambda: not grouped or _session_niceness(spare.pid) == 7, "its session as well")
    assert engine.nice() == psutil.Process().nice()
    # Where no session of ours is grouped, as in some containers, the engine's begins with 0.
    assert _session_niceness(engine.pid) == (_session_niceness(psutil.Process().pid) or 0)


def test_many_at_once_all_stand_back_though_linux_takes_them_one_after_the_other() -> None:
    grouped = _session_niceness(psutil.Process().pid) is not None
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STAND_BACK, "5"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for _ in range(CHILDREN)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"standing\n"
            wait_until(
                lambda pid=process.pid: not grouped or _session_niceness(pid) == 5,  # type: ignore[misc]
                "its session to stand back",
            )
            assert psutil.Process(process.pid).nice() == psutil.Process().nice() + 5
    finally:
        for process in processes:
            process.communicate()
