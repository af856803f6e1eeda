"""Whatever one client does, the answer that another one is getting stays the same, and comes."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import psutil
import pytest

from lms_jupyter.engine.routes.sdk import MAX_FRAME_BYTES

from .conftest import EngineProcess
from .raw import HELLO, Raw, connected, introduced
from .test_frames import BAD_FRAMES, BAD_PARAMETERS, _text_frame, _upgrade
from .tutor import config_of, saying

PATIENCE_S = 30.0
CHAT = {"type": "query", "query": {"identifier": "chat"}}
GREEDY = config_of(temperature=0, maxPredictedTokens={"checked": True, "value": 120})
NOT_HTTP = b"\x16\x03\x01\x02\x00\x01\x00 this is no HTTP\r\n\r\n"
ROUNDS = 5


@asynccontextmanager
async def _stranger(engine: EngineProcess, namespace: str) -> AsyncIterator[Raw]:
    async with introduced(engine.address, namespace, clientIdentifier="stranger") as raw:
        yield raw


async def _bad_frames(engine: EngineProcess) -> None:
    async with _stranger(engine, "llm") as raw:
        for frame in BAD_FRAMES:
            if isinstance(frame, bytes):
                await raw.socket.send_bytes(frame)
            else:
                await raw.socket.send_str(frame)
            assert (await raw.read())["type"] == "communicationWarning"


async def _bad_introductions(engine: EngineProcess) -> None:
    async with connected(engine.address, "llm") as raw:
        for frame in BAD_FRAMES:
            if isinstance(frame, str):
                await raw.socket.send_str(frame)
        await raw.socket.send_json(HELLO | {"clientIdentifier": "x" * 300})


async def _wrong_types(engine: EngineProcess) -> None:
    async with _stranger(engine, "llm") as raw:
        for endpoint, parameter in BAD_PARAMETERS:
            assert (await raw.call(endpoint, **parameter))["type"] == "rpcError"
        for endpoint in ("predict", "completeRawText", "loadModel", "getOrLoad"):
            asked = {"modelSpecifier": CHAT, "history": 5, "rawPrompt": [], "modelKey": {}}
            _, last = await raw.end(await raw.open(endpoint, **asked))
            assert last["type"] == "channelError"


async def _huge_message(engine: EngineProcess) -> None:
    async with _stranger(engine, "files") as raw:
        with suppress(ConnectionError):
            await raw.socket.send_str("A" * (MAX_FRAME_BYTES + 1))
        ended = await raw.socket.receive(timeout=PATIENCE_S)
        assert ended.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


async def _huge_body(engine: EngineProcess) -> None:
    body = b'{"model": "' + b"A" * (130 * 2**20) + b'"}'
    async with aiohttp.ClientSession() as http:
        with suppress(aiohttp.ClientError):
            url = f"http://{engine.address}/v1/chat/completions"
            async with http.post(url, data=io.BytesIO(body)) as answer:
                assert answer.status == 413


async def _half_open(engine: EngineProcess) -> None:
    """Leave in the midst of everything: of a line, an upgrade, an introduction, a frame."""
    host, port = engine.address.split(":")
    hello = _text_frame(json.dumps(HELLO | {"clientIdentifier": "half"}))
    whole = _upgrade(engine.address) + hello
    for says in (b"GET /llm HT", NOT_HTTP, whole[:-5], whole, whole + b"\x81\xff\0\0"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(says)
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                await reader.read()
        writer.close()


async def _never_reads(engine: EngineProcess) -> None:
    host, port = engine.address.split(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as deaf:
        deaf.setblocking(False)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(deaf, (host, int(port)))
        hello = _text_frame(json.dumps(HELLO | {"clientIdentifier": "deaf"}))
        await loop.sock_sendall(deaf, _upgrade(engine.address) + hello)
        call = json.dumps({"type": "rpcCall", "endpoint": "listLoaded", "callId": 1})
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await loop.sock_sendall(deaf, _text_frame(call) * 100_000)


MISCHIEF: dict[str, Callable[[EngineProcess], Awaitable[None]]] = {
    "bad frames": _bad_frames,
    "bad introductions": _bad_introductions,
    "wrong types": _wrong_types,
    "huge message": _huge_message,
    "huge body": _huge_body,
    "half-open sockets": _half_open,
    "never reads": _never_reads,
}


async def _answer(llm: Raw) -> str:
    """Return the text of one greedy answer, piece by piece as it came."""
    channel = await llm.open(
        "predict", modelSpecifier=CHAT, history=saying("hello"), predictionConfigStack=GREEDY
    )
    packets, last = await llm.end(channel)
    assert last["type"] == "channelClose"
    assert packets[-1]["stats"]["predictedTokensCount"] == 120
    return "".join(one["fragment"]["content"] for one in packets if one["type"] == "fragment")


@pytest.mark.asyncio
@pytest.mark.parametrize("mischief", MISCHIEF)
async def test_an_answer_is_the_same_whatever_another_client_does(
    engine: EngineProcess, mischief: str
) -> None:
    process = psutil.Process(engine.process.pid)
    async with introduced(engine.address, "llm") as llm:
        await llm.end(await llm.open("loadModel", modelKey="tiny-llm", identifier="chat"))
        quiet = await _answer(llm)
        children, descriptors = set(engine.children), process.num_fds()
        misbehaving = asyncio.create_task(MISCHIEF[mischief](engine))
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(ROUNDS):
                assert await _answer(llm) == quiet
            await misbehaving
            while process.num_fds() > descriptors:  # noqa: ASYNC110 - looks at another process
                await asyncio.sleep(0.01)
        assert children <= set(engine.children)
        assert await llm.call("unloadModel", identifier="chat") is None
    assert "Traceback" not in engine.log.read_text()
