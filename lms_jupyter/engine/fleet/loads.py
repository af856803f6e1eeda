"""The loads of a gateway: on the device that is named, else where there is a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, LoadCancelledError
from lms_jupyter.engine.fleet import replicas
from lms_jupyter.engine.fleet.carrying import Order
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.finding import Finder
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.piping import Asked, Change, pipe
from lms_jupyter.engine.fleet.placing import Placing
from lms_jupyter.engine.fleet.where import ANYWHERE, Where
from lms_jupyter.engine.routes.connection import Channel, ChannelHandler
from lms_jupyter.engine.wire.fields import an_object, optional_text, text
from lms_jupyter.engine.worker.load_settings import Domain

COPY_SHARE: Final = 0.9
"""How much of a load's progress the copy of its files is, where one is needed."""
PROGRESS: Final[Mapping[str, str]] = {"loadModel": "progress", "getOrLoad": "loadProgress"}


@dataclass(frozen=True, slots=True)
class Loads:
    """Loads models of one type."""

    gateway: Gateway
    domain: Domain
    placing: Placing
    finder: Finder

    async def load(
        self, endpoint: str, where: str, local: ChannelHandler, channel: Channel
    ) -> None:
        """Load on the device that is named, else where there is a place."""
        asked = dict(an_object(channel.parameter))
        name = text(asked, where)
        place = Where.read(optional_text(asked, "where") or "") if asked.get("where") else ANYWHERE
        copies = replicas.count(asked, endpoint)
        for key in ("where", "replicas"):
            asked.pop(key, None)
        if place is not ANYWHERE and "deviceIdentifier" in asked:
            raise BadRequestError("A load names its device or says what it is like, not both.")
        question = {"modelKey": name, "loadConfigStack": asked.get("loadConfigStack")}
        if copies > 1:
            asked.setdefault("owner", channel.caller.kind)
            group = replicas.Replicas(self.gateway, self.domain, self.placing, place)
            await group.load(channel, question, asked, copies)
            return
        load = _Load(endpoint, asked, channel, local)
        if endpoint == "getOrLoad" and "deviceIdentifier" not in asked:
            parameter = {"specifier": {"type": "query", "query": {"identifier": name}}}
            if self.finder.is_here(parameter, "specifier"):
                await self._at(None, load)
                return
            device = await self.finder.holder(parameter, "specifier")
            if device is not None:
                await self._at(device, load)
                return
        async with self.placing.admitted(question) as pending:
            device = await self._place(load, question, place)
            self.gateway.admission.place(pending, device)
            await self._at(device, load)

    async def _place(self, load: _Load, question: Mapping[str, Any], place: Where) -> Device | None:
        """Return where to load; the client may call it off meanwhile."""
        order = Order(
            question=question,
            load_id=optional_text(load.asked, "loadId") or "",
            identifier=optional_text(load.asked, "identifier") or "",
            on_copied=load.copied,
        )
        device: Device | None = None
        async with load.channel.interrupted_by("cancel") as scope:
            if "deviceIdentifier" in load.asked:
                named = optional_text(load.asked, "deviceIdentifier")
                device = await self.placing.named(named, order, loads=True)
            else:
                device = await self.placing.device(order, where=place)
        if scope.expired():
            raise LoadCancelledError(order.identifier or str(question["modelKey"]))
        return device

    async def _at(self, device: Device | None, load: _Load) -> None:
        """Carry a load on at a device, or here."""
        asked = load.asked
        asked.pop("deviceIdentifier", None)
        load.channel.parameter = asked
        if device is None:
            await load.local(load.channel)
            return
        asked.setdefault("owner", load.channel.caller.kind)

        async def placed(packet: dict[str, Any]) -> dict[str, Any]:
            return packet | {"info": device.placed(packet["info"])}

        async def loaded(packet: dict[str, Any]) -> dict[str, Any]:
            await device.refresh()
            return await placed(packet)

        changed: dict[str, Change] = {
            "resolved": placed,
            "startLoading": placed,
            "alreadyLoaded": placed,
            "unloadingOtherJITModel": placed,
            "success": loaded,
            "loadSuccess": loaded,
        }
        if load.was_copied:
            changed[PROGRESS[load.endpoint]] = load.after_copy
        await pipe(load.channel, device, Asked(self.domain, load.endpoint, asked), changed)


@dataclass(slots=True)
class _Load:
    """One load that a client follows."""

    endpoint: str
    asked: dict[str, Any]
    channel: Channel
    local: ChannelHandler
    was_copied: bool = False

    def copied(self, fraction: float) -> None:
        """Tell the client how far the copy of the files is."""
        self.was_copied = True
        self.channel.send({"type": PROGRESS[self.endpoint], "progress": COPY_SHARE * fraction})

    async def after_copy(self, packet: dict[str, Any]) -> dict[str, Any]:
        """Have the progress of the load itself go on from there."""
        return packet | {"progress": COPY_SHARE + (1 - COPY_SHARE) * packet["progress"]}
