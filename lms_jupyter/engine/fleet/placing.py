"""Finds a place for a load that names no device, and makes room there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import NoPlaceError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.placement import SAMPLE, Decision, Place, Wait, choose
from lms_jupyter.engine.fleet.places import place
from lms_jupyter.engine.fleet.where import ANYWHERE, Where
from lms_jupyter.engine.instances.activity import look
from lms_jupyter.engine.instances.shares import check_instances, check_memory
from lms_jupyter.engine.limits import using
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

    async def device(
        self,
        question: Mapping[str, Any],
        *,
        loads: bool = True,
        where: Where = ANYWHERE,
        but: Container[str | None] = (),
    ) -> Device | None:
        """Return where to load; `None` is the gateway's own device, which also says what is wrong.

        Args:
            question: What `estimateModelUsage` is asked.
            loads: Whether it is to be loaded there, and not only asked for.
            where: What its device has to be like.
            but: The devices that are not to be taken.

        Raises:
            NoPlaceError: Nobody has room, and nothing that is in use left in time.
        """
        if loads:
            await self.admit(question)
        if self.gateway.preferred is not None and where is ANYWHERE and not but:
            return self.gateway.named(self.gateway.preferred)
        try:
            async with asyncio.timeout(WAIT_S):
                while isinstance(answer := await self._decide(question, where, but), Wait):
                    if answer.is_in_vain:
                        break
                    await self._change()
        except TimeoutError:
            pass
        if isinstance(answer, Decision):
            return await self._taken(answer, makes_room=loads)
        raise NoPlaceError(str(question["modelKey"]), answer.reason)

    async def admit(self, question: Mapping[str, Any]) -> None:
        """Raise `LimitReachedError` if a user has all that they may have, on all devices."""
        user, fleet, registry = using.get(), self.gateway.fleet, self.gateway.services.registry
        here = [one for one in (*registry.instances, *registry.loads) if one.plan.user == user.name]
        there = [
            one
            for device in fleet
            for one in (*device.instances, *device.loads)
            if one.get("user", "") == user.name
        ]
        names = [one.identifier for one in here] + [one["identifier"] for one in there]
        check_instances(user, names)
        if user.limits.memory_bytes is None:
            return
        own = [await self._here(question)]
        answers = await fleet.ask_all(self.domain, "estimateModelUsage", question)
        needs = [
            int(said["memory"]["totalBytes"])
            for said in (*own, *(answer for _, answer in answers))
            if said is not None
        ]
        held = sum(int(one.get("memoryBytes", 0)) for one in there)
        held += sum(one.private_bytes() + one.mapped_bytes() for one in here)
        check_memory(user, str(question["modelKey"]), min(needs, default=0), held)

    async def _decide(
        self, question: Mapping[str, Any], where: Where, but: Container[str | None]
    ) -> Decision | Wait:
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
                one.node.labels,
            )
            for one in self.gateway.fleet
            if one.is_connected
        ]
        if not any(one.has_file for one in places):
            return Decision(device=None, step="fits")  # which says that there is no such model
        able = [one for one in places if one.device not in but]
        fitting = [one for one in able if where.fits(one)]
        if not fitting:
            return Wait(reason=_nowhere(able, where), is_in_vain=True)
        return choose(fitting)

    async def _here(self, question: Mapping[str, Any]) -> Any:
        try:
            said = self.estimate(question)
            return await said if isinstance(said, Awaitable) else said
        except EngineError:
            return None

    async def _taken(self, decision: Decision, *, makes_room: bool) -> Device | None:
        """Have what is in the way leave, where something is to be loaded."""
        device = None if decision.device is None else self.gateway.fleet.device(decision.device)
        for reference in decision.leaving if makes_room else ():
            logger.info("%s leaves for another model", reference)
            if device is None:
                await self._evict_here(reference)
            elif (info := device.with_reference(reference)) is not None:
                leaving = {"identifier": info["identifier"], "why": "evicted"}
                await device.call(info["type"], "unloadModel", leaving)
        if device is not None and decision.leaving and makes_room:
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


def _nowhere(places: Sequence[Place], where: Where) -> str:
    if not places:
        return "Every device has it already."
    names = ", ".join(one.name for one in places[:SAMPLE])
    return f"No device is {where.text!r}: {names}{'…' if len(places) > SAMPLE else ''}."
