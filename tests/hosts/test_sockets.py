"""What speaks plain HTTP reads no certificates."""

import asyncio
import socket
import ssl
from typing import NoReturn

import httpx_ws
import lmstudio
import pytest
from lmstudio import _ws_impl

from lms_jupyter.hosts import handles, rest, sdk_sockets
from lms_jupyter.hosts.sdk import SdkHost

WAIT_S = 20.0


@pytest.fixture(autouse=True)
def _no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise AssertionError("certificates were read")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", refuse)


@pytest.mark.asyncio
async def test_a_greeting(address: str) -> None:
    assert (await rest.greet(address)).is_engine


@pytest.mark.asyncio
async def test_a_host(address: str) -> None:
    host = SdkHost(address)
    await host.connect()
    assert await host.models()
    await host.close()


@pytest.mark.asyncio
async def test_clients_for_handles(address: str) -> None:
    client = await handles.async_client(address)
    assert await client.list_downloaded_models()
    await client.aclose()


@pytest.mark.asyncio
async def test_the_system_finds_out_that_a_connection_is_dead(address: str) -> None:
    async with sdk_sockets.open_plain(f"ws://{address}/llm") as session:
        raw = session.stream.get_extra_info("socket")
        assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            unheard = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert unheard == sdk_sockets.UNHEARD_S * 1000


@pytest.mark.asyncio
async def test_a_refused_websocket_leaves_nothing_open() -> None:
    ended = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(httpx_ws.WebSocketUpgradeError):
            async with sdk_sockets.open_plain(f"ws://127.0.0.1:{port}/llm"):
                pass
        await asyncio.wait_for(ended.wait(), WAIT_S)


def test_a_later_sdk_that_opens_its_sockets_in_another_way_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def another_way() -> None: ...

    monkeypatch.setattr(_ws_impl, "aconnect_ws", another_way)
    sdk_sockets.open_quickly("127.0.0.1:1234")
    assert _ws_impl.aconnect_ws is another_way

    monkeypatch.delattr(lmstudio, "_ws_impl")
    sdk_sockets.open_quickly("127.0.0.1:1234")


def test_the_sdks_own_way_is_replaced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ws_impl, "aconnect_ws", httpx_ws.aconnect_ws)
    for _ in range(2):
        sdk_sockets.open_quickly("127.0.0.1:1234")
        assert _ws_impl.aconnect_ws is sdk_sockets.open_plain
