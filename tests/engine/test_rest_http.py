"""What all HTTP paths share: streams that nobody reads, events that are cut anywhere."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.engine.routes.http import send, stream_to
from lms_jupyter.engine.wire.sse import Event, events


@pytest.mark.asyncio
async def test_a_client_that_does_not_read_is_dropped() -> None:
    outcome: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def pour(request: web.Request) -> web.StreamResponse:
        response = await stream_to(request)
        try:
            while True:
                await send(request, response, Event(b"x" * 2**20), patience_s=0.2)
        except ConnectionError as error:
            outcome.set_result(error)
        return response

    application = web.Application()
    application.router.add_get("/", pour)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection(*runner.addresses[0][:2], limit=2**10)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    error = await outcome

    assert str(error) == "The client does not read."
    writer.close()
    await runner.cleanup()


STREAM = (
    b": a comment\n\n"
    b'event: one\ndata: {"a": "\xc3\xa4"}\n\n'
    b"data: first\ndata: second\n\n"
    b'error: {"message": "no"}\n\n'
    b"data: [DONE]\n\n"
    b"data: cut o"
)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_found_wherever_a_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]

    async def chunks() -> AsyncIterator[bytes]:
        for start, end in itertools.pairwise(edges):
            yield STREAM[start:end]

    async def read() -> list[Event]:
        return [event async for event in events(chunks())]

    assert asyncio.run(read()) == [
        Event(b'{"a": "\xc3\xa4"}', "one"),
        Event(b"first\nsecond"),
        Event(b'{"message": "no"}', "error"),
        Event(b"[DONE]"),
    ]
