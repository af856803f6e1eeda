"""`%lms preset`, and `--preset` of a load and of a cell."""

import json
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lms_jupyter.errors import CommandError
from tests.hosts.fake import FakeHost

QWEN = "qwen/qwen3-4b"
PRESET = {
    "identifier": "@local:calm",
    "name": "calm",
    "operation": {
        "fields": [
            {"key": "llm.prediction.systemPrompt", "value": "Be brief."},
            {"key": "llm.prediction.temperature", "value": 0.2},
            {"key": "llm.prediction.llama.cpuThreads", "value": 3},
        ]
    },
    "load": {"fields": [{"key": "llm.load.contextLength", "value": 640}]},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".lmstudio" / "config-presets"
    folder.mkdir(parents=True)
    (folder / "calm.preset.json").write_text(json.dumps(PRESET))
    return folder


@pytest.mark.usefixtures("magics", "folder")
def test_a_load_takes_the_settings_of_a_preset(shell: InteractiveShell, host: FakeHost) -> None:
    shell.run_line_magic("lms", f"load {QWEN} --preset calm")

    assert [instance.context_length for instance in host.memory] == [640]


@pytest.mark.usefixtures("magics", "folder")
def test_a_cell_takes_the_preset_and_its_own_flags_win(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell_magic("lms", f"{QWEN} --preset calm --temperature 1", "hello")

    ((messages, sampling),) = host.prompts
    assert [(m.role, m.text) for m in messages] == [("system", "Be brief."), ("user", "hello")]
    assert sampling.temperature == 1
    assert dict(sampling.preset)["llm.prediction.temperature"] == 0.2
    assert [instance.context_length for instance in host.memory] == [640]
    assert (
        "Not used here of the preset 'calm': llm.prediction.llama.cpuThreads."
        in capsys.readouterr().out
    )


@pytest.mark.usefixtures("magics", "folder")
def test_a_system_prompt_of_the_line_or_the_chat_wins(
    shell: InteractiveShell, host: FakeHost
) -> None:
    shell.run_cell_magic("lms", f"{QWEN} --preset calm -s Sing --chat a", "hello")
    shell.run_cell_magic("lms", f"{QWEN} --preset calm --chat a", "again")

    systems = [[m.text for m in messages if m.role == "system"] for messages, _ in host.prompts]
    assert systems == [["Sing"], ["Sing"]]


@pytest.mark.usefixtures("magics")
def test_a_preset_that_cannot_be_read_loads_nothing(
    shell: InteractiveShell, host: FakeHost, folder: Path
) -> None:
    (folder / "odd.preset.json").write_text(json.dumps({**PRESET, "version": 7}))

    for line in (f"load {QWEN} --preset odd", f"load {QWEN} --preset none"):
        with pytest.raises(CommandError):
            shell.run_line_magic("lms", line)
    with pytest.raises(CommandError, match="newer"):
        shell.run_cell_magic("lms", f"{QWEN} --preset odd", "hello")

    assert host.memory == []


@pytest.mark.usefixtures("magics")
def test_presets_are_listed_shown_and_written(
    shell: InteractiveShell, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "odd.preset.json").write_text("{")
    (folder.parent.parent / "lms_profiles.toml").write_text('[fast]\ncontext = 99\nttl = "5m"\n')

    shell.run_line_magic("lms", "preset ls")
    shell.run_line_magic("lms", "preset show calm --json")
    shell.run_line_magic("lms", "preset save 'My own' --profile fast")
    out = capsys.readouterr().out

    assert "@local:calm" in out
    assert "odd.preset.json is no JSON" in out
    assert '"llm.load.contextLength":640' in out
    assert "A preset has no TTL" in out
    written = json.loads((folder / "my-own.preset.json").read_text())
    assert written["load"]["fields"][0] == {"key": "llm.load.contextLength", "value": 99}


@pytest.mark.usefixtures("magics", "folder")
@pytest.mark.parametrize("line", ["preset show", "preset ls calm", "preset save x"])
def test_a_line_that_lacks_something_says_what(shell: InteractiveShell, line: str) -> None:
    with pytest.raises(CommandError, match="%lms preset"):
        shell.run_line_magic("lms", line)
