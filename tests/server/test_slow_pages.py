"""Pages that do not read, and pages that say how often they want to hear something."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from lms_jupyter.server.manager_pool import RHYTHM_S, ManagerPool
from tests.hosts.fake import FakeHost, fake_model
from tests.server.conftest import MODULE, QWEN, Door

BIG = "x" * 1_000_000
WAIT_S = 20.0


class TestWithLittlePatience:
    """A server that gives a page one second for one message."""

    @pytest.fixture
    def jp_server_config(self) -> Config:
        config = Config({"ServerApp": {"jpserver_extensions": {MODULE: True}}})
        config.LmsExtension.send_timeout_s = 1.0
        return config

    async def test_a_page_that_stops_reading_is_dropped_and_no_other(
        self, door: Door, board: ManagerPool
    ) -> None:
        polite = await door.listen()
        await polite.connected()
        (kept,) = board.line().listeners
        with await deaf(door) as rude:
            async with asyncio.timeout(WAIT_S):
                while len(board.line().listeners) < 2:  # noqa: ASYNC110 - nothing tells it
                    await asyncio.sleep(0.01)
                while len(board.line().listeners) > 1:
                    # What a host with very many models would have to tell, again and again.
                    for tell in set(board.line().listeners) - {kept}:
                        tell("catalog", BIG)
                    await asyncio.sleep(0.01)
            assert rude.fileno() >= 0

        assert set(board.line().listeners) == {kept}
        assert (await polite.send(kind="load", model_key=QWEN))["reply"]["kind"] == "accepted"


async def deaf(door: Door) -> socket.socket:
    """Open the websocket as somebody who may, and never read a word."""
    place = urlsplit(door.url("lms/slices"))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (place.hostname or "", place.port))
    request = [
        f"GET {place.path} HTTP/1.1",
        f"Host: {place.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Authorization: {door.key['Authorization']}",
    ]
    await loop.sock_sendall(client, ("\r\n".join(request) + "\r\n\r\n").encode())
    return client


async def test_the_page_that_wants_to_hear_most_often_sets_the_rhythm(
    door: Door, board: ManagerPool, host: FakeHost
) -> None:
    slow = await door.listen("?every=600")
    await slow.connected()
    await slow.send(kind="attend", viewer="slow", visible=True)
    assert board.line().manager.calm_s == 600

    # The panel in a cell has no wish of its own.
    await (await door.listen()).connected()
    assert board.line().manager.calm_s == 600

    quick = await door.listen("?every=0.5")
    await quick.send(kind="attend", viewer="quick", visible=True)
    host.put(fake_model(), identifier="theirs")
    await slow.sees(lambda a: a["instances"])

    assert board.line().manager.calm_s == 0.5
    quick.socket.close()
    async with asyncio.timeout(WAIT_S):
        while board.line().manager.calm_s != 600:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)


async def test_a_calm_host_is_left_alone_for_as_long_as_the_page_says(
    door: Door, host: FakeHost
) -> None:
    page = await door.listen("?every=600")
    await page.connected()
    await page.send(kind="attend", viewer="tab", visible=True)
    await page.send(kind="refresh")
    looks = host.looks

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2 * RHYTHM_S):
            await page.until(lambda _: host.looks > looks + 1)

    assert host.looks <= looks + 1


@pytest.mark.parametrize("every", ["0", "-1", "nan", "1e9", "often"])
async def test_a_rhythm_that_makes_no_sense_is_refused(door: Door, every: str) -> None:
    with pytest.raises(HTTPClientError) as refusal:
        await door.listen(f"?every={every}")

    assert refusal.value.code == 400
