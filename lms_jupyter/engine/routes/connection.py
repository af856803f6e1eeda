"""One WebSocket of one namespace: reads frames, runs calls and channels, writes answers.

Both directions have a limit: a client that does not read stops being read, and after a while is
dropped. Nobody else notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from aiohttp import WSMsgType, web

from lms_jupyter.engine.errors import (
    BadRequestError,
    EngineError,
    UnknownEndpointError,
    UnsupportedError,
)
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.wire import frames
from lms_jupyter.engine.wire.nesting import TooDeepError

MAX_WAITING_FRAMES = 1000
MAX_WAITING_BYTES = 2**23
MAX_CALLS = 1000
MAX_CHANNELS = 1000
STALLED_S = 30.0

logger = logging.getLogger(__name__)


class Channel:
    """One open channel: packets out, messages in."""

    def __init__(self, connection: Connection, channel_id: int, parameter: Any) -> None:
        self._connection = connection
        self._id = channel_id
        self._messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self.parameter = parameter

    @property
    def caller(self) -> Caller:
        """Who opened it."""
        return self._connection.caller

    def send(self, packet: dict[str, Any] | msgspec.Raw) -> None:
        """Queue a packet; one that is written already stays as it is."""
        self._connection.write(frames.channel_send(self._id, packet))

    async def room(self) -> None:
        """Wait until the client has read enough of what was sent."""
        await self._connection.room()

    def deliver(self, message: Any) -> None:
        """Take in a message from the client; what is no object is ignored."""
        if isinstance(message, Mapping):
            self._messages.put_nowait(message)

    async def next(self) -> Mapping[str, Any]:
        """Wait for the client's next message."""
        return await self._messages.get()

    async def until(self, *kinds: str) -> None:
        """Wait until the client sends a message of one of these types."""
        while (await self._messages.get()).get("type") not in kinds:
            pass

    @asynccontextmanager
    async def interrupted_by(self, *kinds: str) -> AsyncIterator[asyncio.Timeout]:
        """Run a block until it ends or the client sends a message of one of these types.

        Then the block is cancelled, and `expired()` of what was yielded is true.
        """
        scope = asyncio.timeout(None)

        async def listen() -> None:
            await self.until(*kinds)
            scope.reschedule(0)

        listener = asyncio.create_task(listen())
        try:
            async with scope:
                yield scope
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            listener.cancel()


Rpc: TypeAlias = Callable[[Caller, Any], Any]
"""Takes the caller and the parameter; returns the result, or an awaitable of it."""

ChannelHandler: TypeAlias = Callable[[Channel], Awaitable[None]]


def refusing(reason: str) -> ChannelHandler:
    """Return a channel that LM Studio has and we do not: its clients wait for an end."""

    async def refuse(_channel: Channel) -> None:
        raise UnsupportedError(reason)

    return refuse


@dataclass(frozen=True, slots=True)
class Namespace:
    """The calls and channels that one path offers."""

    name: str
    rpcs: Mapping[str, Rpc]
    channels: Mapping[str, ChannelHandler]


class Connection:
    """A socket after its handshake."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        namespace: Namespace,
        caller: Caller,
        check: Callable[[str, Any], None] = lambda _endpoint, _parameter: None,
    ) -> None:
        """Take a socket; `check` raises for what its client may not ask for."""
        self._check = check
        self._socket = socket
        self._transport = transport
        self._namespace = namespace
        self.caller = caller
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._channels: dict[int, Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls = asyncio.Semaphore(MAX_CALLS)

    async def serve(self) -> None:
        """Serve until the client leaves or is dropped."""
        writer = asyncio.create_task(self._write_all())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(message.data)
                    async with self._calls:
                        pass  # when too many calls run, read on after one has ended
                else:
                    self._warn("Only text frames are understood.", "unknown")
                await self.room()
        except TimeoutError:
            logger.warning("dropped a client that does not read (%s)", self._namespace.name)
            self._drop()
        finally:
            leaving = [writer, *self._tasks]
            for task in leaving:
                task.cancel()
            await asyncio.wait(leaving)

    def write(self, frame: bytes) -> None:
        """Queue a frame."""
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        self._something.set()
        if len(self._waiting) > MAX_WAITING_FRAMES or self._waiting_bytes > MAX_WAITING_BYTES:
            self._room.clear()

    async def room(self) -> None:
        """Wait until less is queued than the limit.

        Raises:
            TimeoutError: The client reads nothing any more.
        """
        if not self._room.is_set():
            async with asyncio.timeout(STALLED_S):
                await self._room.wait()

    async def _write_all(self) -> None:
        while True:
            await self._something.wait()
            while self._waiting:
                frame = self._waiting.popleft()
                self._waiting_bytes -= len(frame)
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await self._socket.send_frame(frame, WSMsgType.TEXT)
            self._room.set()
            self._something.clear()

    def _drop(self) -> None:
        """End the connection without the courtesies that need a reader."""
        if self._transport is not None:
            self._transport.abort()

    def _hear(self, data: str) -> None:
        try:
            self._take(frames.decode(data))
        except TooDeepError as error:
            self.write(frames.refusal(data, error))

    def _take(self, message: dict[str, Any] | None) -> None:
        frame = message or {}
        match frame:
            case {"type": "rpcCall", "callId": int(call_id), "endpoint": str(endpoint)}:
                self._call(call_id, endpoint, frame.get("parameter"))
            case {"type": "channelCreate", "channelId": int(channel_id), "endpoint": str(endpoint)}:
                self._open(channel_id, endpoint, frame.get("creationParameter"))
            case {"type": "channelSend", "channelId": int(channel_id)}:
                channel = self._channels.get(channel_id)
                if channel is not None:
                    channel.deliver(frame.get("message"))
            case {"type": "keepAlive"}:
                self.write(frames.KEEP_ALIVE_ACK)
            case {"type": "channelAck" | "communicationWarning" | "signalUnsubscribe"}:
                pass
            case {"type": str(kind)}:
                self._warn(f"A frame of type {kind[:100]!r} was not understood.", "unknown")
            case _:
                self._warn("A frame has to be a JSON object with a 'type'.", "unknown")

    def _call(self, call_id: int, endpoint: str, parameter: Any) -> None:
        """Run a call: at once if its handler answers at once, else as a task."""
        handler = self._namespace.rpcs.get(endpoint)
        if handler is None:
            unknown = UnknownEndpointError(self._namespace.name, endpoint)
            self.write(frames.rpc_error(call_id, unknown))
            return
        try:
            self._check(endpoint, parameter)
            result = handler(self.caller, parameter)
        except Exception as error:  # noqa: BLE001 - every call is answered
            self.write(frames.rpc_error(call_id, _ours(error, endpoint)))
            return
        if isinstance(result, Awaitable):
            self._spawn(self._finish_call(call_id, endpoint, result))
        else:
            self.write(frames.rpc_result(call_id, result))

    async def _finish_call(self, call_id: int, endpoint: str, result: Awaitable[Any]) -> None:
        try:
            async with self._calls:
                answer = await result
            self.write(frames.rpc_result(call_id, answer))
        except Exception as error:  # noqa: BLE001 - every call is answered
            self.write(frames.rpc_error(call_id, _ours(error, endpoint)))

    def _open(self, channel_id: int, endpoint: str, parameter: Any) -> None:
        """Open a channel; one that nobody knows only gets a warning, as with the reference."""
        handler = self._namespace.channels.get(endpoint)
        if handler is None:
            text = f"The namespace {self._namespace.name!r} has no channel {endpoint[:100]!r}."
            self._warn(text, "channelEndpointUnknown")
        elif channel_id in self._channels:
            self._warn(f"The channel {channel_id} is already open.", "channelAlreadyOpen")
        elif len(self._channels) >= MAX_CHANNELS:
            crowded = BadRequestError(f"More than {MAX_CHANNELS} channels cannot be open at once.")
            self.write(frames.channel_error(channel_id, crowded))
        else:
            channel = self._channels[channel_id] = Channel(self, channel_id, parameter)
            self._spawn(self._run_channel(channel_id, endpoint, handler, channel))

    async def _run_channel(
        self, channel_id: int, endpoint: str, handler: ChannelHandler, channel: Channel
    ) -> None:
        try:
            self._check(endpoint, channel.parameter)
            await handler(channel)
            self.write(frames.channel_close(channel_id))
        except Exception as error:  # noqa: BLE001 - every channel ends with a close or an error
            self.write(frames.channel_error(channel_id, _ours(error, endpoint)))
        finally:
            del self._channels[channel_id]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _warn(self, text: str, kind: str) -> None:
        self.write(frames.warning(text, kind))


def _ours(error: Exception, endpoint: str) -> EngineError:
    """Return the error to tell the client; what is not ours is a mistake here, and logged."""
    if isinstance(error, EngineError):
        return error
    logger.error("%s failed", endpoint, exc_info=error)
    return EngineError(f"The engine failed to answer {endpoint!r}: {type(error).__name__}.")
