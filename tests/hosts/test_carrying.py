"""What a process is called is said to this user's own engine, and to nobody else."""

import json
import os
from collections.abc import Iterator

import lmstudio
import pytest

from lms_jupyter.hosts import carrying, credentials
from lms_jupyter.hosts.announcements import announcement_path

OURS, FOREIGN = "127.0.0.1:41999", "127.0.0.1:41998"
TOKEN = "sk-lm-abcdefgh:abcdefghij0123456789"  # noqa: S105 - made for this test


@pytest.fixture
def _named() -> Iterator[None]:
    before = list(carrying._name)
    carrying.introduce_as("/home/u/train.ipynb")
    yield
    carrying._name[:] = before


@pytest.mark.usefixtures("_named")
def test_only_an_engine_that_was_announced_is_told_the_notebook() -> None:
    announcement_path().write_text(
        json.dumps({"address": OURS, "pid": os.getpid(), "version": "1", "token": TOKEN})
    )
    announcement_path().chmod(0o600)

    ours = credentials.new_client(lmstudio.AsyncClient, OURS)._auth_details
    foreign = credentials.new_client(lmstudio.AsyncClient, FOREIGN, TOKEN)._auth_details

    assert dict(ours)["clientName"] == "/home/u/train.ipynb"
    assert dict(ours)["clientIdentifier"] == "abcdefgh"
    assert "clientName" not in dict(foreign)
