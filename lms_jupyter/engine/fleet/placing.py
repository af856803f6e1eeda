"""Finds a place for a load that names no device, and makes room there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from lms_jupyter.engine.errors import EngineError, PathNotFoundError
from lms_jupyter.engine.fleet.admission import Pending
from lms_jupyter.engine.fleet.carrying import Carrier, Order
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import NoPlaceError, NotCopiedError, RelayedError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.placement import SAMPLE, Decision, Place, Wait, choose, fits
from lms_jupyter.engine.fleet.places import fetching, place
from lms_jupyter.engine.fleet.source import Source, needed
from lms_jupyter.engine.fleet.where import ANYWHERE, Where
from lms_jupyter.engine.instances.activity import look
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.wire.activity import activity_packet

WAIT_S: Final = 30.0
"""How long a load waits for what is in use to leave."""
ASK_S: Final = 3.0

logger = logging.getLogger(__name__)

Estimate = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Without:
    """Devices that are not to be taken, for one reason or another."""

    asked: Container[str | None]
    failed: Container[str | None]

    def __contains__(self, device: object) -> bool:
        """Whether a device is among them."""
        return device in self.asked or device in self.failed


@dataclass(frozen=True, slots=True)
class Placing:
    """Places the models of one type."""

    gateway: Gateway
    domain: str
    estimate: Estimate
    """What a load would take on the gateway itself."""
    carrier: Carrier = field(init=False)

    def __post_init__(self) -> None:
        """Have somebody bring files to where they lack."""
        source = Source(self.gateway.services.downloads)
        carrier = Carrier(self.gateway, self.domain, self.here, source)
        object.__setattr__(self, "carrier", carrier)

    async def device(
        self,
        order: Order,
        *,
        loads: bool = True,
        where: Where = ANYWHERE,
        but: Container[str | None] = (),
    ) -> Device | None:
        """Return where to load; `None` is the gateway's own device, which also says what is wrong.

        Args:
            order: What is to be loaded.
            loads: Whether it is to be loaded there, and not only asked for; then its files are
                there on return.
            where: What its device has to be like.
            but: The devices that are not to be taken.

        Raises:
            NoPlaceError: Nobody has room, and nothing that is in use left in time.
        """
        if self.gateway.preferred is not None and where is ANYWHERE and not but:
            return await self.named(self.gateway.preferred, order, loads=loads)
        failed: dict[str, str] = {}
        while True:
            left = Without(but, failed)
            answer = await self._decided(order.question, where, left, loads=loads)
            if isinstance(answer, Wait):
                failures = "".join(f" Not copied to {name}: {why}" for name, why in failed.items())
                raise NoPlaceError(str(order.question["modelKey"]), f"{answer.reason}{failures}")
            device = await self._taken(answer, makes_room=loads)
            if device is None or answer.step != "fetch" or not loads:
                return device
            try:
                await self.carrier.provide(order, device)
            except NotCopiedError as error:
                failed[device.device] = error.problem
            else:
                return device

    async def named(self, identifier: str | None, order: Order, *, loads: bool) -> Device | None:
        """Return the device that a client names, with the files if anybody has them.

        Raises:
            NotCopiedError: They could not be brought there.
        """
        device = self.gateway.named(identifier)
        if loads and device is not None:
            await self.carrier.provide(order, device)
        return device

    async def reckoned(self, question: Mapping[str, Any], device: Device) -> Any:
        """Say what a load would take on a device, or would if its files were there."""
        try:
            return await device.call(self.domain, "estimateModelUsage", question)
        except RelayedError as error:
            if error.relayed_code != PathNotFoundError.code:
                raise
            estimates = await self._estimates(question)
            if not estimates:
                raise
            activity = {"memory": device.memory, "instances": device.instances}
            there = fetching(place(device.device, device.name, activity, None), estimates)
            return {**estimates[0], "passesGuardrails": fits(there)}

    @asynccontextmanager
    async def admitted(self, question: Mapping[str, Any]) -> AsyncIterator[Pending]:
        """Count a load among those of its user, on all devices, for as long as the block runs.

        Raises:
            LimitReachedError: The user has all that they may have.
        """
        user, key = using.get(), str(question["modelKey"])
        needed = 0
        if user.limits.memory_bytes is not None:
            estimates = await self._estimates(question)
            needed = min(
                (int(estimate["memory"]["totalBytes"]) for estimate in estimates), default=0
            )
        with self.gateway.admission.admitted(user, key, needed) as pending:
            yield pending

    async def _estimates(self, question: Mapping[str, Any]) -> list[Any]:
        """Return what a load would take wherever that can be told: on the devices, then here."""
        here, answers = await asyncio.gather(
            self.here(question),
            self.gateway.fleet.ask_all(self.domain, "estimateModelUsage", question),
        )
        return [
            estimate
            for estimate in (*(answer for _, answer in answers), here)
            if estimate is not None
        ]

    async def _decided(
        self, question: Mapping[str, Any], where: Where, but: Container[str | None], *, loads: bool
    ) -> Decision | Wait:
        """Decide, as soon as there is room."""
        answer: Decision | Wait | None = None
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    answer = await self._decide(question, where, but, loads=loads)
                    if isinstance(answer, Decision) or answer.is_in_vain:
                        return answer
                    await self._change()
        except TimeoutError:
            return answer or Wait(reason="The devices do not answer.")

    async def _decide(
        self, question: Mapping[str, Any], where: Where, but: Container[str | None], *, loads: bool
    ) -> Decision | Wait:
        here, answers = await asyncio.gather(
            self.here(question),
            self.gateway.fleet.ask_all(self.domain, "estimateModelUsage", question),
        )
        estimates = {device.device: estimate for device, estimate in answers}
        services = self.gateway.services
        own = activity_packet(await look(services.registry, services.gpus))
        places = [place(None, self.gateway.name, own, here)]
        places += [
            place(
                device.device,
                device.name,
                {"memory": device.memory, "instances": device.instances},
                estimates.get(device.device),
                device.node.labels,
            )
            for device in self.gateway.fleet
            if device.is_connected
        ]
        if any(candidate.has_file for candidate in places):
            places = await self._fetching(places, here, list(estimates.values()))
        else:
            option = await self.carrier.source.option(str(question["modelKey"])) if loads else None
            if option is None or len(places) == 1:
                return Decision(device=None, step="fits")  # which says that there is no such model
            places = [
                *places[:1],
                *(fetching(candidate, [needed(option)]) for candidate in places[1:]),
            ]
        able = [candidate for candidate in places if candidate.device not in but]
        fitting = [candidate for candidate in able if where.fits(candidate)]
        if not fitting:
            return Wait(reason=_nowhere(able, where), is_in_vain=True)
        return choose(fitting)

    async def _fetching(
        self, places: Sequence[Place], here: Any, elsewhere: Sequence[Any]
    ) -> list[Place]:
        """Say of the devices that have no file whether they can get it, from whoever has it."""
        found = []
        for candidate in places:
            can = False
            if candidate.device is not None and not candidate.has_file:
                device = self.gateway.fleet.device(candidate.device)
                with suppress(EngineError):
                    can = bool(elsewhere) or bool(await self.carrier.reaches_gateway(device))
            estimates = [*elsewhere, *([here] if here is not None else [])]
            found.append(fetching(candidate, estimates) if can else candidate)
        return found

    async def here(self, question: Mapping[str, Any]) -> Any:
        """Return what a load would take on the gateway; `None` if it cannot be loaded there."""
        try:
            result = self.estimate(question)
            return await result if isinstance(result, Awaitable) else result
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
    names = ", ".join(candidate.name for candidate in places[:SAMPLE])
    return f"No device is {where.text!r}: {names}{'…' if len(places) > SAMPLE else ''}."
