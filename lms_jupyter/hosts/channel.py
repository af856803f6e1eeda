"""Channels of the host's protocol as plain dicts, over a session of the official SDK.

The SDK's own endpoint classes keep progress to themselves and cannot be cancelled from outside;
a channel's wire form is all we need.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import lmstudio
from lmstudio.async_api import AsyncChannel

from lms_jupyter.hosts import sdk_private
from lms_jupyter.hosts.sdk_private import AsyncSession

LAST_WORDS_S = 1.0
"""How long a host may take to end what was called off."""


class Parameters:
    """A dict in the shape that the SDK's `remote_call` wants: anything with `to_dict`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def to_dict(self) -> dict[str, Any]:
        """Return the values as they go on the wire."""
        return self._values


class _RawEndpoint:
    """What the SDK's channel asks of an endpoint, with nothing read into the messages."""

    is_finished = False

    def __init__(self, api_endpoint: str, creation_params: Mapping[str, Any]) -> None:
        self.api_endpoint = api_endpoint
        self.creation_params = dict(creation_params)
        self.notice_prefix = api_endpoint


class Channel:
    """One open channel: an iterator of packets, and a way to say something back."""

    def __init__(self, channel: AsyncChannel[Any]) -> None:
        self._channel = channel

    async def packets(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the host's packets until it closes the channel.

        Raises:
            lmstudio.LMStudioError: The host ended the channel with an error, or is gone.
        """
        async with aclosing(self._channel.rx_stream()) as stream:  # type: ignore[type-var]
            async for packet in stream:
                if packet is not None:
                    yield dict(packet)

    async def send(self, word: str) -> None:
        """Send `{"type": word}`: "cancel" a load, "stop" a stream."""
        await self._channel.send_message({"type": word})

    async def answer(self, message: Mapping[str, Any]) -> None:
        """Send a message that says more than its type."""
        await self._channel.send_message(dict(message))

    async def call_off(self, word: str) -> None:
        """Ask the host to stop, and read what it still sends.

        Else the SDK would complain on the user's screen about what still comes.
        """
        with contextlib.suppress(lmstudio.LMStudioError, TimeoutError):
            await self.send(word)
            async with asyncio.timeout(LAST_WORDS_S):
                async for _ in self.packets():
                    pass


@asynccontextmanager
async def open_channel(
    session: AsyncSession, endpoint: str, parameters: Mapping[str, Any]
) -> AsyncIterator[Channel]:
    """Open a channel on a connected session, and let go of its number at the end.

    Whoever is cancelled while the channel is being opened learns it at the first `await` within
    the block: the host has begun what was asked for, and has to be told to stop.
    """
    raw: Any = _RawEndpoint(endpoint, parameters)
    async with AsyncExitStack() as stack:
        opening = asyncio.ensure_future(
            stack.enter_async_context(sdk_private.create_channel(session, raw))
        )
        try:
            channel = await asyncio.shield(opening)
        except asyncio.CancelledError:
            channel = await opening
            _cancel_later()
        yield Channel(channel)


async def lost(session: AsyncSession) -> None:
    """Return when the websocket of a session is lost. Nothing is sent for that."""
    handler = sdk_private.websocket_handler(session)
    with handler.open_channel() as (_, receive):
        # The SDK notifies every channel of the loss; this one receives nothing else.
        while sdk_private.is_connected(handler) and await receive() is not None:
            pass


def _cancel_later() -> None:
    """Have the current task cancelled at its next `await` instead of now."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
        task.cancel()
