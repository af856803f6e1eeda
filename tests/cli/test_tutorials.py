from pathlib import Path

import pytest

from lms_jupyter.cli import main
from lms_jupyter.tutorials import tutorials


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_tutorials_are_copied_into_a_new_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tutorials", str(tmp_path / "a" / "b")]) == 0

    assert names(tmp_path / "a" / "b") == [file.name for file in tutorials()]
    assert "Begin with 00-welcome.ipynb" in capsys.readouterr().out


def test_what_somebody_wrote_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    mine = folder / "00-welcome.ipynb"
    mine.write_text("mine")

    assert main(["tutorials", str(folder)]) == 1

    assert names(folder) == ["00-welcome.ipynb"]
    assert mine.read_text() == "mine"
    assert "--force" in capsys.readouterr().err

    assert main(["tutorials", str(folder), "--force"]) == 0
    assert mine.read_bytes() == tutorials()[0].read_bytes()


def test_a_folder_that_is_a_file_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    assert main(["tutorials", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_the_command_knows_its_options(tmp_path: Path) -> None:
    assert main(["tutorials", str(tmp_path), "--froce"]) == 1
