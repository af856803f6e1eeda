"""What is in memory, as an engine tells it: whole, or by what has changed on which device."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import chain
from typing import Any

from lms_jupyter.hosts import decode
from lms_jupyter.hosts.base import Snapshot
from lms_jupyter.hosts.channel import open_channel
from lms_jupyter.hosts.reading import reads, rows, table

CHANGES = {"changes": True}
"""Asks the gateway of a fleet to tell what has changed; an engine alone tells it all anyway."""


async def watched(session: Any) -> AsyncGenerator[Snapshot]:
    """Yield what is in memory now and after each change, by a session of the SDK."""
    account = Account()
    async with (
        open_channel(session, "watchActivity", CHANGES) as channel,
        aclosing(channel.packets()) as packets,  # type: ignore[type-var]
    ):
        try:
            async for packet in packets:
                yield account.take(packet)
        finally:
            await channel.call_off("stop")


class Account:
    """Puts together what comes packet by packet."""

    def __init__(self) -> None:
        self._devices: dict[str, Snapshot] = {}

    @reads("what has changed in its memory")
    def take(self, raw: Any) -> Snapshot:
        """Return what is in memory after a packet.

        Raises:
            HostReplyError: It is not what the engine promises.
        """
        own = decode.snapshot(raw)
        if table(raw).get("type") != "activityChanges":
            return own
        if raw["whole"]:
            self._devices.clear()
        for device in rows(raw["devices"]):
            there = {**table(device), "now": raw["now"], "memory": None}
            self._devices[device["deviceIdentifier"]] = decode.snapshot(there)
        parts = (own, *self._devices.values())
        given = chain.from_iterable(part.gave_way for part in parts)
        return Snapshot(
            now=own.now,
            memory=own.memory,
            instances=tuple(chain.from_iterable(part.instances for part in parts)),
            loads=tuple(chain.from_iterable(part.loads for part in parts)),
            gave_way=tuple(sorted(given, key=lambda gave: gave.at)),
        )
