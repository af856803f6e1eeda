"""Clients that are slow, silent, greedy or gone: none of them is felt by the others."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import aiohttp
import psutil
import pytest

from lms_jupyter.engine.routes.handshake import HANDSHAKE_S
from lms_jupyter.engine.routes.sdk import notice_loss

from .conftest import EngineProcess
from .raw import HELLO, connected, introduced
from .test_frames import _text_frame, _upgrade

MANY = 100
BURST = 10_000


@asynccontextmanager
async def _undisturbed(engine: EngineProcess) -> AsyncIterator[None]:
    """Ask the engine all the time; each answer has to come while others misbehave."""
    answered, done = asyncio.Event(), asyncio.Event()

    async def ask() -> None:
        async with introduced(engine.address, "system", clientIdentifier="good") as good:
            is_last = False
            while not is_last:
                is_last = done.is_set()
                assert (await good.call("version"))["build"] == 1
                answered.set()
                await asyncio.sleep(0.01)

    asking = asyncio.create_task(ask())
    await answered.wait()
    yield
    done.set()
    await asking


def _plain(engine: EngineProcess, stack: ExitStack, says: bytes) -> socket.socket:
    host, port = engine.address.split(":")
    opened = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
    opened.sendall(says)
    return opened


@pytest.mark.asyncio
async def test_sockets_that_say_nothing_or_stop_halfway_disturb_nobody(
    engine: EngineProcess,
) -> None:
    process = psutil.Process(engine.process.pid)
    before = process.num_fds()
    halves = (
        b"",
        b"GET /lmstudio-greeting HTTP/1.1\r\nHost: ",
        _upgrade(engine.address),
        _upgrade(engine.address) + _text_frame(json.dumps(HELLO))[:20],
        _upgrade(engine.address) + _text_frame(json.dumps(HELLO)),
    )
    with ExitStack() as stack:
        async with _undisturbed(engine):
            for number in range(MANY):
                await asyncio.to_thread(_plain, engine, stack, halves[number % len(halves)])
        assert process.num_fds() >= before + MANY
    async with asyncio.timeout(10):
        while process.num_fds() > before + 5:  # noqa: ASYNC110 - looks at another process
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_who_does_not_introduce_himself_is_told_and_closed(engine: EngineProcess) -> None:
    async with connected(engine.address, "llm") as silent:
        told = await silent.socket.receive_json(timeout=HANDSHAKE_S + 5)
        assert told["success"] is False
        assert isinstance(told["error"], str)
        ended = await silent.socket.receive(timeout=5)
        assert ended.type is aiohttp.WSMsgType.CLOSE


@pytest.mark.asyncio
async def test_a_socket_that_is_closed_in_one_direction_is_let_go(engine: EngineProcess) -> None:
    with ExitStack() as stack:
        half = _plain(engine, stack, _upgrade(engine.address) + _text_frame(json.dumps(HELLO)))
        half.shutdown(socket.SHUT_WR)
        async with _undisturbed(engine):
            while await asyncio.to_thread(half.recv, 4096):
                pass


@pytest.mark.asyncio
async def test_ten_thousand_frames_at_once_are_all_answered(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "system", clientIdentifier="eager") as eager,
        _undisturbed(engine),
    ):
        endpoints = ("version", "listDownloadedModels", "noSuchCall")

        async def send() -> None:
            for number in range(BURST):
                frame = {"type": "rpcCall", "endpoint": endpoints[number % 3], "callId": number}
                await eager.socket.send_json(frame)

        sending = asyncio.create_task(send())
        kinds: dict[int, str] = {}
        while len(kinds) < BURST:
            answer = await eager.read()
            kinds[answer["callId"]] = answer["type"]
        await sending
    assert set(kinds) == set(range(BURST))
    assert [kinds[number] for number in range(3)] == ["rpcResult", "rpcResult", "rpcError"]


@pytest.mark.asyncio
async def test_ten_thousand_frames_that_mean_nothing_disturb_nobody(
    engine: EngineProcess,
) -> None:
    async with (
        introduced(engine.address, "system", clientIdentifier="babbler") as babbler,
        _undisturbed(engine),
    ):
        for number in range(BURST):
            await babbler.socket.send_json({"type": "channelAck", "channelId": 1, "ackId": number})
            await babbler.socket.send_json({"type": "channelSend", "channelId": 9, "message": {}})
        assert (await babbler.call("version"))["build"] == 1


@pytest.mark.asyncio
async def test_a_large_upload_is_taken_while_others_are_served(engine: EngineProcess) -> None:
    content = "QUJD" * (8 * 2**20)
    async with (
        introduced(engine.address, "files", clientIdentifier="sender") as sender,
        _undisturbed(engine),
    ):
        upload = await sender.call("uploadFileBase64", name="big.txt", contentBase64=content)
    assert upload["sizeBytes"] == 24 * 2**20


def test_a_peer_that_vanishes_is_noticed_within_minutes() -> None:
    with socket.socket() as connection:
        notice_loss(connection)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, interval, count = (
            connection.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
    assert idle + interval * count <= 180
