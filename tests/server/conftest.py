"""A Jupyter Server with our extension and a host made of lists."""

from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures are for this folder alone
from traitlets.config import Config

from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.fake import FakeHost, fake_model
from lms_jupyter.server import LmsExtension
from lms_jupyter.server.switchboard import Switchboard

MODULE = "lms_jupyter.server"


@pytest.fixture
def jp_server_config() -> Config:
    return Config({"ServerApp": {"jpserver_extensions": {MODULE: True}}})


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(fake_model())


@pytest.fixture
def extension(jp_serverapp: Any, host: FakeHost) -> LmsExtension:
    """Return the extension of a running server, its switchboard connected to the fake host."""

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    (app,) = jp_serverapp.extension_manager.extension_apps[MODULE]
    app.switchboard.find = find
    return app


@pytest.fixture
def board(extension: LmsExtension) -> Switchboard:
    return extension.switchboard
