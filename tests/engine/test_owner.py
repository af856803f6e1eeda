"""An engine that is somebody's: who has its token gets in, everybody else gets nothing."""

from __future__ import annotations

import hmac
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import lmstudio
import psutil
import pytest

from lms_jupyter.engine.routes.sdk import SOCKETS
from lms_jupyter.engine.token import Token

from .conftest import EngineProcess, start_engine
from .raw import connected

FORM = re.compile(r"sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}")
GIVEN = "sk-lm-Ab3dEf9h:0123456789abcdefghij"
WRONG = "sk-lm-Ab3dEf9h:0123456789abcdefghiJ"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what must not happen by itself
PATHS = (
    ("GET", "/v1/models"),
    ("GET", "/v1/models/tiny-llm"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
    ("GET", "/v1/nothing"),
    ("GET", "/api/v0/models"),
    ("POST", "/api/v0/chat/completions"),
    ("GET", "/api/v1/models"),
    ("POST", "/api/v1/models/load"),
    ("POST", "/api/v1/models/unload"),
    ("POST", "/api/v1/models/download"),
    ("GET", "/api/v1/models/download/status"),
    ("POST", "/api/v1/models/download/cancel/x"),
    ("POST", "/api/v1/chat"),
    ("GET", "/"),
    ("GET", "/nothing"),
    ("OPTIONS", "/v1/models"),
    ("GET", "//lms-status"),
)


@pytest.fixture(scope="module")
def announcement(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "lms-jupyter" / "engine.json"


@pytest.fixture(scope="module")
def owned(
    models: Path, announcement: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    log = tmp_path_factory.mktemp("owned") / "log"
    options = ("--announce", str(announcement), "--log", f"{log}.engine")
    engine = start_engine(models, log, *options)
    yield engine
    assert engine.stop() == 0


@pytest.fixture
def token(owned: EngineProcess, announcement: Path) -> str:  # noqa: ARG001 - it writes the file
    return str(json.loads(announcement.read_bytes())["token"])


async def ask(
    address: str, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{address}{path}", headers=headers) as response,
    ):
        return response.status, response.headers, await response.read()


def test_what_is_announced_is_for_its_owner_alone(announcement: Path, token: str) -> None:
    assert FORM.fullmatch(token)
    assert stat.S_IMODE(announcement.stat().st_mode) == 0o600
    assert stat.S_IMODE(announcement.parent.stat().st_mode) == 0o700
    assert [file.name for file in announcement.parent.iterdir()] == ["engine.json"]


@pytest.mark.asyncio
@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_every_path_wants_the_token(
    owned: EngineProcess, token: str, method: str, path: str
) -> None:
    for shown in ({}, {"Authorization": f"Bearer {WRONG}"}, {"X-Api-Key": WRONG}):
        status, headers, body = await ask(owned.address, path, method, shown)
        assert status == 401
        assert headers["WWW-Authenticate"] == "Bearer"
        assert b"token" in body
        assert WRONG.encode() not in body

    for shown in ({"Authorization": f"Bearer {token}"}, {"X-Api-Key": token}):
        assert (await ask(owned.address, path, method, shown))[0] != 401


@pytest.mark.asyncio
async def test_a_refusal_has_the_form_of_its_path(owned: EngineProcess) -> None:
    async def said(path: str) -> object:
        return json.loads((await ask(owned.address, path, "POST"))[2])

    message = (
        "A valid API token is required. The engine's owner sees it with: lms-jupyter engine --env"
    )
    kind = {"message": message, "type": "invalid_request_error", "param": None}
    assert await said("/v1/chat/completions") == {"error": kind | {"code": "invalid_api_key"}}
    authentication = {"type": "authentication_error", "message": message}
    assert await said("/v1/messages") == {"type": "error", "error": authentication}
    assert await said("/api/v1/chat") == {
        "error": {"type": "invalid_request", "message": message, "code": "invalid_api_key"}
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "header",
    ["Basic {}", "Bearer", "bearer{}", "Bearer {}x", "Bearer x{}", "Bearer \xff", "{}", "Bearer "],
)
async def test_what_only_resembles_the_token_is_refused(
    owned: EngineProcess, token: str, header: str
) -> None:
    shown = {"Authorization": header.format(token)}
    assert (await ask(owned.address, "/v1/models", headers=shown))[0] == 401


@pytest.mark.asyncio
async def test_who_it_is_it_tells_everybody_and_no_more(owned: EngineProcess) -> None:
    _, _, greeting = await ask(owned.address, "/lmstudio-greeting")
    _, _, status = await ask(owned.address, "/lms-status")

    assert json.loads(greeting) == {"lmstudio": True}
    assert set(json.loads(status)) == {"package", "version", "extensions", "authentication"}
    assert json.loads(status)["authentication"] is True


@pytest.mark.asyncio
async def test_it_proves_to_who_has_the_token_that_it_is_the_one(
    owned: EngineProcess, token: str
) -> None:
    _, _, status = await ask(owned.address, "/lms-status?challenge=abc")

    assert json.loads(status)["proof"] == hmac.new(token.encode(), b"abc", "sha256").hexdigest()


@pytest.mark.asyncio
@pytest.mark.parametrize("path", sorted(SOCKETS))
async def test_no_socket_answers_without_the_token(
    owned: EngineProcess, token: str, path: str
) -> None:
    identifier, passkey = token.removeprefix("sk-lm-").split(":")
    wrong = (
        {},
        {"clientIdentifier": identifier},
        {"clientPasskey": passkey},
        {"clientIdentifier": identifier, "clientPasskey": passkey[:-1]},
        {"clientIdentifier": f"{identifier}:{passkey}", "clientPasskey": ""},
        {"clientIdentifier": "guest:x", "clientPasskey": token},
    )
    for changes in wrong:
        async with connected(owned.address, path[1:]) as raw:
            said = await raw.introduce(**changes)
            assert said == {"success": False, "error": "A valid API token is required."}
            assert (await raw.socket.receive()).type is aiohttp.WSMsgType.CLOSE
    async with connected(owned.address, path[1:]) as raw:
        # What comes before the introduction is never acted upon.
        await raw.socket.send_json({"type": "rpcCall", "endpoint": "requestShutdown", "callId": 1})
        assert (await raw.introduce(clientIdentifier=identifier, clientPasskey=passkey)) == {
            "success": True
        }
    assert owned.process.poll() is None


def test_the_official_client_gets_in_with_the_token(owned: EngineProcess, token: str) -> None:
    client = lmstudio.Client(owned.address)
    client._auth_details = client._format_auth_message(*token.removeprefix("sk-lm-").split(":"))
    with client:
        llm = client.llm.load_new_instance("tiny-llm")
        assert llm.complete("a", config={"maxTokens": 2}).stats.predicted_tokens_count == 2
        llm.unload()


def test_nothing_that_others_can_see_or_that_is_kept_holds_the_token(
    owned: EngineProcess, token: str
) -> None:
    halves = token.removeprefix("sk-lm-").split(":")
    places = [owned.log, Path(f"{owned.log}.engine")]
    for process in (psutil.Process(owned.process.pid), *owned.children):
        places += [Path(f"/proc/{process.pid}/{name}") for name in ("cmdline", "environ")]

    for place in places:
        text = place.read_bytes().decode(errors="replace")
        assert not [half for half in halves if half in text], place


def test_each_engine_has_another_token(models: Path, tmp_path: Path, token: str) -> None:
    engine = start_engine(models, tmp_path / "log", "--announce", str(tmp_path / "a" / "b"))
    other = json.loads((tmp_path / "a" / "b").read_bytes())["token"]
    engine.stop()

    assert other != token


@pytest.mark.parametrize("how", ["--token", "--token=", "LMS_JUPYTER_TOKEN", "--token-file"])
@pytest.mark.asyncio
async def test_a_token_of_ones_own_disappears_from_command_line_and_environment(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{GIVEN}\n")
    options: tuple[str, ...] = {
        "--token": ("--token", GIVEN),
        "--token=": (f"--token={GIVEN}",),
        "--token-file": ("--token-file", str(file)),
    }.get(how, ())
    if not options:
        monkeypatch.setenv(how, GIVEN)

    engine = start_engine(models, tmp_path / "log", *options)
    pid = engine.process.pid
    shown = b"".join(
        Path(f"/proc/{one}/{name}").read_bytes()
        for one in (pid, *(child.pid for child in engine.children))
        for name in ("cmdline", "environ")
    )
    right = (await ask(engine.address, "/v1/models", headers={"X-Api-Key": GIVEN}))[0]
    wrong = (await ask(engine.address, "/v1/models", headers={"X-Api-Key": WRONG}))[0]
    engine.stop()

    assert (right, wrong) == (200, 401)
    assert b"0123456789abcdefghij" not in shown
    assert how != "--token-file" or stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_token_file_that_is_not_there_is_made_and_kept(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    for _ in range(2):
        engine = start_engine(models, tmp_path / "log", "--token-file", str(file))
        engine.stop()
        said = file.read_text("ascii").strip()
        assert FORM.fullmatch(said)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text("ascii").strip() == said


def refused(*options: str, **environ: str) -> str:
    """Start an engine that must not start; returns what it says."""
    told = subprocess.run(
        [sys.executable, "-m", "lms_jupyter.engine", "--no-default-models", *options],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode != 0, told.stdout
    assert "Traceback" not in told.stderr
    return told.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("value", ["", "secret", "sk-lm-short:secret", "sk-secret", GIVEN + "é"])
def test_what_is_no_token_is_refused_and_not_repeated(value: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(value)
    for said in (
        refused("--token", value),
        refused("--token-file", str(tmp_path / "file")),
        *([refused(LMS_JUPYTER_TOKEN=value)] if value else []),
    ):
        assert "not of the form that LM Studio gives out" in said
        assert "secret" not in said
    assert "cannot be read" in refused("--token-file", str(tmp_path))


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "0", "192.0.2.1", "no.such.name.invalid"])
def test_other_than_loopback_without_a_token_is_refused(host: str, tmp_path: Path) -> None:
    announce = ("--announce", str(tmp_path / "a" / "b"))
    for options in ((), announce):
        said = refused("--host", host, *options)
        assert "--insecure" in said
        assert "--token" in said


def test_every_page_without_a_token_is_refused() -> None:
    assert "--insecure" in refused("--allow-origin", "*")


@pytest.mark.asyncio
async def test_insecure_is_what_it_says(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "a" / "b"
    options = ("--host", EVERYWHERE, "--insecure", "--announce", str(file))
    engine = start_engine(models, tmp_path / "log", *options)
    port = engine.address.rpartition(":")[2]
    status = (await ask(f"127.0.0.1:{port}", "/v1/models"))[0]
    said = json.loads(file.read_bytes())
    engine.stop()

    assert status == 200
    assert "token" not in said


def test_a_token_writes_itself_out_nowhere() -> None:
    token = Token.new()
    assert token.reveal() not in f"{token!r} {token} {[token]}"
    assert Token.new().reveal() != token.reveal()
