"""A channel that a client has opened here, carried on at a device: packets out, messages in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.lines import Line
from lms_jupyter.engine.routes.connection import Channel

OUTPUT_PACKETS: Final = frozenset({"fragment", "toolCallGenerationStart", "success"})
"""The packets of a prediction after which it cannot begin anew somewhere else."""


class _Kind(msgspec.Struct):
    """What kind of packet it is."""

    type: str = ""


_kind: Final = msgspec.json.Decoder(_Kind).decode

Change = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]
"""Returns what becomes of a packet; `None` keeps it back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a channel is opened for at a device."""

    namespace: str
    endpoint: str
    parameter: Any


async def pipe(
    channel: Channel,
    device: Device,
    asked: Asked,
    changed: Mapping[str, Change],
    on_packet: Callable[[str], None] = lambda _kind: None,
) -> None:
    """Carry a channel on at a device until it ends.

    Args:
        channel: The client's.
        device: Where.
        asked: What is opened there.
        changed: What is changed about packets of some types; all others are handed on unread.
        on_packet: Called with the type of each packet.
    """
    async with device.line(asked.namespace) as line:
        packets = line.packets(asked.endpoint, asked.parameter)
        async with aclosing(packets), _passing_on(channel, line):
            async for packet in packets:
                kind = _kind(packet).type
                on_packet(kind)
                change = changed.get(kind)
                if change is None:
                    channel.send(packet)
                elif (became := await change(msgspec.json.decode(packet))) is not None:
                    channel.send(became)
                await channel.room()


@asynccontextmanager
async def _passing_on(channel: Channel, line: Line) -> AsyncIterator[None]:
    """Pass on, meanwhile, what the client says on its channel."""

    async def pass_on() -> None:
        while True:
            await line.say(await channel.next())

    task = asyncio.create_task(pass_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
