"""Web pages: which may use the engine, and what browsers are told about it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from lms_jupyter.engine.web_pages import is_own_host, is_welcome
from tests.ports import free_port

from .conftest import EngineProcess, start_engine
from .raw import introduced

PAGE = "https://notes.example"
TOKEN = "sk-lm-Ab3dEf9h:0123456789abcdefghij"  # noqa: S105 - of this test alone
ASKS = {"Access-Control-Request-Method": "POST"}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - with a token


@pytest.fixture(scope="module")
def wide(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine on all addresses, with a token, that one web page may use."""
    folder = tmp_path_factory.mktemp("wide")
    (folder / "token").write_text(TOKEN)
    engine = start_engine(
        models,
        folder / "log",
        *("--host", EVERYWHERE, "--token-file", str(folder / "token")),
        *("--allow-origin", f"{PAGE}/", "--allow-host", "Models.Example"),
    )
    yield engine
    assert engine.stop() == 0


@pytest.fixture
def port(wide: EngineProcess) -> str:
    return wide.address.rpartition(":")[2]


async def ask(
    address: str,
    path: str,
    method: str = "GET",
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Mapping[str, str], bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{address}{path}", json=body, headers=headers) as response,
    ):
        return response.status, response.headers, await response.read()


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/v1/models/load", "/v1/nothing"])
async def test_a_browser_that_asks_is_told_what_an_allowed_page_may(port: str, path: str) -> None:
    wanted = {"Access-Control-Request-Headers": "authorization,content-type,x-stainless-os"}
    status, headers, body = await ask(
        f"127.0.0.1:{port}", path, "OPTIONS", headers={"Origin": PAGE, **ASKS, **wanted}
    )

    assert (status, body) == (204, b"")
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Headers"] == "authorization,content-type,x-stainless-os"
    assert int(headers["Access-Control-Max-Age"]) > 0
    assert {"Origin", "Access-Control-Request-Headers"} <= set(headers["Vary"].split(", "))
    assert "Access-Control-Allow-Credentials" not in headers
    assert "Access-Control-Allow-Private-Network" not in headers


@pytest.mark.asyncio
async def test_a_public_page_that_is_allowed_may_reach_a_private_address(port: str) -> None:
    asked = {"Origin": PAGE, **ASKS, "Access-Control-Request-Private-Network": "true"}
    _, headers, _ = await ask(f"127.0.0.1:{port}", "/v1/models", "OPTIONS", headers=asked)

    assert headers["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.asyncio
async def test_what_a_browser_asks_for_is_not_repeated_unless_it_is_well_formed(port: str) -> None:
    asked = {"Origin": PAGE, **ASKS, "Access-Control-Request-Headers": "a b; c"}
    _, headers, _ = await ask(f"127.0.0.1:{port}", "/v1/models", "OPTIONS", headers=asked)

    assert headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        ("/v1/models", "GET", None, 200),
        ("/v1/nothing", "GET", None, 404),
        ("/v1/chat/completions", "POST", {}, 400),
        ("/v1/chat/completions", "POST", {"model": "tiny-llm", "stream": True}, 200),
        ("/lms-status", "GET", None, 200),
    ],
)
async def test_an_allowed_page_can_read_every_answer(
    port: str, path: str, method: str, body: dict[str, object] | None, status: int
) -> None:
    if body and body.get("stream"):
        body |= {"messages": [{"role": "user", "content": "a"}], "max_tokens": 2}
    shown = {"Origin": PAGE, "Authorization": f"Bearer {TOKEN}"}
    got, headers, _ = await ask(f"127.0.0.1:{port}", path, method, body=body, headers=shown)

    assert got == status
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Vary"] == "Origin"


@pytest.mark.asyncio
async def test_an_allowed_page_can_read_that_it_lacks_the_token(port: str) -> None:
    status, headers, _ = await ask(f"127.0.0.1:{port}", "/v1/models", headers={"Origin": PAGE})

    assert (status, headers["Access-Control-Allow-Origin"]) == (401, PAGE)


@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["127.0.0.1", "outside"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://[bad",
        "http://notes.example",
        "https://notes.example.evil.example",
        "https://notes.example:8443",
        "https://evil.example",
        "null",
        "",
        "*",
        "http://",
        "https://user@notes.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1\xff",
        "[::1",
        "x" * 3000,
    ],
)
async def test_every_other_page_is_refused_on_every_address(
    port: str, address: str, origin: str
) -> None:
    host = f"{outside() if address == 'outside' else address}:{port}"
    for method, more in (("GET", {}), ("OPTIONS", ASKS), ("POST", {})):
        shown = {"Origin": origin, "Authorization": f"Bearer {TOKEN}", **more}
        status, headers, _ = await ask(host, "/v1/models", method, headers=shown)
        assert status == 403
        assert "Access-Control-Allow-Origin" not in headers
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(f"http://{host}/system", headers={"Origin": origin})


def outside() -> str:
    """Return an address of this machine that is not loopback; without a network there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST.", 200),
        ("127.0.0.1", 200),
        ("[::1]:1", 200),
        ("models.example:80", 200),
        (socket.gethostname(), 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost@evil.example", 403),
        ("evil@localhost", 403),
        ("[bad", 403),
        ("localhost/", 403),
        ("models.example.evil.example", 403),
    ],
)
async def test_only_addresses_and_own_names_are_hosts(port: str, host: str, status: int) -> None:
    got = await raw_status(int(port), f"Host: {host}")
    assert got == status


@pytest.mark.asyncio
async def test_no_host_at_all_is_refused(port: str) -> None:
    assert await raw_status(int(port), "X-Nothing: 1") in {400, 403}


async def raw_status(port: int, header: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /lmstudio-greeting HTTP/1.1\r\n{header}\r\nConnection: close\r\n\r\n".encode()
    )
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


def test_an_address_is_a_host_where_others_reach_the_engine() -> None:
    assert is_own_host("192.0.2.7:1234", (), over_loopback=False)
    assert is_own_host("[2001:db8::7]:1234", (), over_loopback=False)
    assert not is_own_host("192.0.2.7:1234", (), over_loopback=True)
    assert not is_own_host("192.0.2.7.evil.example", (), over_loopback=False)


def test_a_page_of_the_engine_itself_is_welcome() -> None:
    assert is_welcome("http://localhost:5", "localhost:5", ())
    assert not is_welcome("http://localhost:6", "localhost:5", ())
    assert is_welcome("anything", "localhost:5", ("*",))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "interface",
    [EVERYWHERE, "::", "192.0.2.1", "0", "evil.example", "0x0", "127.0.0.1.evil.example"],
)
async def test_a_client_cannot_open_the_engine_to_others(
    engine: EngineProcess, interface: str
) -> None:
    async with introduced(engine.address, "system") as system:
        answer = await system.call("startHttpServer", port=free_port(), networkInterface=interface)
        assert "listens on 127.0.0.1 alone" in answer["error"]["title"]
        await system.call("stopHttpServer")


@pytest.mark.asyncio
async def test_one_more_port_is_guarded_as_the_first(wide: EngineProcess) -> None:
    more = free_port()
    halves = dict(zip(("clientIdentifier", "clientPasskey"), TOKEN[6:].split(":"), strict=True))
    async with introduced(
        f"127.0.0.1:{wide.address.rpartition(':')[2]}", "system", **halves
    ) as raw:
        assert await raw.call("startHttpServer", port=more, cors=True) is None
        assert (await ask(f"127.0.0.1:{more}", "/v1/models"))[0] == 401
        headers = {"Origin": "https://evil.example"}
        assert (await ask(f"127.0.0.1:{more}", "/v1/models", headers=headers))[0] == 403
        await raw.call("stopHttpServer")
