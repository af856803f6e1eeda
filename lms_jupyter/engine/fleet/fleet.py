"""All devices of the fleet but the gateway's own, and which of them a client means."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp

from lms_jupyter.engine.fleet.device import Device, Info
from lms_jupyter.engine.fleet.errors import DeviceNotFoundError
from lms_jupyter.engine.fleet.lines import CONNECT_S
from lms_jupyter.engine.fleet.node import Node, Nodes
from lms_jupyter.engine.instances.selection import Query

AGAIN_S: Final = 5.0
LOST: Final = 10_000
"""Of how many instances that went with their device it is remembered."""

logger = logging.getLogger(__name__)


class Fleet:
    """The devices, as they are found and as they change."""

    def __init__(self, session: aiohttp.ClientSession, connect_s: float = CONNECT_S) -> None:
        self._connect_s = connect_s
        self._session = session
        self._devices: dict[str, Device] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lost: dict[str, tuple[str, int]] = {}
        self._listeners: list[Callable[[], None]] = []
        self.revision = 0
        """Counts what has changed in the memory of devices."""
        self.begun = 0
        """At which revision the fleet got the devices that it has."""
        self._changed: dict[str, int] = {}

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
        named = [device for device in self if device.name == identifier]
        if len(named) == 1:
            return named[0]
        raise DeviceNotFoundError(identifier, (device.name for device in self))

    def holder(self, wanted: Query | str, domain: str | None) -> tuple[Device, Info] | None:
        """Return an instance that is meant by its reference or by its very identifier.

        Of several that are called so, the one with the fewest requests.
        """
        if isinstance(wanted, str):
            pairs = [(device, info) for device in self if (info := device.with_reference(wanted))]
        elif wanted.identifier is not None:
            name = wanted.identifier
            pairs = [(device, info) for device in self for info in device.called(name)]
        elif wanted.path is not None:
            pairs = []
        else:
            pairs = [(device, info) for device in self for info in device.instances]
        vision = None if isinstance(wanted, str) else wanted.vision
        fitting = [
            pair
            for pair in pairs
            if domain in (None, pair[1]["type"]) and vision in (None, pair[1].get("vision"))
        ]
        return min(fitting, key=lambda pair: pair[0].busyness(pair[1]), default=None)

    def all_called(self, identifier: str, domain: str | None) -> list[tuple[Device, Info]]:
        """Return all instances that are called so."""
        return [
            (device, info)
            for device in self
            for info in device.called(identifier)
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

        answers = await asyncio.gather(*(ask(device) for device in self if device.is_connected))
        return [answer for answer in answers if answer[1] is not None]

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; returns what ends that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def is_connected(self, identifier: str) -> bool:
        """Whether a device is there and in touch."""
        device = self._devices.get(identifier)
        return device is not None and device.is_connected

    @asynccontextmanager
    async def following(self, nodes: Nodes) -> AsyncIterator[None]:
        """Have the devices that are found, for as long as the block runs."""
        task = asyncio.create_task(self._follow(nodes))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self.close()

    async def _follow(self, nodes: Nodes) -> None:
        while True:
            try:
                async for found in nodes.watch():
                    await self.take(found)
            except Exception:
                logger.exception("the machines of the fleet could not be looked for")
                await asyncio.sleep(AGAIN_S)

    async def take(self, found: Sequence[Node]) -> None:
        """Have these devices and no others; one that moved is begun anew."""
        wanted = {node.device: node for node in found}
        for device in list(self._devices.values()):
            if wanted.get(device.device) != device.node:
                await self._drop(device)
        for node in found:
            if node.device not in self._devices:
                device = Device(self._session, node, self._note, self._note_lost, self._connect_s)
                self._begin()
                self._devices[node.device] = device
                if node.address:
                    self._tasks[node.device] = asyncio.create_task(device.run())
        self.changed()

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
        self._changed.pop(device.device, None)
        self._begin()
        await device.close()

    def changed_since(self, revision: int) -> list[Device]:
        """Return the devices with other things in memory than at a revision."""
        found = []
        for identifier, at in reversed(self._changed.items()):
            if at <= revision:
                break
            found.append(self._devices[identifier])
        return found

    def _note(self, device: Device, *, in_memory: bool) -> None:
        if in_memory and device.device in self._devices:
            self.revision += 1
            self._changed.pop(device.device, None)
            self._changed[device.device] = self.revision
        self.changed()

    def _begin(self) -> None:
        self.revision += 1
        self.begun = self.revision

    def lost(self, reference: str) -> tuple[str, int] | None:
        """Say with which device an instance went, and when; `None` if it did not, or is back."""
        if any(device.with_reference(reference) for device in self):
            return None
        return self._lost.get(reference)

    def _note_lost(self, device: Device, references: Iterable[str]) -> None:
        at = round(time.time() * 1000)
        for reference in references:
            self._lost[reference] = device.name, at
        while len(self._lost) > LOST:
            del self._lost[next(iter(self._lost))]

    def changed(self) -> None:
        """Have all who listen look again."""
        for callback in tuple(self._listeners):
            callback()
