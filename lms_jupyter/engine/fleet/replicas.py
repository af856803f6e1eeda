"""One load on several devices: all under one name; a request goes to what has least to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.fleet.carrying import Order
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import NoPlaceError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.piping import Asked, Change, pipe
from lms_jupyter.engine.fleet.placing import Placing
from lms_jupyter.engine.fleet.where import Where
from lms_jupyter.engine.routes.connection import Channel

MOST: Final = 1000

Packet = dict[str, Any]


def count(asked: Mapping[str, Any], endpoint: str) -> int:
    """Return how many instances a load is to make.

    Raises:
        BadRequestError: It says something that makes no sense.
    """
    many = asked.get("replicas")
    if many is None:
        return 1
    if isinstance(many, bool) or not isinstance(many, int) or not 1 <= many <= MOST:
        raise BadRequestError(f"There can be 1 to {MOST} replicas, not {many!r:.100}.")
    if many > 1 and endpoint != "loadModel":
        raise BadRequestError("Replicas are new instances; what is in memory cannot become one.")
    if many > 1 and "deviceIdentifier" in asked:
        raise BadRequestError(
            "Replicas lie on several devices, and the load names one.",
            hint="Leave the device out, or load on each by itself, under one identifier.",
        )
    return many


@dataclass(frozen=True, slots=True)
class Replicas:
    """Loads a model on several devices."""

    gateway: Gateway
    domain: str
    placing: Placing
    where: Where

    async def load(self, channel: Channel, question: Packet, asked: Packet, copies: int) -> None:
        """Load on one device after the other; if one fails, none stays."""
        made: list[tuple[Device, Packet]] = []
        asked = asked | {"replica": True}  # its device remembers it for the next gateway
        for number in range(copies):
            but = [None, *(device.device for device, _ in made)]
            try:
                async with self.placing.admitted(question) as pending:
                    device = await self._place(channel, question, but, number / copies)
                    self.gateway.admission.place(pending, device)
                    info = await self._load_replica(channel, device, asked, number, copies)
            except BaseException as error:
                await self._undo(made)
                if isinstance(error, NoPlaceError) and made:
                    raise NoPlaceError(
                        f"{question['modelKey']} as {copies} replicas",
                        f"There was place for {len(made)}; none was kept. {error.title}",
                    ) from error
                raise
            made.append((device, info))
            # The first may have got a number because its name was taken: all are called like it.
            asked = asked | {"identifier": info["identifier"]}
        device, info = made[0]
        channel.send({"type": "success", "info": device.placed(info)})

    async def _place(
        self, channel: Channel, question: Packet, but: list[str | None], so_far: float
    ) -> Device:
        def copying(_fraction: float) -> None:
            channel.send({"type": "progress", "progress": so_far})

        order = Order(question=question, on_copied=copying)
        device = await self.placing.device(order, where=self.where, but=but)
        if device is None:
            raise NoPlaceError(str(question["modelKey"]), "No device but the gateway has it.")
        return device

    async def _load_replica(
        self, channel: Channel, device: Device, asked: Packet, number: int, copies: int
    ) -> Packet:
        loaded: Packet = {}

        async def progress(packet: Packet) -> Packet:
            return packet | {"progress": (number + packet["progress"]) / copies}

        async def resolved(packet: Packet) -> Packet | None:
            return None if number else packet | {"info": device.placed(packet["info"])}

        async def success(packet: Packet) -> None:
            loaded.update(packet["info"])
            await device.refresh()

        changed: dict[str, Change] = {
            "progress": progress,
            "resolved": resolved,
            "success": success,
        }
        await pipe(channel, device, Asked(self.domain, "loadModel", asked), changed)
        return loaded

    async def _undo(self, made: list[tuple[Device, Packet]]) -> None:
        for device, info in made:
            try:
                gone = {"identifier": info["identifier"], "why": "unloaded"}
                await device.call(self.domain, "unloadModel", gone)
                await device.refresh()
            except EngineError:
                continue  # it went by itself, or with its device
