"""Tokens of others than the owner: what each is good for, and that one can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.guest_tokens import GuestTokens
from lms_jupyter.engine.routes.permissions import of_endpoint, of_path
from lms_jupyter.engine.token import Token
from tests import engines

from .raw import connected
from .test_protocol_page import ANSWERED_CALLS, ANSWERED_CHANNELS

OWNER, READER, TALKER = (Token.new().reveal() for _ in range(3))


def write(file: Path, **guests: tuple[str, list[str]]) -> Path:
    file.touch(mode=0o600)
    lines = [
        f'[{name}]\ntoken = "{token}"\npermissions = {permissions!r}\n'
        for name, (token, permissions) in guests.items()
    ]
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text("".join(lines))
    new.replace(file)
    return file


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens") / "guests.toml"


@pytest.fixture(scope="module")
def address(models: Path, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    own = home / "own"
    own.touch(mode=0o600)
    own.write_text(OWNER)
    write(file, reader=(READER, ["read"]), talker=(TALKER, ["read", "predict"]))
    options = ("--no-default-models", "--models", str(models), "--token-file", str(own))
    with engines.engine(home, *options, "--guest-tokens", str(file)) as address:
        yield address


def ask(address: str, token: str, method: str, path: str, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://{address}{path}"
    return httpx.request(method, url, headers=headers, json=body or None, timeout=30)


def test_each_token_is_good_for_what_its_file_says(address: str) -> None:
    chat = {"model": "tiny-llm", "input": "a", "max_output_tokens": 2}
    load = {"model": "tiny-llm"}

    assert ask(address, READER, "GET", "/api/v1/models").status_code == 200
    refused = ask(address, READER, "POST", "/api/v1/chat", **chat)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "permission_denied"
    assert refused.json()["error"]["message"].startswith(
        "The token 'reader' may not do this: it needs 'predict' and has read."
    )
    assert ask(address, TALKER, "POST", "/api/v1/chat", **chat).status_code == 200
    assert ask(address, TALKER, "POST", "/api/v1/models/load", **load).status_code == 403
    assert ask(address, OWNER, "POST", "/api/v1/models/load", **load).status_code == 200
    assert ask(address, Token.new().reveal(), "GET", "/api/v1/models").status_code == 401


async def called(address: str, token: str, namespace: str, endpoint: str, **body: Any) -> Any:
    identifier, _, passkey = token.removeprefix("sk-lm-").partition(":")
    async with connected(address, namespace) as raw:
        introduced = await raw.introduce(clientIdentifier=identifier, clientPasskey=passkey)
        if introduced != {"success": True}:
            return introduced
        return await raw.call(endpoint, **body)


@pytest.mark.asyncio
async def test_sockets_ask_for_the_same_permissions(address: str) -> None:
    listed = await called(address, READER, "system", "listDownloadedModels")
    refused = await called(address, READER, "llm", "unloadModel", identifier="x")
    shut = await called(address, TALKER, "system", "requestShutdown")

    assert {model["modelKey"] for model in listed} >= {"tiny-llm"}
    assert "needs 'load' and has read" in refused["error"]["title"]
    assert "needs 'manage'" in shut["error"]["title"]
    assert ask(address, OWNER, "GET", "/api/v1/models").status_code == 200


@pytest.mark.asyncio
async def test_a_token_that_is_taken_back_is_worth_nothing(address: str, file: Path) -> None:
    identifier, _, passkey = READER.removeprefix("sk-lm-").partition(":")
    async with connected(address, "system") as raw:
        await raw.introduce(clientIdentifier=identifier, clientPasskey=passkey)
        assert isinstance(await raw.call("listDownloadedModels"), list)

        write(file, talker=(TALKER, ["read"]))

        gone = await raw.call("listDownloadedModels")
    assert gone["error"]["title"] == "This is not the API token of this engine."
    assert ask(address, READER, "GET", "/api/v1/models").status_code == 401
    assert ask(address, TALKER, "GET", "/api/v1/models").status_code == 200
    write(file, reader=(READER, ["read"]), talker=(TALKER, ["read", "predict"]))


def test_every_call_and_path_needs_something_and_what_is_new_needs_most() -> None:
    needed = {
        endpoint: of_endpoint(endpoint)
        for names in (*ANSWERED_CALLS.values(), *ANSWERED_CHANNELS.values())
        for endpoint in names.split()
    }
    manage = {name for name, permission in needed.items() if permission == "manage"}

    assert manage == {
        *("notify", "requestShutdown", "startHttpServer", "stopHttpServer"),
        *("selectEngine", "streamLogs"),
    }
    assert of_path("POST", "/api/v1/models/download/limits") == "manage"
    assert of_path("POST", "/api/v1/models/download") == "download"
    assert of_path("POST", "/v1/chat/completions") == "predict"
    assert of_path("HEAD", "/v1/models") == "read"
    assert of_path("DELETE", "/v1/models/x") == "manage"
    assert of_path("POST", "/somewhere/new") == of_endpoint("somethingNew") == "manage"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "is no TOML"),
        ("x = 1", "'x' in .* has no token"),
        ('[x]\ntoken = "sk-lm-abc"\npermissions = []', "not of the form"),
        (f'[x]\ntoken = "{READER}"', "no list of permissions"),
        (f'[x]\ntoken = "{READER}"\npermissions = ["fly"]', "the permission 'fly'"),
    ],
    # The tokens are others in each process, and every worker has to find the same tests.
    ids=["no TOML", "no token", "another form", "no permissions", "an unknown permission"],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "guests.toml"
    file.touch(mode=0o600)
    file.write_text(text)

    with pytest.raises(BadRequestError, match=sentence) as caught:
        GuestTokens(file)
    assert READER not in caught.value.title


def test_a_file_that_others_may_open_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "guests.toml", reader=(READER, ["read"]))
    file.chmod(0o644)

    with pytest.raises(BadRequestError, match="others may open it") as caught:
        GuestTokens(file)
    assert caught.value.hint == f"Run: chmod 600 {file}"


def test_a_file_that_breaks_or_goes_lets_nobody_in(tmp_path: Path) -> None:
    file = write(tmp_path / "guests.toml", reader=(READER, ["read"]))
    guests = GuestTokens(file)
    assert guests.shown_by([READER]) is not None

    file.write_text("[")
    assert guests.shown_by([READER]) is None
    write(file, reader=(READER, ["read"]))
    assert guests.shown_by([READER]) is not None
    file.unlink()
    assert guests.shown_by([READER]) is None


def test_a_guest_is_written_out_nowhere(tmp_path: Path) -> None:
    file = write(tmp_path / "guests.toml", reader=(READER, ["read"]))

    guest = GuestTokens(file).shown_by([READER])

    assert guest is not None
    assert READER not in repr(guest)
