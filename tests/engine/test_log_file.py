"""A log that cannot be written stops no engine, and is told in a line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lms_jupyter.engine.log_file import ENGINE, logging_to
from lms_jupyter.engine.prediction.logs import LogHub


@pytest.mark.asyncio
async def test_where_the_log_cannot_be_written_warnings_go_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "engine.log"

    with logging_to(place, LogHub()):
        ENGINE.info("nobody reads this")
        ENGINE.warning("somebody reads this")

    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert f"{place} cannot be written (" in told[0]
    assert told[1].endswith("somebody reads this")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.asyncio
async def test_on_a_full_disk_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(Path("/dev/full"), LogHub()):
        for _ in range(3):
            ENGINE.warning("lost")

    assert capsys.readouterr().err.splitlines() == [
        "/dev/full cannot be written: No space left on device."
    ]


def test_an_engine_starts_without_a_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "lms_jupyter.engine", "--linger", "0"]
    told = subprocess.run(
        [*command, "--spares", "0", "--log", str(tmp_path / "file" / "engine.log")],
        env={**os.environ, "HOME": "/proc/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert told.stdout.startswith("listening on http://127.0.0.1:"), told.stderr
    assert told.returncode == 0
    assert "cannot be written (" in told.stderr
    assert "Traceback" not in told.stderr
