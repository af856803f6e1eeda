"""Programs are asked what they are once, as long as their files stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lms_jupyter.engine.runtimes.discover import Candidate
from lms_jupyter.engine.runtimes.kept_answers import MOST, KeptAnswers
from lms_jupyter.engine.runtimes.runtime import Runtime
from lms_jupyter.engine.runtimes.runtimes import Runtimes
from lms_jupyter.engine.runtimes.survey import survey_program

from .stub_server import write_stub

pytestmark = pytest.mark.asyncio


class Asked:
    """A program that writes down what it is asked."""

    def __init__(self, folder: Path, first: str = "") -> None:
        self._asked = folder / "asked"
        self.program = write_stub(
            folder / "llama-server", first=f'echo "$1" >> {self._asked}; {first}'
        )

    async def survey(self, kept: KeptAnswers, patience_s: float = 10.0) -> Runtime:
        return await survey_program(
            Candidate("llama-server", self.program), kept, patience_s=patience_s
        )

    def take(self) -> list[str]:
        """Return what it was asked since the last time."""
        said = sorted(self._asked.read_text().split()) if self._asked.exists() else []
        self._asked.unlink(missing_ok=True)
        return said


EVERYTHING = ["--help", "--list-devices", "--version"]


async def test_the_next_engine_asks_only_for_the_devices(tmp_path: Path) -> None:
    asked, file = Asked(tmp_path), tmp_path / "builds.json"
    first = await asked.survey(KeptAnswers(file))
    assert asked.take() == EVERYTHING
    second = await asked.survey(KeptAnswers(file))
    assert asked.take() == ["--list-devices"]
    assert second == first
    assert not first.problem


@pytest.mark.parametrize("change", ["time", "size", "another"])
async def test_another_file_at_the_same_place_is_asked_anew(tmp_path: Path, change: str) -> None:
    asked, kept = Asked(tmp_path), KeptAnswers()
    await asked.survey(kept)
    asked.take()
    stat = asked.program.stat()
    if change == "time":
        os.utime(asked.program, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    else:
        text = asked.program.read_text()
        asked.program.write_text(
            f"{text}\n" if change == "size" else text.replace("10434", "10999")
        )
        moved = stat.st_mtime_ns + (change == "another")
        os.utime(asked.program, ns=(stat.st_atime_ns, moved))
    found = await asked.survey(kept)
    assert asked.take() == EVERYTHING
    assert found.version == ("b10999" if change == "another" else "b10434")


async def test_one_that_does_not_answer_is_waited_for_once_an_hour(tmp_path: Path) -> None:
    asked, file, now = Asked(tmp_path, "sleep 100"), tmp_path / "builds.json", [1e9]
    first = await asked.survey(KeptAnswers(file, lambda: now[0]), 0.5)
    assert asked.take()
    second = await asked.survey(KeptAnswers(file, lambda: now[0]), 0.5)
    assert asked.take() == []
    assert "it has not answered for 0.5 seconds." in first.problem
    assert "it has not answered for 0.5 seconds, and is asked again after an hour" in second.problem
    for later in (3700.0, -10.0):
        now[0] += later
        await asked.survey(KeptAnswers(file, lambda: now[0]), 0.5)
        assert asked.take()


async def test_one_that_failed_is_asked_again_at_once(tmp_path: Path) -> None:
    asked, kept = Asked(tmp_path, "exit 3"), KeptAnswers()
    for _ in range(2):
        assert "it ended with code 3" in (await asked.survey(kept)).problem
        assert asked.take()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"\xff\xfe", b'{"engine": "0", "programs": {}}', b"x" * 2**23]
)
async def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path, text: bytes) -> None:
    asked, file = Asked(tmp_path), tmp_path / "builds.json"
    file.write_bytes(text)
    assert not (await asked.survey(KeptAnswers(file))).problem
    assert asked.take() == EVERYTHING


async def test_what_cannot_be_written_is_asked_again(tmp_path: Path) -> None:
    asked, file = Asked(tmp_path), tmp_path / "none" / "builds.json"
    for _ in range(2):
        assert not (await asked.survey(KeptAnswers(file))).problem
        assert asked.take() == EVERYTHING


async def test_no_more_than_so_many_are_kept_whatever_they_are_called(tmp_path: Path) -> None:
    file, odd = tmp_path / "builds.json", tmp_path / os.fsdecode(b"\xff")
    odd.touch()
    kept = KeptAnswers(file)
    kept.keep(odd, version="b1")
    assert (again := KeptAnswers(file).of(odd))
    assert again.version == "b1"
    for number in range(MOST):
        program = tmp_path / f"program-{number}"
        program.touch()
        kept.keep(program, version="b1")
    assert KeptAnswers(file).of(odd) is None
    assert not list(tmp_path.glob("tmp*"))


async def test_an_engine_keeps_them_beside_what_was_selected(tmp_path: Path) -> None:
    asked, kept = Asked(tmp_path / "bin"), tmp_path / "engine.runtime"
    for expected in (EVERYTHING, ["--list-devices"]):
        runtimes = Runtimes(environ={"PATH": str(asked.program.parent)}, kept=kept)
        await runtimes.surveyed()
        assert asked.take() == expected
        await runtimes.close()
    assert (tmp_path / "engine.builds.json").stat().st_mode & 0o777 == 0o600
