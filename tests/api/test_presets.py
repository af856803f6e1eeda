"""LM Studio's presets: read from its folder, used for loads, written from a profile."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.api.load_requests import read_request
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import presets
from lms_jupyter.hosts.prediction import Sampling, stack
from lms_jupyter.preset_files import PresetError, read_preset, read_presets
from lms_jupyter.protocol.models import HostInfo, LoadConfig

PRESET = {
    "identifier": "@local:calm-writer",
    "name": "Calm writer",
    "changed": True,
    "operation": {
        "fields": [
            {"key": "llm.prediction.systemPrompt", "value": "Be brief."},
            {"key": "llm.prediction.temperature", "value": 0.2},
            {"key": "llm.prediction.topPSampling", "value": {"checked": True, "value": 0.9}},
            {"key": "llm.prediction.llama.cpuThreads", "value": 3},
            {"key": "llm.prediction.tools", "value": {"type": "none"}},
        ]
    },
    "load": {"fields": [{"key": "llm.load.contextLength", "value": 640}]},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    folder = home / ".lmstudio" / "config-presets"
    folder.mkdir(parents=True)
    return folder


def put(folder: Path, content: Any, name: str = "calm-writer") -> Path:
    path = folder / f"{name}.preset.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    "name", ["Calm writer", "calm WRITER", "@local:calm-writer", "calm-writer", "the-file"]
)
def test_a_preset_is_found_by_name_identifier_and_file(folder: Path, name: str) -> None:
    put(folder, PRESET, "the-file")

    assert presets.find_preset(name).name == "Calm writer"


def test_a_preset_of_the_hub_is_found_by_its_owner_and_name(folder: Path) -> None:
    place = folder.parent / "hub" / "presets" / "neil" / "thinker"
    place.mkdir(parents=True)
    (place / "preset.json").write_text(json.dumps({"operation": {"fields": []}}))

    assert presets.find_preset("neil/thinker").identifier == "neil/thinker"


def test_the_load_settings_of_a_preset_lie_below_what_is_named(folder: Path) -> None:
    put(folder, PRESET)

    asked = read_request(folder, "m", "ensure", reload=False, preset="calm-writer", gpu=0.5)
    other = read_request(
        folder, "m", "ensure", reload=False, preset="calm-writer", context_length=64
    )

    assert asked.request.config == LoadConfig(context_length=640, gpu=0.5)
    assert other.request.config == LoadConfig(context_length=64)


def test_the_sampling_of_a_preset_is_a_layer_below_what_is_named(folder: Path) -> None:
    put(folder, PRESET)
    sampling = presets.sampled_by(Sampling(temperature=1.0), presets.find_preset("calm-writer"))

    below, above = stack(sampling)["layers"]

    assert below["layerName"] == "preset"
    assert [field["key"] for field in below["config"]["fields"]] == [
        field["key"]
        for field in PRESET["operation"]["fields"][1:]  # type: ignore[index]
    ]
    assert above["config"]["fields"] == [{"key": "llm.prediction.temperature", "value": 1.0}]


def test_what_the_engine_does_not_predict_by_is_named(folder: Path) -> None:
    preset = read_preset(put(folder, PRESET))
    engine = HostInfo(name="engine", address="x:1", version="1", features=("activity",))
    studio = HostInfo(name="LM Studio", address="x:1", version="1")

    assert presets.unused(preset, engine) == ("llm.prediction.llama.cpuThreads",)
    assert presets.unused(preset, studio) == ()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no JSON object"),
        ("[" * 100_000, "is no JSON"),
        ({"name": "x"}, "has neither 'operation' nor 'load'"),
        ({"inference_params": {}}, "is of LM Studio 0.2"),
        ({**PRESET, "version": 2}, "is of the version 2, which is newer than what this version"),
        ({"operation": {"fields": {}}}, "has no list of fields in 'operation'"),
        ({"load": {"fields": [{"value": 1}]}}, "has a field without a key in 'load'"),
    ],
)
def test_a_broken_or_newer_preset_is_one_sentence(
    folder: Path, content: Any, sentence: str
) -> None:
    path = put(folder, content, "odd")

    assert read_presets().presets == ()
    with pytest.raises(CommandError, match=sentence) as caught:
        presets.find_preset("odd")
    assert str(path) in caught.value.title
    assert caught.value.title.endswith(".")
    assert "\n" not in caught.value.title


def test_a_load_key_that_is_not_known_is_refused_by_name(folder: Path) -> None:
    load = {"fields": [{"key": "llm.load.warpDrive", "value": 9}]}
    put(folder, {**PRESET, "load": load})

    with pytest.raises(CommandError, match=r"'Calm writer' sets llm\.load\.warpDrive") as caught:
        read_request(folder, "m", "ensure", reload=False, preset="calm-writer")
    assert "Nothing was loaded." in caught.value.hint


def test_a_load_value_that_makes_no_sense_is_refused(folder: Path) -> None:
    load = {"fields": [{"key": "llm.load.contextLength", "value": "much"}]}
    put(folder, {**PRESET, "load": load})

    with pytest.raises(CommandError, match="load setting that makes no sense"):
        read_request(folder, "m", "ensure", reload=False, preset="calm-writer")


def test_a_name_that_is_none_is_answered_with_those_there_are(folder: Path) -> None:
    put(folder, PRESET)

    with pytest.raises(CommandError, match="no preset 'wild'") as caught:
        presets.find_preset("wild")
    assert caught.value.hint == "There are: Calm writer."


def test_a_profile_becomes_a_preset_and_is_read_back(folder: Path) -> None:
    config = LoadConfig(context_length=2048, k_cache_type="q8_0", gpu=1.0)

    saved = presets.save_preset("My quick one", config)

    assert saved.path == folder / "my-quick-one.preset.json"
    assert json.loads(saved.path.read_text())["identifier"] == "@local:my-quick-one"
    assert presets.load_config(presets.find_preset("My quick one")) == config
    assert [path.name for path in folder.iterdir()] == ["my-quick-one.preset.json"]


def test_a_preset_that_is_written_anew_keeps_how_it_predicts(folder: Path) -> None:
    put(folder, PRESET)

    saved = presets.save_preset("calm-writer", LoadConfig(context_length=99))

    assert saved.system_prompt == "Be brief."
    assert presets.load_config(saved) == LoadConfig(context_length=99)


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".lmstudio").write_text("no folder")

    with pytest.raises(CommandError, match="cannot be written to"):
        presets.save_preset("x", LoadConfig())


def test_a_pipe_is_no_preset(folder: Path) -> None:
    os.mkfifo(folder / "pipe.preset.json")

    with pytest.raises(PresetError, match="is no file"):
        read_presets().find("pipe")
