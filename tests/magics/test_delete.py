"""`%lms delete`: asks first, takes off the disk what is named, and says where it lies."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from msgspec.structs import replace

from lms_jupyter.errors import CommandError, ModelNotFoundError
from lms_jupyter.magics.magic import LmsMagics
from tests.hosts.fake import FakeHost

QWEN = "qwen/qwen3-4b"


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Answer the question of a cell, and note what was asked."""
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("builtins.input", reply)
    return asked


@pytest.mark.usefixtures("magics")
def test_nothing_goes_unless_it_is_confirmed(
    shell: InteractiveShell,
    host: FakeHost,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = answering(monkeypatch, "")
    shell.run_line_magic("lms", f"delete {QWEN}")
    assert "Delete qwen/qwen3-4b (2.50 GB) from the disk of Fake 1? [y/N]" in asked[0]
    assert QWEN in [model.model_key for model in host.disk]

    answering(monkeypatch, "y")
    shell.run_line_magic("lms", f"delete {QWEN}")
    assert QWEN not in [model.model_key for model in host.disk]
    said = capsys.readouterr().out
    assert f"{QWEN} stays." in said
    assert f"{QWEN} is in the bin (/bin): emptying it frees 2.50 GB." in said


@pytest.mark.usefixtures("host")
def test_for_good_the_space_is_free_at_once(
    shell: InteractiveShell, magics: LmsMagics, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("lms", f"delete {QWEN} -y --permanently")

    assert f"{QWEN} is deleted: 2.50 GB are free again." in capsys.readouterr().out
    assert QWEN not in [model.model_key for model in magics.local.manager.catalog.models]


@pytest.mark.usefixtures("magics")
def test_nothing_that_only_looks_like_a_name_is_deleted(
    shell: InteractiveShell, host: FakeHost
) -> None:
    with pytest.raises(ModelNotFoundError):
        shell.run_line_magic("lms", "delete qwn -y")
    assert len(host.disk) == 2


@pytest.mark.usefixtures("magics")
def test_a_host_that_cannot_and_another_machine_are_refused_with_the_reason(
    shell: InteractiveShell, host: FakeHost
) -> None:
    host.disk = [replace(host.disk[0], device="0f", device_name="gpu-box")]
    with pytest.raises(CommandError, match="lies on the disk of gpu-box"):
        shell.run_line_magic("lms", f"delete {QWEN} -y")

    host.info = replace(host.info, features=())
    with pytest.raises(CommandError, match="deletes no model for others") as error:
        shell.run_line_magic("lms", f"delete {QWEN} -y")
    assert "My Models" in error.value.hint
    assert len(host.disk) == 1
