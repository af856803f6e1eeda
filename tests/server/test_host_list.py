"""Hosts are added, renamed and removed from a page, as far as the configuration allows it."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from traitlets.config import Config

from lms_jupyter.hosts import host_names, host_tokens
from lms_jupyter.server import folder
from lms_jupyter.server.handlers import browser_path
from lms_jupyter.server.host_list import NewHost
from tests.hosts.fake import FakeHost, fake_model
from tests.server.conftest import MODULE, Door

TOKEN = ":".join(("sk-lm-Ab3dEf9h", "0123456789abcdefghij"))
ENVIRON = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")


async def send(door: Door, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    """Send a request as somebody who may; return its status and what comes back."""
    request = HTTPRequest(
        door.url(path),
        method=method,
        body=None if body is None else json.dumps(body),
        headers=door.key,
        allow_nonstandard_methods=True,
    )
    reply = await AsyncHTTPClient().fetch(request, raise_error=False)
    return reply.code, json.loads(reply.body)


async def test_a_host_is_added_renamed_and_removed_with_its_token(door: Door) -> None:
    new = {"name": "gpu", "address": "https://gpu.example", "token": TOKEN}
    code, hosts = await send(door, "POST", "lms/hosts", new)

    assert (code, hosts["hosts"], hosts["named"]) == (200, ["", "gpu"], ["gpu"])
    assert hosts["may_name"] is True
    assert "sk-lm" not in json.dumps(hosts)
    (known,) = host_names.named_hosts()
    token = host_tokens.kept(known.address, known.token)
    assert token is not None
    assert str(token) == TOKEN

    code, hosts = await send(door, "PATCH", "lms/hosts", {"name": "gpu", "to": "big"})
    assert (code, hosts["named"]) == (200, ["big"])
    (known,) = host_names.named_hosts()
    assert host_tokens.kept(known.address, known.token) == token

    code, hosts = await send(door, "DELETE", "lms/hosts?name=big")
    assert (code, hosts["hosts"], hosts["named"]) == (200, [""], [])
    assert host_tokens.kept(known.address, known.token) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "lms/hosts", {"name": "a", "address": "10.0.0.7"}, "A host is called 'a' already"),
        ("POST", "lms/hosts", {"name": "add", "address": "10.0.0.7"}, "cannot be the name"),
        ("POST", "lms/hosts", {"name": "<b>", "address": "10.0.0.7"}, "cannot be the name"),
        ("POST", "lms/hosts", {"name": "b", "address": "nonsense:x"}, "is no address of a host"),
        ("POST", "lms/hosts", {"name": "b"}, "is not what is asked for"),
        ("POST", "lms/hosts", ["secret"], "is not what is asked for"),
        ("PATCH", "lms/hosts", {"name": "a", "to": "c"}, "A host is called 'c' already"),
        ("PATCH", "lms/hosts", {"name": "x", "to": "y"}, "No host is called 'x'"),
        ("PATCH", "lms/hosts", {"name": "a", "to": ""}, "cannot be the name"),
        ("DELETE", "lms/hosts?name=x", None, "No host is called 'x'"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    door: Door, method: str, path: str, body: Any, sentence: str
) -> None:
    host_names.add("a", "10.0.0.1")
    host_names.add("c", "10.0.0.2")
    before = host_names.named_hosts()

    code, reply = await send(door, method, path, body)

    assert code == 400
    assert sentence in reply["problem"]["title"]
    assert "secret" not in json.dumps(reply)
    assert host_names.named_hosts() == before


async def test_two_people_who_add_the_same_name_at_once_get_one_host(door: Door) -> None:
    new = [{"name": "gpu", "address": f"10.0.0.{number}"} for number in range(4)]

    replies = await asyncio.gather(*(send(door, "POST", "lms/hosts", each) for each in new))

    assert sorted(code for code, _ in replies) == [200, 400, 400, 400]
    assert len(host_names.named_hosts()) == 1


async def test_who_may_not_in_changes_nothing(door: Door) -> None:
    body = {"name": "gpu", "address": "10.0.0.7"}
    for path in ("lms/hosts", "lms/assistants", "lms/folder"):
        reply = await door.ask(path, headers={}, body=body)
        assert reply.code == 403
    assert host_names.named_hosts() == ()


def test_a_new_host_shows_no_token() -> None:
    assert "sk-lm" not in repr(NewHost(name="gpu", address="a", token=TOKEN))


class TestConfigured:
    """Where the configuration says which hosts there are, a page changes none."""

    @pytest.fixture
    def jp_server_config(self) -> Config:
        host_names.add("gpu", "https://gpu.example")
        extensions = {"jpserver_extensions": {MODULE: True}}
        return Config({"ServerApp": extensions, "LmsExtension": {"hosts": ["gpu"]}})

    async def test_every_change_is_refused_with_the_reason(self, door: Door) -> None:
        changes: list[tuple[str, str, Any]] = [
            ("POST", "lms/hosts", {"name": "b", "address": "10.0.0.7"}),
            ("PATCH", "lms/hosts", {"name": "gpu", "to": "b"}),
            ("DELETE", "lms/hosts?name=gpu", None),
        ]
        for method, path, body in changes:
            code, reply = await send(door, method, path, body)
            assert code == 409
            assert "set in this server's configuration" in reply["problem"]["title"]
        _, hosts = await send(door, "GET", "lms/hosts")
        assert (hosts["hosts"], hosts["named"], hosts["may_name"]) == (["gpu"], [], False)


async def test_assistants_of_the_server_talk_to_the_host_and_the_key_is_in_no_reply(
    door: Door, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ENVIRON:
        # So that what is set here is taken back.
        monkeypatch.setenv(name, "before")

    code, reply = await send(door, "POST", "lms/assistants", {})

    assert code == 200
    assert reply["address"] == host.address
    assert os.environ["OPENAI_BASE_URL"] == f"http://{host.address}/v1"
    assert os.environ["OPENAI_API_KEY"] == "lm-studio"
    assert sorted(reply["changed"]) == sorted(ENVIRON)
    assert "lm-studio" not in json.dumps(reply)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: FakeHost) -> Path:
    """Return a folder that has the host's models in it; the host is on this machine."""
    host.info = type(host.info)(name="Fake", address="127.0.0.1:9")
    for model in [fake_model()]:
        file = tmp_path / "models" / model.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setattr(folder, "downloaded_models", lambda: tmp_path / "models")
    monkeypatch.setattr(folder, "studio_models", lambda: None)
    monkeypatch.setattr(folder, "open_folder", lambda _folder: False)
    return tmp_path / "models"


async def test_the_folder_of_the_models_is_told_where_no_desktop_shows_it(
    door: Door, models: Path
) -> None:
    code, reply = await send(door, "POST", "lms/folder", {})

    assert (code, reply) == (200, {"path": str(models), "inside": None, "opened": False})


async def test_a_folder_with_no_model_of_the_host_is_not_taken_for_its_own(
    door: Door, models: Path
) -> None:
    for model in [fake_model()]:
        (models / model.path).unlink()

    code, reply = await send(door, "POST", "lms/folder", {})

    assert code == 400
    assert "None of the models of" in reply["problem"]["title"]


@pytest.mark.usefixtures("models")
async def test_a_host_elsewhere_has_its_models_elsewhere(door: Door, host: FakeHost) -> None:
    host.info = type(host.info)(name="Fake", address="gpu.example:1234")

    code, reply = await send(door, "POST", "lms/folder", {})

    assert code == 400
    assert "is on another machine" in reply["problem"]["title"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/u/a/b.ipynb", "a/b.ipynb"),
        ("/home/u/.hidden/b.ipynb", None),
        ("/home/u/../w/b.ipynb", None),
        ("/home/v/b.ipynb", None),
        ("b.ipynb", None),
        (None, None),
    ],
)
def test_a_path_is_one_of_the_file_browsers_or_none(path: str | None, shown: str | None) -> None:
    assert browser_path(path, "/home/u") == shown
    assert browser_path(path, "") is None


def test_a_folder_is_opened_as_the_desktop_does_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    program.chmod(0o755)
    monkeypatch.setattr(folder.sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert folder.open_folder(tmp_path) is False

    monkeypatch.setenv("DISPLAY", ":0")
    assert folder.open_folder(tmp_path) is True
    assert (tmp_path / "opened").read_text().strip() == str(tmp_path)
    program.write_text("#!/bin/sh\nexit 3\n")
    assert folder.open_folder(tmp_path) is False
