"""The model that a notebook has chosen: told by its page, or saved in its file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_jupyter.api.host_verbs import answering, chat, messages_of
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.notebook_model import CHOSEN, LONGEST, VARIABLE, chosen_model
from lms_jupyter.api.session import Session
from lms_jupyter.errors import CommandError, ModelNotFoundError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FEATURES, FakeHost, fake_model

UNNAMED = NotebookRequest(request=LoadRequest(model_key="", mode="use"))


def saved(folder: Path, ours: object) -> dict[str, str]:
    """Write a notebook with this in its metadata; return the environment of its kernel."""
    path = folder / "mine.ipynb"
    cells = [{"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}]
    path.write_text(json.dumps({"cells": cells, "metadata": {"lms_jupyter": ours}, "nbformat": 4}))
    return {"JPY_SESSION_NAME": str(path)}


def test_a_page_says_it_and_a_file_where_no_page_does(tmp_path: Path) -> None:
    file = saved(tmp_path, {"model": "qwen3-4b"})

    assert chosen_model(file) == "qwen3-4b"
    assert chosen_model({**file, VARIABLE: "other"}) == "other"
    # The choice was taken back, and the notebook is not saved yet.
    assert chosen_model({**file, VARIABLE: ""}) is None


@pytest.mark.parametrize(
    "ours", [None, "qwen3-4b", [], {"model": 4}, {"model": " "}, {"model": "x" * (LONGEST + 1)}, {}]
)
def test_what_is_no_choice_is_none(tmp_path: Path, ours: object) -> None:
    assert chosen_model(saved(tmp_path, ours)) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"metadata": 1}', b"\xff\xfe"])
def test_a_file_that_is_no_notebook_chooses_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)

    assert chosen_model({"JPY_SESSION_NAME": str(path)}) is None


@pytest.mark.parametrize("name", ["", "relative.ipynb", "/nowhere/at-all.ipynb", "/etc/passwd"])
def test_where_there_is_no_notebook_none_is_chosen(name: str) -> None:
    assert chosen_model({"JPY_SESSION_NAME": name}) is None


@pytest.fixture
def host() -> FakeHost:
    embed = fake_model("nomic-embed", kind="embedding", architecture="nomic-bert")
    return FakeHost(fake_model("a/chosen"), fake_model("b/other"), embed, features=FEATURES)


@pytest.fixture
def here(host: FakeHost) -> Iterator[Session]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    yield Session(local)
    local.close()


def test_it_is_loaded_rather_than_another_that_is_in_memory(
    here: Session, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.put(host.disk[1], identifier="b/other")
    said = messages_of("Hello", None)
    assert here.run(chat(here, said, None, 60, {})).model == "b/other"

    monkeypatch.setenv(VARIABLE, "a/chosen")
    assert here.run(chat(here, said, None, 60, {})).model == "a/chosen"
    assert here.run(chat(here, said, "b/other", 60, {})).model == "b/other"
    instance, result = here.run(answering(here, UNNAMED))
    assert instance.identifier == "a/chosen"
    assert result is not None
    assert result.how == "used"


def test_one_that_is_not_there_is_told_from_one_that_was_typed(
    here: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "gone-99b")

    with pytest.raises(ModelNotFoundError) as error:
        here.run(answering(here, UNNAMED))
    assert error.value.hint.startswith(CHOSEN)


def test_an_embedding_model_has_no_answers(here: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "nomic-embed")

    with pytest.raises(CommandError, match="nomic-embed is an embedding model"):
        here.run(answering(here, UNNAMED))
