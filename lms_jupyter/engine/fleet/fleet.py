"""All devices of the fleet but the gateway's own, and which of them a client means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from lms_jupyter.engine.fleet.device import Device, Info
from lms_jupyter.engine.fleet.errors import DeviceNotFoundError
from lms_jupyter.engine.fleet.node import Node, Nodes
from lms_jupyter.engine.instances.selection import Query


class Fleet:
    """The devices, as they are found and as they change."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._devices: dict[str, Device] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._listeners: list[Callable[[], None]] = []

    def __iter__(self) -> Iterator[Device]:
        """Go through all devices, connected or not."""
        return iter(tuple(self._devices.values()))

    def device(self, identifier: str) -> Device:
        """Return the device with this identifier or, where only one has it, of this name.

        Raises:
            DeviceNotFoundError: There is none.
        """
        if identifier in self._devices:
            return self._devices[identifier]
        named = [one for one in self if one.name == identifier]
        if len(named) == 1:
            return named[0]
        raise DeviceNotFoundError(identifier, (one.name for one in self))

    def holder(self, wanted: Query | str, domain: str | None) -> tuple[Device, Info] | None:
        """Return an instance that is meant by its reference or by its very identifier.

        Of several that are called so, the one with the fewest requests.
        """
        if isinstance(wanted, str):
            pairs = [(one, info) for one in self if (info := one.with_reference(wanted))]
        elif wanted.identifier is not None:
            name = wanted.identifier
            pairs = [(one, info) for one in self for info in one.called(name)]
        elif wanted.path is not None:
            pairs = []
        else:
            pairs = [(one, info) for one in self for info in one.instances]
        vision = None if isinstance(wanted, str) else wanted.vision
        fitting = [
            pair
            for pair in pairs
            if domain in (None, pair[1]["type"]) and vision in (None, pair[1].get("vision"))
        ]
        return min(fitting, key=lambda pair: pair[1].get("queued", 0), default=None)

    def all_called(self, identifier: str, domain: str | None) -> list[tuple[Device, Info]]:
        """Return all instances that are called so."""
        return [
            (one, info)
            for one in self
            for info in one.called(identifier)
            if domain in (None, info["type"])
        ]

    async def ask_all(
        self, namespace: str, endpoint: str, parameter: Any
    ) -> list[tuple[Device, Any]]:
        """Ask all devices that are there; who fails or has no answer is left out."""

        async def ask(device: Device) -> tuple[Device, Any]:
            with suppress(Exception):
                async with asyncio.timeout(3):
                    return device, await device.call(namespace, endpoint, parameter)
            return device, None

        answers = await asyncio.gather(*(ask(one) for one in self if one.is_connected))
        return [answer for answer in answers if answer[1] is not None]

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; returns what ends that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    async def follow(self, nodes: Nodes) -> None:
        """Have the devices that there are, until cancelled."""
        async for found in nodes.watch():
            await self.take(found)

    async def take(self, found: Sequence[Node]) -> None:
        """Have these devices and no others; one that moved is begun anew."""
        wanted = {node.device: node for node in found}
        for device in list(self._devices.values()):
            if wanted.get(device.device) != device.node:
                await self._drop(device)
        for node in found:
            if node.device not in self._devices:
                device = Device(self._session, node, self._changed)
                self._devices[node.device] = device
                if node.address:
                    self._tasks[node.device] = asyncio.create_task(device.run())
        self._changed()

    async def close(self) -> None:
        """Let go of all devices; their engines run on."""
        for device in list(self._devices.values()):
            await self._drop(device)

    async def _drop(self, device: Device) -> None:
        task = self._tasks.pop(device.device, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        del self._devices[device.device]
        await device.close()

    def _changed(self) -> None:
        for callback in tuple(self._listeners):
            callback()


@asynccontextmanager
async def following(nodes: Nodes) -> AsyncIterator[Fleet]:
    """Have a fleet for as long as the block runs."""
    async with aiohttp.ClientSession() as session:
        fleet = Fleet(session)
        task = asyncio.create_task(fleet.follow(nodes))
        try:
            yield fleet
        finally:
            task.cancel()
            await asyncio.wait([task])
            await fleet.close()
