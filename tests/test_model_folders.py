"""Where models lie, as LM Studio has it and wherever this user's home is."""

import json
import os
from pathlib import Path

import pytest

from lms_jupyter import model_folders
from lms_jupyter.engine.settings import default_folders


def test_lm_studio_may_be_elsewhere(tmp_path: Path) -> None:
    assert model_folders.studio_models(tmp_path) == tmp_path / ".lmstudio" / "models"
    (tmp_path / ".cache" / "lm-studio").mkdir(parents=True)
    assert model_folders.studio_models(tmp_path) == tmp_path / ".cache" / "lm-studio" / "models"
    (tmp_path / ".lmstudio-home-pointer").write_text("/big/disk\n")
    assert model_folders.studio_models(tmp_path) == Path("/big/disk/models")


@pytest.mark.parametrize("home", [".lmstudio", ".cache/lm-studio", "moved"])
def test_its_settings_move_its_models(home: str, tmp_path: Path) -> None:
    (tmp_path / home).mkdir(parents=True)
    if home == "moved":
        (tmp_path / ".lmstudio-home-pointer").write_text(str(tmp_path / home))
    settings = tmp_path / home / "settings.json"

    settings.write_text(json.dumps({"downloadsFolder": "/big/disk"}))
    assert model_folders.studio_models(tmp_path) == Path("/big/disk")
    settings.write_text(json.dumps({"downloadsFolder": "~/big"}))
    assert model_folders.studio_models(tmp_path) == tmp_path / "big"


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "\0", '"a"', "{}"),
        '{"downloadsFolder": 5}',
        '{"downloadsFolder": ""}',
        '{"downloadsFolder": "relative"}',
        '{"downloadsFolder": "/a\\u0000b"}',
    ],
)
def test_settings_that_name_no_folder_move_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / ".lmstudio").mkdir()
    (tmp_path / ".lmstudio" / "settings.json").write_text(text)

    assert model_folders.studio_models(tmp_path) == tmp_path / ".lmstudio" / "models"


@pytest.mark.parametrize("pointer", ["relative", "\0", "\n"])
def test_a_pointer_that_names_no_folder_moves_nothing(pointer: str, tmp_path: Path) -> None:
    (tmp_path / ".lmstudio-home-pointer").write_text(pointer)

    assert model_folders.studio_models(tmp_path) == tmp_path / ".lmstudio" / "models"


def test_what_is_no_text_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio-home-pointer").write_bytes(b"\xff\xfe/x")
    (tmp_path / ".lmstudio").mkdir()
    (tmp_path / ".lmstudio" / "settings.json").mkdir()

    assert model_folders.studio_models(tmp_path) == tmp_path / ".lmstudio" / "models"


@pytest.mark.parametrize("home", ["", "relative", "/dev/null", "/proc/nonexistent"])
def test_without_a_home_there_are_still_the_shipped_models(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    assert default_folders() == (model_folders.SHIPPED_MODELS,)
    assert model_folders.SHIPPED_MODELS in model_folders.model_folders()
    assert model_folders.downloaded_models().is_absolute()


def test_the_engine_and_the_rest_look_into_the_same_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for folder in (tmp_path / ".lmstudio" / "models", model_folders.downloaded_models()):
        folder.mkdir(parents=True)

    assert set(default_folders()) < set(model_folders.model_folders())
    assert len(model_folders.model_folders()) == 3
    assert all(os.path.isabs(folder) for folder in model_folders.model_folders())  # noqa: PTH117
