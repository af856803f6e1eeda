"""The file of limits that a Jupyter Server is set up with."""

import os
from pathlib import Path

import pytest
from traitlets import TraitError
from traitlets.config import Config

from lms_jupyter.engine.settings import LIMITS, Settings
from lms_jupyter.server.extension import LIMITS as SERVERS_LIMITS
from lms_jupyter.server.extension import LmsExtension


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(LIMITS, "")  # so that it is as it was after the test
    file = tmp_path / "limits.toml"
    file.write_text("[default]\ninstances = 1")
    return file


class TestConfigured:
    @pytest.fixture
    def jp_server_config(self, file: Path) -> Config:
        enabled = {"ServerApp": {"jpserver_extensions": {"lms_jupyter.server": True}}}
        return Config(enabled | {"LmsExtension": {"limits": str(file)}})

    @pytest.mark.usefixtures("extension")
    def test_an_engine_that_starts_from_it_keeps_to_the_file(self) -> None:
        settings = Settings.from_arguments([], os.environ)

        assert settings.limits.of("anybody").instances == 1


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(TraitError, match=r"none\.toml' cannot be read"):
        LmsExtension(limits=str(tmp_path / "none.toml"))
    assert SERVERS_LIMITS == LIMITS
