"""API tokens against a host that wants one in its handshake, with both versions of the SDK."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import lmstudio
import pytest
from lmstudio import sync_api

from lms_jupyter.errors import CommandError, HostRefusedError, LmsError
from lms_jupyter.hosts import credentials
from lms_jupyter.hosts.discover import find_host
from lms_jupyter.hosts.sdk import SdkHost
from tests.hosts.studio import Studio

HALVES = ("Ab3dEf9h", "0123456789abcdefghij")
TOKEN = f"sk-lm-{HALVES[0]}:{HALVES[1]}"
WRONG = "sk-lm-Wr0ngWr0:wrongwrongwrongwrong"
VERSIONS = pytest.mark.parametrize("version", ["1.5.0", "1.6.0b1"])


@pytest.fixture
def strict() -> Iterator[Studio]:
    with Studio(token=HALVES) as studio:
        yield studio


@pytest.fixture(autouse=True)
def _fresh_sdk() -> Iterator[None]:
    yield
    sync_api._reset_default_client()


@pytest.mark.asyncio
async def test_the_right_token_is_let_in_on_every_socket(strict: Studio) -> None:
    host = SdkHost(strict.address, token=TOKEN)

    await host.connect()

    assert [model.model_key for model in await host.models()] == ["qwen/qwen3-4b"]
    assert {(i["clientIdentifier"], i["clientPasskey"]) for i in strict.introductions} == {HALVES}
    await host.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("token", "sentence"),
    [(None, "lets nobody in without an API token"), (WRONG, "does not accept the API token")],
)
async def test_a_wrong_and_a_missing_token_are_two_clear_sentences(
    strict: Studio, token: str | None, sentence: str
) -> None:
    host = SdkHost(strict.address, token=token)

    with pytest.raises(HostRefusedError, match=sentence) as caught:
        await host.connect()

    assert strict.address in caught.value.title
    assert "LMSTUDIO_API_TOKEN" in caught.value.hint
    _check_nothing_is_told(caught.value)
    await host.close()


def _check_nothing_is_told(error: LmsError) -> None:
    """Look at everything of an error that may end up in a notebook."""
    told = [error.title, error.hint, repr(error), *error._render_traceback_()]
    chain: BaseException | None = error
    while chain is not None:
        told.append(f"{chain!r}")
        chain = chain.__cause__
    for half in (*HALVES, *WRONG.removeprefix("sk-lm-").split(":")):
        assert half not in "\n".join(told)


SCRIPT = """
import importlib.metadata, logging, os, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
from lms_jupyter.hosts.sdk_default import DefaultClient
DefaultClient(lambda: os.environ["ADDRESS"]).install()
import lmstudio
try:
    if os.environ.get("CONFIGURED"):
        lmstudio.configure_default_client(os.environ["ADDRESS"], *sys.argv[1:])
    print([model.model_key for model in lmstudio.list_downloaded_models()])
    print(lmstudio.llm("qwen/qwen3-4b").identifier)
    print([model.identifier for model in lmstudio.list_loaded_models()])
except Exception as error:
    print(type(error).__name__, error)
print(vars(lmstudio.sync_api).get("_default_client"))
"""


def convenience(
    studio: Studio, sdk: Path | None, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Use the SDK's convenience calls in a process of their own."""
    path = {"PYTHONPATH": str(sdk)} if sdk else {}
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, **path, "ADDRESS": studio.address, **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    everything = told.stdout + told.stderr
    assert not any(half in everything for half in HALVES), "neither in a sentence nor in a log"
    return told


def sdk_of(version: str, newest_sdk: Path) -> Path | None:
    return newest_sdk if version == "1.6.0b1" else None


@pytest.mark.timeout(240)
@VERSIONS
@pytest.mark.parametrize("variable", credentials.TOKEN_VARIABLES)
def test_convenience_calls_carry_the_token_of_the_environment(
    strict: Studio, newest_sdk: Path, version: str, variable: str
) -> None:
    told = convenience(strict, sdk_of(version, newest_sdk), **{variable: TOKEN})

    assert told.stdout.splitlines()[:3] == [
        "['qwen/qwen3-4b']",
        "qwen/qwen3-4b",
        "['qwen/qwen3-4b']",
    ]


@pytest.mark.timeout(240)
@VERSIONS
def test_a_host_that_the_user_configured_gets_the_token_too(
    strict: Studio, newest_sdk: Path, version: str
) -> None:
    told = convenience(
        strict, sdk_of(version, newest_sdk), CONFIGURED="1", LMSTUDIO_API_TOKEN=TOKEN
    )

    assert told.stdout.startswith("['qwen/qwen3-4b']"), told.stdout


@pytest.mark.timeout(240)
def test_the_token_of_configure_default_client_is_not_dropped(
    strict: Studio, newest_sdk: Path
) -> None:
    told = convenience(strict, newest_sdk, TOKEN, CONFIGURED="1")

    assert told.stdout.startswith("['qwen/qwen3-4b']"), told.stdout


@pytest.mark.timeout(240)
@VERSIONS
@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "lets nobody in without an API token"),
        (WRONG, "does not accept the API token"),
        ("sk-secret", "is not of the form that LM Studio gives out"),
    ],
)
def test_convenience_calls_are_refused_in_a_clear_sentence(
    strict: Studio, newest_sdk: Path, version: str, token: str, sentence: str
) -> None:
    told = convenience(strict, sdk_of(version, newest_sdk), LMSTUDIO_API_TOKEN=token)

    assert sentence in told.stdout, told.stdout
    assert "sk-secret" not in told.stdout + told.stderr


def test_a_token_with_blanks_around_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LM_API_TOKEN", f" {TOKEN}\n")
    client = credentials.new_client(lmstudio.AsyncClient, "127.0.0.1:9", credentials.api_token())

    assert client._auth_details["clientIdentifier"] == HALVES[0]
    with pytest.raises(CommandError):
        credentials.new_client(lmstudio.AsyncClient, "127.0.0.1:9", "nothing")


@asynccontextmanager
async def gateway() -> AsyncIterator[str]:
    """Run something that lets nobody in before a login; yields its address."""

    async def forbid(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(forbid, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.asyncio
async def test_a_gateway_that_wants_a_login_is_a_refusal() -> None:
    async with gateway() as address:
        with pytest.raises(HostRefusedError, match=f"{address} refuses to say who it is"):
            await SdkHost(address).connect()


@pytest.mark.asyncio
async def test_something_that_wants_a_login_on_a_port_of_lm_studio_does_not_end_the_search() -> (
    None
):
    async with gateway() as address:
        with Studio() as studio:
            ports = [int(one.rpartition(":")[2]) for one in (address, studio.address)]

            found = await find_host("", environ={}, ports=ports, start=False)

    assert found.host.info.address == studio.address
