"""The envelope of the WebSocket protocol, frame by frame, with good and bad clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

import aiohttp
import pytest

from lms_jupyter.engine import machine

from .conftest import EngineProcess
from .raw import HELLO, connected, introduced


@pytest.mark.asyncio
async def test_the_greeting_and_the_status_are_as_clients_probe_them(engine: EngineProcess) -> None:
    async with aiohttp.ClientSession(f"http://{engine.address}") as session:
        async with session.get("/lmstudio-greeting") as response:
            assert await response.json() == {"lmstudio": True}
        async with session.get("/lms-status") as response:
            status = await response.json()
    assert status["package"] == "lms-jupyter-engine"
    assert isinstance(status["version"], str)
    gpu = ["gpu"] if machine.has_gpu() else []
    known = ["activity", "ttl", "pin", "cancelLoad", "join", "departures", "pastLog"]
    known += ["deleteModel", "diary"]
    known += ["keep", "forget", "copies"]
    assert status["extensions"] == [*known, *gpu]


@pytest.mark.asyncio
async def test_another_passkey_for_an_identifier_in_use_is_refused_with_text(
    engine: EngineProcess,
) -> None:
    async with (
        introduced(engine.address, "llm", clientIdentifier="one", clientPasskey="right"),
        connected(engine.address, "llm") as thief,
    ):
        answer = await thief.introduce(clientIdentifier="one", clientPasskey="wrong")
        assert answer["success"] is False
        assert isinstance(answer["error"], str)
        assert (await thief.socket.receive()).type is aiohttp.WSMsgType.CLOSE
    async with connected(engine.address, "llm") as later:
        answer = await later.introduce(clientIdentifier="one", clientPasskey="another")
        assert answer == {"success": True}


@pytest.mark.asyncio
async def test_what_is_no_introduction_is_ignored_until_one_comes(engine: EngineProcess) -> None:
    async with connected(engine.address, "system") as raw:
        for nonsense in ("", "{", "[]", "null", '{"authVersion":2}', json.dumps({"a": "b" * 999})):
            await raw.socket.send_str(nonsense)
        await raw.socket.send_json(HELLO | {"clientIdentifier": "x" * 257})
        await raw.socket.send_json(HELLO | {"clientPasskey": 5})
        assert await raw.introduce(clientIdentifier="a+/=:b") == {"success": True}


@pytest.mark.asyncio
async def test_a_void_result_is_left_out_and_never_null(engine: EngineProcess) -> None:
    async with introduced(engine.address, "system") as raw:
        await raw.socket.send_json(
            {"type": "rpcCall", "endpoint": "notify", "callId": 0, "parameter": {"title": "hi"}}
        )
        assert await raw.read() == {"type": "rpcResult", "callId": 0}
    async with introduced(engine.address, "llm") as raw:
        ghost = {"type": "query", "query": {"identifier": "ghost"}}
        parameter = {"specifier": ghost, "throwIfNotFound": False}
        await raw.socket.send_json(
            {"type": "rpcCall", "endpoint": "getModelInfo", "callId": 1, "parameter": parameter}
        )
        assert await raw.read() == {"type": "rpcResult", "callId": 1}


@pytest.mark.asyncio
async def test_absent_and_null_parameters_are_the_same(engine: EngineProcess) -> None:
    async with introduced(engine.address, "system") as raw:
        for extra in ({}, {"parameter": None}):
            frame = {"type": "rpcCall", "endpoint": "listDownloadedModels", "callId": 9}
            await raw.socket.send_json(frame | extra)
            assert len((await raw.read())["result"]) == 4


@pytest.mark.asyncio
async def test_an_unknown_call_is_an_error_and_an_unknown_channel_a_warning(
    engine: EngineProcess,
) -> None:
    async with introduced(engine.address, "llm") as raw:
        answer = await raw.call("noSuchCall")
        assert answer["type"] == "rpcError"
        assert "noSuchCall" in answer["error"]["title"]
        await raw.open("noSuchChannel")
        warning = await raw.read()
        assert warning["type"] == "communicationWarning"
        assert "noSuchChannel" in warning["warning"]
        assert warning["kind"] == "channelEndpointUnknown"


@pytest.mark.asyncio
async def test_calls_and_channels_have_ids_of_their_own(engine: EngineProcess) -> None:
    async with introduced(engine.address, "system") as raw:
        await raw.socket.send_json({"type": "channelCreate", "endpoint": "alive", "channelId": 1})
        await raw.socket.send_json({"type": "rpcCall", "endpoint": "version", "callId": 1})
        answer = await raw.read()
        assert (answer["type"], answer["callId"]) == ("rpcResult", 1)
        await raw.socket.send_json({"type": "channelCreate", "endpoint": "alive", "channelId": 1})
        assert (await raw.read())["kind"] == "channelAlreadyOpen"


@pytest.mark.asyncio
async def test_keep_alive_is_acknowledged(engine: EngineProcess) -> None:
    async with introduced(engine.address, "system") as raw:
        await raw.socket.send_json({"type": "keepAlive"})
        assert await raw.read() == {"type": "keepAliveAck"}


BAD_FRAMES: tuple[Any, ...] = (
    "",
    "{",
    "[1, 2]",
    "null",
    "7",
    '"text"',
    "[" * 100_000,
    '{"a":' * 50_000,
    "{}",
    '{"type": 5}',
    '{"type": "somethingElse"}',
    '{"type": "rpcCall"}',
    '{"type": "rpcCall", "endpoint": "version", "callId": "one"}',
    '{"type": "rpcCall", "endpoint": 5, "callId": 1}',
    '{"type": "channelCreate", "endpoint": "alive"}',
    b"\x00\xff\xfe",
)


@pytest.mark.asyncio
@pytest.mark.parametrize("frame", BAD_FRAMES, ids=lambda frame: repr(frame[:30]))
async def test_a_bad_frame_gets_a_warning_and_disturbs_nothing(
    engine: EngineProcess, frame: str | bytes
) -> None:
    async with introduced(engine.address, "system") as raw:
        if isinstance(frame, bytes):
            await raw.socket.send_bytes(frame)
        else:
            await raw.socket.send_str(frame)
        assert (await raw.read())["type"] == "communicationWarning"
        assert (await raw.call("version"))["build"] == 1


BAD_PARAMETERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("unloadModel", {"identifier": 5}),
    ("unloadModel", {"identifier": "ghost"}),
    ("getModelInfo", {"specifier": "x", "throwIfNotFound": True}),
    ("getModelInfo", {"specifier": {"type": "odd"}, "throwIfNotFound": True}),
    ("getLoadConfig", {"specifier": {"type": "query", "query": {"identifier": ["x"]}}}),
    ("getLoadConfig", {"specifier": {"type": "query"}}),
    ("getInstanceProcessingState", {"specifier": {"type": "instanceReference"}}),
    ("estimateModelUsage", {"modelKey": "tiny-llm", "loadConfigStack": {"layers": "x"}}),
    ("estimateModelUsage", {"modelKey": "", "loadConfigStack": {"layers": []}}),
    ("estimateModelUsage", {"modelKey": "__proto__"}),
    ("tokenize", {"specifier": None, "inputString": 1}),
    ("applyPromptTemplate", {"specifier": {"type": "query", "query": {}}, "history": 3}),
)


@pytest.mark.asyncio
@pytest.mark.parametrize(("endpoint", "parameter"), BAD_PARAMETERS)
async def test_a_wrong_parameter_is_answered_with_an_error_of_ours(
    engine: EngineProcess, endpoint: str, parameter: dict[str, Any]
) -> None:
    async with introduced(engine.address, "llm") as raw:
        answer = await raw.call(endpoint, **parameter)
        assert answer["type"] == "rpcError"
        assert answer["error"].get("errorData") != {"code": "internal_error"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("llm.load.contextLength", "many", "whole number"),
        ("llm.load.contextLength", 0, "whole number"),
        ("llm.load.contextLength", 2.5, "whole number"),
        ("llm.load.contextLength", True, "whole number"),
        ("llm.load.llama.acceleration.offloadRatio", 1.5, "from 0 to 1"),
        ("llm.load.llama.flashAttention", "yes", "true or false"),
        ("llm.load.llama.kCacheQuantizationType", {"checked": True, "value": "q3"}, "one of"),
        ("llm.load.llama.ropeFrequencyBase", 5, "checkbox"),
        ("llm.load.numParallelSessions", 5000, "1023"),
    ],
)
async def test_a_wrong_load_setting_is_named_with_what_it_has_to_be(
    engine: EngineProcess, field: str, value: Any, told: str
) -> None:
    stack = {
        "layers": [
            {
                "layerName": "apiOverride",
                "config": {"fields": [{"key": field, "value": value}]},
            }
        ]
    }
    async with introduced(engine.address, "llm") as raw:
        channel = await raw.open("loadModel", modelKey="tiny-llm", loadConfigStack=stack)
        packets, last = await raw.end(channel)
        assert packets == []
        assert last["type"] == "channelError"
        assert field in last["error"]["title"]
        assert told in last["error"]["title"]


@pytest.mark.asyncio
@pytest.mark.parametrize("ttl", [0, -1, "abc", 1.5, True, [], 1e300])
async def test_a_wrong_ttl_ends_the_channel_with_an_error(engine: EngineProcess, ttl: Any) -> None:
    async with introduced(engine.address, "llm") as raw:
        for channel in (
            await raw.open("loadModel", modelKey="tiny-llm", ttlMs=ttl),
            await raw.open("getOrLoad", identifier="tiny-llm", loadTtlMs=ttl),
        ):
            packets, last = await raw.end(channel)
            assert (packets, last["type"]) == ([], "channelError")
            assert "milliseconds" in last["error"]["title"]


@pytest.mark.asyncio
async def test_a_frame_larger_than_the_limit_ends_only_its_own_connection(
    engine: EngineProcess,
) -> None:
    async with introduced(engine.address, "system") as good:
        async with introduced(engine.address, "files") as greedy:
            with contextlib.suppress(ConnectionError):
                await greedy.socket.send_str("A" * (130 * 2**20))
            ended = await greedy.socket.receive(timeout=20)
            assert ended.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
        assert (await good.call("version"))["build"] == 1


@pytest.mark.asyncio
async def test_a_client_that_never_reads_disturbs_nobody(engine: EngineProcess) -> None:
    host, port = engine.address.split(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as deaf:
        deaf.setblocking(False)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(deaf, (host, int(port)))
        await loop.sock_sendall(deaf, _upgrade(engine.address) + _text_frame(json.dumps(HELLO)))
        call = json.dumps({"type": "rpcCall", "endpoint": "listDownloadedModels", "callId": 1})
        flood = _text_frame(call) * 300_000
        sending = asyncio.create_task(loop.sock_sendall(deaf, flood))
        async with introduced(engine.address, "system", clientIdentifier="other") as good:
            for _ in range(20):
                assert (await good.call("version"))["build"] == 1
        assert not sending.done(), "the engine should have stopped to read from it"
        sending.cancel()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Origin": "{own}"}, 200),
    ],
)
async def test_web_pages_of_other_sites_are_kept_out(
    engine: EngineProcess, headers: dict[str, str], status: int
) -> None:
    sent = {
        name: value.replace("{own}", f"http://{engine.address}") for name, value in headers.items()
    }
    async with aiohttp.ClientSession(f"http://{engine.address}") as session:
        async with session.get("/lmstudio-greeting", headers=sent) as response:
            assert response.status == status
        if status == 403:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect("/llm", headers=sent)


def _upgrade(address: str) -> bytes:
    return (
        f"GET /system HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def _text_frame(text: str) -> bytes:
    """Return a masked text frame (the mask is zero)."""
    payload = text.encode()
    return bytes([0x81, 0x80 | 126, *len(payload).to_bytes(2, "big"), 0, 0, 0, 0]) + payload
