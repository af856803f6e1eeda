"""Brings a model's files to a device that has none: from another device, or from the gateway.

The gateway has one offer them and the other fetch them; the bytes go straight between the two.
What none of them has comes from the source of models.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from lms_jupyter.engine.downloads.hub import DownloadOption
from lms_jupyter.engine.errors import EngineError, LoadCancelledError, PathNotFoundError
from lms_jupyter.engine.fleet.device import Device, Info
from lms_jupyter.engine.fleet.errors import NotCopiedError, RelayedError
from lms_jupyter.engine.fleet.gateway import Copying, Gateway
from lms_jupyter.engine.fleet.source import Source, fetched
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes.copying import offer_model
from lms_jupyter.engine.routes.handshake import Caller

MOST_SOURCES: Final = 3
"""How many devices are tried as a source."""

logger = logging.getLogger(__name__)

OnCopied = Callable[[float], None]
"""Is told which part of a model is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A load that may need files brought, as far as those need to know it."""

    question: Mapping[str, Any]
    """What `estimateModelUsage` is asked."""
    load_id: str = ""
    identifier: str = ""
    on_copied: OnCopied = lambda _fraction: None


@dataclass(frozen=True, slots=True)
class Carrier:
    """Copies models of one type, one at a time to each device."""

    gateway: Gateway
    domain: str
    here: Callable[[Mapping[str, Any]], Awaitable[Any]]
    """What a load would take on the gateway, `None` if the file is not there."""
    source: Source
    _locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def provide(self, order: Order, device: Device) -> None:
        """See to it that a device has the files, if anybody has.

        Raises:
            NotCopiedError: Somebody has, and they could not be brought there.
            LoadCancelledError: Somebody has called the load off.
        """
        if await self._has(order.question, device):
            return
        async with self._locks[device.device]:
            if not await self._has(order.question, device):
                await self._bring(order, device)

    async def reaches_gateway(self, device: Device) -> str | None:
        """Return where a device can fetch from the gateway; `None` if it cannot."""
        async with device.line("system") as line:
            local = line.socket.get_extra_info("sockname")
        return self.gateway.services.listeners.reached_at(str(local[0])) if local else None

    async def _has(self, question: Mapping[str, Any], device: Device) -> bool:
        try:
            await device.call(self.domain, "estimateModelUsage", question)
        except RelayedError as error:
            return error.relayed_code != PathNotFoundError.code
        return True

    async def _bring(self, order: Order, device: Device) -> None:
        key, problem = str(order.question["modelKey"]), ""
        for source in (await self._sources(order.question, device))[:MOST_SOURCES]:
            name = self.gateway.name if source is None else source.name
            try:
                offer = await self._offer(key, source, device)
                await self._copy(order, offer, device)
            except LoadCancelledError:
                raise
            except EngineError as error:
                problem = error.title
                logger.warning(
                    "%s was not copied from %s to %s: %s", key, name, device.name, problem
                )
            else:
                logger.info("%s was copied from %s to %s", key, name, device.name)
                return
        if problem:
            raise NotCopiedError(key, device.name, problem)
        option = await self.source.option(key)
        if option is not None:
            await self._fetch(order, option, device)

    async def _fetch(self, order: Order, option: DownloadOption, device: Device) -> None:
        """Have a device fetch from the source what nobody has."""
        key = str(order.question["modelKey"])
        try:
            async with aclosing(fetched(device, option)) as sizes:
                await self._follow(order, option.size_bytes, sizes, device)
        except LoadCancelledError:
            raise
        except EngineError as error:
            raise NotCopiedError(key, device.name, error.title) from error

    async def _sources(
        self, question: Mapping[str, Any], device: Device
    ) -> Sequence[Device | None]:
        """Return who has the files; the gateway is asked last, it has to answer everybody."""
        fleet = self.gateway.fleet
        answers = await fleet.ask_all(self.domain, "estimateModelUsage", question)
        found: list[Device | None] = [holder for holder, _ in answers if holder is not device]
        if await self.here(question) is not None and await self.reaches_gateway(device):
            found.append(None)
        return found

    async def _offer(self, key: str, source: Device | None, device: Device) -> Info:
        asked = {"modelKey": key}
        if source is None:
            address = await self.reaches_gateway(device)
            offer = await offer_model(self.gateway.services, Caller("", ""), asked)
        else:
            address = source.node.address
            offer = await source.call("system", "offerModel", asked)
        return {**offer, "from": f"http://{address}"}

    async def _copy(self, order: Order, offer: Info, device: Device) -> None:
        size = sum(file["sizeBytes"] for file in offer["files"])
        async with aclosing(_copied(device, offer)) as sizes:
            await self._follow(order, size, sizes, device)

    async def _follow(
        self, order: Order, size: int, sizes: AsyncIterator[int], device: Device
    ) -> None:
        """Tell how far it is until all is there."""
        size = max(1, size)
        with self._shown(order, size, device) as shown:
            try:
                async with shown.scope:
                    async for have in sizes:
                        shown.info["progress"] = have / size
                        order.on_copied(have / size)
                        self.gateway.fleet.changed()
            except TimeoutError:
                raise LoadCancelledError(order.identifier) from None

    @contextmanager
    def _shown(self, order: Order, size: int, device: Device) -> Iterator[Copying]:
        """Show it among the loads of the fleet meanwhile."""
        load_id = order.load_id or secrets.token_hex(8)
        user = using.get().name
        key = str(order.question["modelKey"])
        info = {
            "loadId": load_id,
            "identifier": order.identifier or key,
            "modelKey": key,
            "type": self.domain,
            "progress": 0.0,
            "startedAt": round(time.time() * 1000),
            "sizeBytes": size,
            "deviceIdentifier": device.device,
        } | ({"user": user} if user else {})
        copies = self.gateway.copies
        copies[load_id] = shown = Copying(info)
        try:
            yield shown
        finally:
            copies.pop(load_id, None)
            self.gateway.fleet.changed()


async def _copied(device: Device, offer: Info) -> AsyncGenerator[int]:
    """Have a device fetch what is offered; yields how many bytes are there."""
    async with (
        device.line("system") as line,
        aclosing(line.packets("copyModel", offer)) as packets,
    ):
        async for packet in packets:
            payload = msgspec.json.decode(packet)
            if payload["type"] == "progress":
                yield int(payload["copiedBytes"])
