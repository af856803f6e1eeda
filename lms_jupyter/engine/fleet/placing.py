"""Finds a place for a load that names no device, and makes room there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import NoPlaceError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.placement import Decision, Wait, choose
from lms_jupyter.engine.fleet.places import place
from lms_jupyter.engine.instances.activity import look
from lms_jupyter.engine.wire.activity import activity_packet

WAIT_S: Final = 30.0
"""How long a load waits for what is in use to leave."""
ASK_S: Final = 3.0

logger = logging.getLogger(__name__)

Estimate = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Placing:
    """Places the models of one type."""

    gateway: Gateway
    domain: str
    estimate: Estimate
    """What a load would take on the gateway itself."""

    async def device(self, question: Mapping[str, Any]) -> Device | None:
        """Return where to load; `None` is the gateway's own device, which also says what is wrong.

        Args:
            question: What `estimateModelUsage` is asked.

        Raises:
            NoPlaceError: Nobody has room, and nothing that is in use left in time.
        """
        if self.gateway.preferred is not None:
            return self.gateway.named(self.gateway.preferred)
        try:
            async with asyncio.timeout(WAIT_S):
                while isinstance(answer := await self._decide(question), Wait):
                    if answer.is_in_vain:
                        break
                    await self._change()
        except TimeoutError:
            pass
        if isinstance(answer, Decision):
            return await self._taken(answer)
        raise NoPlaceError(str(question["modelKey"]), answer.reason)

    async def _decide(self, question: Mapping[str, Any]) -> Decision | Wait:
        here, answers = await asyncio.gather(
            self._here(question),
            self.gateway.fleet.ask_all(self.domain, "estimateModelUsage", question),
        )
        estimates = {device.device: said for device, said in answers}
        services = self.gateway.services
        own = activity_packet(await look(services.registry, services.gpus))
        places = [place(None, self.gateway.name, own, here)]
        places += [
            place(
                one.device,
                one.name,
                {"memory": one.memory, "instances": one.instances},
                estimates.get(one.device),
            )
            for one in self.gateway.fleet
            if one.is_connected
        ]
        if not any(one.has_file for one in places):
            return Decision(device=None, step="fits")  # which says that there is no such model
        return choose(places)

    async def _here(self, question: Mapping[str, Any]) -> Any:
        try:
            said = self.estimate(question)
            return await said if isinstance(said, Awaitable) else said
        except EngineError:
            return None

    async def _taken(self, decision: Decision) -> Device | None:
        """Have what is in the way leave."""
        device = None if decision.device is None else self.gateway.fleet.device(decision.device)
        for reference in decision.leaving:
            logger.info("%s leaves for another model", reference)
            if device is None:
                await self._evict_here(reference)
            elif (info := device.with_reference(reference)) is not None:
                leaving = {"identifier": info["identifier"], "why": "evicted"}
                await device.call(info["type"], "unloadModel", leaving)
        if device is not None and decision.leaving:
            await device.refresh()
        return device

    async def _evict_here(self, reference: str) -> None:
        registry = self.gateway.services.registry
        for instance in registry.instances:
            if instance.reference == reference:
                await registry.unload(instance, "evicted")

    async def _change(self) -> None:
        """Wait for a change anywhere."""
        changed = asyncio.Event()
        stops = [
            self.gateway.services.registry.listen(changed.set),
            self.gateway.fleet.listen(changed.set),
        ]
        try:
            await changed.wait()
        finally:
            for stop in stops:
                stop()
