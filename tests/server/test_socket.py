"""The websocket: what pages hear, what they may ask, and what becomes of those that misbehave."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable

import pytest
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClosedError

from lms_jupyter.server.limits import BURST, PER_SECOND, REPLIES_WAITING, Allowance
from lms_jupyter.server.manager_pool import ManagerPool
from lms_jupyter.server.outbox import Outbox
from tests.hosts.fake import FakeHost, fake_model
from tests.server.conftest import QWEN, Door, Listener
from tests.waiting import PATIENCE_S

PAGES = 50


async def looks_during(host: FakeHost, pages: list[Listener]) -> int:
    """Count what the host is asked while somebody else loads and unloads something."""
    before = host.looks
    host.put(fake_model(), identifier="theirs")
    for page in pages:
        await page.sees(lambda a: len(a["instances"]) == 1)
    return host.looks - before


async def happens(condition: Callable[[], bool]) -> None:
    """Wait until something that nobody tells is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)


async def test_a_page_hears_what_is_true_and_what_changes(door: Door, host: FakeHost) -> None:
    page = await door.listen()
    await page.connected()

    reply = await page.send(kind="load", model_key=QWEN, ttl_s=300)
    await page.sees(lambda a: a["instances"])

    assert [m["model_key"] for m in page.slices["catalog"]["models"]] == [QWEN]
    assert reply["reply"]["kind"] == "accepted"
    assert page.slices["activity"]["instances"][0]["ttl_s"] == 300
    assert host.owners == ["JupyterLab"]


async def test_what_one_page_does_another_sees(door: Door) -> None:
    one, another = await door.listen(), await door.listen()
    await one.connected()

    await one.send(kind="load", model_key=QWEN)

    await another.sees(lambda a: a["instances"])


async def test_fifty_pages_ask_the_host_no_more_than_one(door: Door, host: FakeHost) -> None:
    first = await door.listen()
    await first.connected()
    await first.send(kind="attend", viewer="first", visible=True)
    alone = await looks_during(host, [first])
    host.memory.clear()
    await first.sees(lambda a: a["instances"] == [])

    pages = [first, *[await door.listen() for _ in range(PAGES - 1)]]
    for number, page in enumerate(pages):
        await page.send(kind="attend", viewer=f"page {number}", visible=True)
    together = await looks_during(host, pages)

    # Each page that begins to look wakes the watch once; from then on they share its rhythm.
    assert alone <= 2
    assert together <= alone + 1


async def test_a_hidden_sidebar_asks_the_host_nothing(door: Door, host: FakeHost) -> None:
    page = await door.listen()
    await page.connected()
    looks = host.looks

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await page.until(lambda _: host.looks > looks)


async def test_a_page_that_is_closed_does_not_look_any_more(door: Door, board: ManagerPool) -> None:
    page = await door.listen()
    await page.connected()
    await page.send(kind="attend", viewer="tab", visible=True)
    manager = board.line().manager
    assert manager.viewers.anyone

    page.socket.close()

    await happens(lambda: not manager.viewers.anyone)


async def test_a_host_that_nobody_configured_cannot_be_reached_from_a_page(door: Door) -> None:
    for query in ("?host=evil.example:80", "?host=127.0.0.1:22", "?host="):
        if query == "?host=":
            (await door.knock(query, headers=door.key)).close()
            continue
        with pytest.raises(HTTPClientError) as refusal:
            await door.knock(query, headers=door.key)
        assert refusal.value.code == 404


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"rid": 1}', '{"rid": "x"}'])
async def test_nonsense_is_refused_and_the_next_command_taken(door: Door, text: str) -> None:
    page = await door.listen()
    await page.socket.write_message(text)
    answer = await page.until(lambda m: "reply" in m)
    assert answer["reply"]["kind"] == "refused"

    reply = await page.send(kind="load", model_key=QWEN)

    assert reply["reply"]["kind"] == "accepted"


async def test_a_message_of_ten_megabytes_closes_the_socket_and_no_other(door: Door) -> None:
    rude, polite = await door.listen(), await door.listen()

    with contextlib.suppress(WebSocketClosedError):
        await rude.socket.write_message("x" * 10_000_000)
    while await rude.socket.read_message() is not None:
        pass

    assert (await polite.send(kind="refresh"))["reply"]["kind"] == "accepted"


async def test_ten_thousand_commands_in_a_burst_are_bounded_and_hurt_nobody_else(
    door: Door, host: FakeHost
) -> None:
    wild, calm = await door.listen(), await door.listen()
    await wild.connected()
    replies: dict[str, int] = {}
    loads: list[str] = []
    began = time.monotonic()

    async def count() -> None:
        async with asyncio.timeout(90):
            for _ in range(10_000):
                answer = await wild.until(lambda m: "reply" in m)
                kind = answer["reply"]["kind"]
                replies[kind] = replies.get(kind, 0) + 1
                if kind == "accepted" and answer["rid"].endswith("0"):
                    loads.append(answer["rid"])

    counting = asyncio.ensure_future(count())
    for number in range(10_000):
        # One in ten loads: every instance makes every slice longer, and there may be thousands.
        command = {"kind": "load", "model_key": QWEN} if number % 10 == 0 else {"kind": "refresh"}
        await wild.socket.write_message(json.dumps({"rid": f"burst-{number}", "command": command}))
    assert (await calm.send(kind="refresh"))["reply"]["kind"] == "accepted"
    await counting

    assert sum(replies.values()) == 10_000
    # Whatever time the machine took, no more than the rate allows in it.
    assert replies["accepted"] <= BURST + PER_SECOND * (time.monotonic() - began)
    assert replies["refused"] > 0
    # What comes while the model is being loaded joins that load.
    assert 0 < len(host.memory) <= len(loads)


async def test_a_command_that_is_sent_twice_is_carried_out_once(door: Door, host: FakeHost) -> None:
    page = await door.listen()
    await page.connected()
    text = json.dumps({"rid": "same", "command": {"kind": "load", "model_key": QWEN}})

    for _ in range(2):
        await page.socket.write_message(text)
        await page.until(lambda m: m.get("rid") == "same")
    await page.sees(lambda a: a["instances"])

    assert len(host.requests) == 1


async def test_a_client_that_stops_reading_costs_a_bounded_pile(board: ManagerPool) -> None:
    outbox = Outbox()
    for number in range(10_000):
        outbox.put_slice("activity", str(number))
    assert await outbox.take() == "9999"

    for number in range(REPLIES_WAITING):
        assert not outbox.is_full, number
        outbox.put_reply("reply")

    assert outbox.is_full
    assert not board.line().listeners


async def test_a_page_that_dies_without_a_word_is_forgotten(door: Door, board: ManagerPool) -> None:
    page = await door.listen()
    await page.connected()
    assert len(board.line().listeners) == 1

    # What a browser's crash looks like from here: no farewell, only a connection that is gone.
    page.socket.protocol.stream.socket.shutdown(socket.SHUT_RDWR)

    await happens(lambda: not board.line().listeners)


async def test_a_host_that_goes_and_comes_back_is_told(door: Door, host: FakeHost) -> None:
    page = await door.listen()
    await page.connected()
    await page.send(kind="attend", viewer="tab", visible=True)

    host.reachable = False
    await page.sees(lambda a: a["host"]["link"] == "lost")
    host.reachable = True

    await page.connected()


async def test_a_manager_ends_some_time_after_its_last_listener(
    door: Door, board: ManagerPool
) -> None:
    board.linger_s = 0.05
    page = await door.listen()
    await page.connected()
    line = board.line()

    page.socket.close()

    await happens(lambda: line.running is None)


async def test_a_load_outlives_the_page_that_began_it(
    door: Door, board: ManagerPool, host: FakeHost
) -> None:
    board.linger_s = 0.02
    host.gate = asyncio.Event()
    page = await door.listen()
    await page.connected()
    await page.send(kind="load", model_key=QWEN)
    await page.sees(lambda a: a["loads"])
    page.socket.close()
    line = board.line()
    for _ in range(5):
        await asyncio.sleep(board.linger_s)
    assert line.running is not None

    host.gate.set()

    await happens(lambda: line.running is None)
    assert len(host.memory) == 1


def test_an_allowance_comes_back_with_time() -> None:
    now = [0.0]
    allowance = Allowance(clock=lambda: now[0])
    assert all(allowance.take() for _ in range(BURST))
    assert not allowance.take()

    now[0] += 1

    assert allowance.take()
