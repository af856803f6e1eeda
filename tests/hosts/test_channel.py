"""A channel that is called off while it is being opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from lms_jupyter.hosts.channel import open_channel


class Line:
    """A session whose channels are slow to open: the host knows of them before we do."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.opened = asyncio.Event()
        self.said: list[object] = []
        self.open = 0

    @asynccontextmanager
    async def _create_channel(self, _endpoint: object) -> AsyncIterator["Line"]:
        self.begun.set()
        await self.go.wait()
        self.open += 1
        self.opened.set()
        try:
            yield self
        finally:
            self.open -= 1

    async def send_message(self, message: object) -> None:
        self.said.append(message)


@pytest.mark.asyncio
@pytest.mark.parametrize("is_open_first", [True, False])
async def test_a_host_is_told_to_stop_also_if_the_interrupt_comes_while_the_channel_opens(
    *, is_open_first: bool
) -> None:
    line = Line()

    async def work() -> None:
        async with open_channel(cast("Any", line), "loadModel", {}) as channel:
            try:
                await asyncio.Event().wait()
            finally:
                await channel.send("cancel")

    task = asyncio.create_task(work())
    await line.begun.wait()
    if is_open_first:
        line.go.set()
        await line.opened.wait()
    task.cancel()
    await asyncio.sleep(0)
    line.go.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.said == [{"type": "cancel"}]
    assert line.open == 0


@pytest.mark.asyncio
async def test_a_channel_that_cannot_be_opened_says_why() -> None:
    class Broken(Line):
        @asynccontextmanager
        async def _create_channel(self, _endpoint: object) -> AsyncIterator[Line]:
            raise ConnectionError
            yield self

    with pytest.raises(ConnectionError):
        async with open_channel(cast("Any", Broken()), "loadModel", {}):
            pass
