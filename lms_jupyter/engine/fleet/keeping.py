"""What is pinned or a replica was promised to stay.

If its device goes away, it comes up on another, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.carrying import Order
from lms_jupyter.engine.fleet.device import Device, Info
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.placing import Placing
from lms_jupyter.engine.instances.loader import LoadRequest
from lms_jupyter.engine.limits import User, using
from lms_jupyter.engine.wire.load_config import load_settings
from lms_jupyter.engine.wire.sdk import seconds_from

GRACE_S: Final = 10.0
"""How long a device may be away before what was pinned there comes up elsewhere."""
MOST_QUESTIONS: Final = 16
"""Asked at once: a gateway that starts finds all instances of its devices."""
ATTEMPTS: Final = 3
AGAIN_S: Final = 5.0
"""How long to wait before the next attempt: a busy device may not have answered in time."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An instance as it was last told, and how it was loaded."""

    device: Device
    info: Info
    stack: Mapping[str, Any]


class Keeper:
    """Knows what is pinned on the devices, and how to load it again.

    How an instance was loaded is asked when it appears, pinned or not: a device that goes away just
    after somebody has pinned something there answers no more.
    """

    def __init__(
        self, gateway: Gateway, placings: Mapping[str, Placing], grace_s: float = GRACE_S
    ) -> None:
        self._gateway = gateway
        self._placings = placings
        self._grace_s = grace_s
        self._kept: dict[str, _Kept] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asking = asyncio.Semaphore(MOST_QUESTIONS)

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Keep what is pinned, for as long as the block runs."""
        stop = self._gateway.fleet.listen(self._look)
        try:
            yield
        finally:
            stop()
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _look(self) -> None:
        """Note what is there now, and begin to bring back what is gone."""
        devices = [device for device in self._gateway.fleet if device.is_connected]
        connected = {device.device for device in devices}
        there = {
            info["instanceReference"]: (device, info)
            for device in devices
            for info in device.instances
        }
        for reference, kept in list(self._kept.items()):
            if reference in there:
                device, info = there[reference]
                self._kept[reference] = replace(kept, device=device, info=info)
            elif self._is_promised(kept.info) and kept.device.device not in connected:
                self._begin(f"restore {reference}", self._restore(reference))
            else:
                del self._kept[reference]  # somebody has ended it there, or nobody will miss it
        for reference, (device, info) in there.items():
            if reference not in self._kept:
                self._begin(f"note {reference}", self._note(device, info))

    def _is_promised(self, info: Info) -> bool:
        return bool(info.get("pinned") or info.get("replica"))

    def _begin(self, name: str, work: Any) -> None:
        """Do something once at a time."""
        if name in self._tasks:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks[name] = task
        task.add_done_callback(lambda _task: self._tasks.pop(name, None))

    async def _note(self, device: Device, info: Info) -> None:
        reference = info["instanceReference"]
        specifier = {"type": "instanceReference", "instanceReference": reference}
        try:
            async with self._asking:
                config = await device.call(info["type"], "getLoadConfig", {"specifier": specifier})
        except EngineError:
            return  # it is gone already
        layer = {"layerName": "apiOverride", "config": config}
        # It may have been pinned meanwhile.
        now = (
            instance for instance in device.instances if instance["instanceReference"] == reference
        )
        self._kept[reference] = _Kept(device, next(now, info), {"layers": [layer]})

    async def _restore(self, reference: str) -> None:
        await asyncio.sleep(self._grace_s)
        kept = self._kept.get(reference)
        if kept is None or self._gateway.fleet.is_connected(kept.device.device):
            return
        del self._kept[reference]
        # It stays the user's who has loaded it.
        using.set(User(name=kept.info.get("user", ""), may_manage=not kept.info.get("user")))
        identifier = kept.info["identifier"]
        for left in reversed(range(ATTEMPTS)):
            try:
                device = await self._elsewhere(kept)
            except EngineError as error:
                logger.error("%s was to stay on %s: %s", identifier, kept.device.name, error.title)  # noqa: TRY400
                if left:
                    await asyncio.sleep(AGAIN_S)
            else:
                where = self._gateway.name if device is None else device.name
                logger.warning("%s was on %s and is now on %s", identifier, kept.device.name, where)
                return

    async def _elsewhere(self, kept: _Kept) -> Device | None:
        """Load it where there is a place, on none that has an instance of its name."""
        identifier = kept.info["identifier"]
        others = [device.device for device, _ in self._gateway.fleet.all_called(identifier, None)]
        question = {"modelKey": kept.info["modelKey"], "loadConfigStack": kept.stack}
        placing = self._placings[kept.info["type"]]
        but = [None, *others] if kept.info.get("replica") else others
        device = await placing.device(Order(question=question, identifier=identifier), but=but)
        await (self._load_here(kept) if device is None else _load(device, kept))
        return device

    async def _load_here(self, kept: _Kept) -> None:
        services, info = self._gateway.services, kept.info
        request = LoadRequest(
            name=info["modelKey"],
            domain=info["type"],
            settings=load_settings(kept.stack, info["type"]),
            identifier=info["identifier"],
            ttl_s=seconds_from(info.get("ttlMs"), "ttlMs"),
            owner=info.get("owner", ""),
        )
        begun = await services.loader.load(request)
        services.registry.pin(await begun.instance.settled(), pinned=True)


async def _load(device: Device, kept: _Kept) -> None:
    info = kept.info
    asked: Info = {
        "modelKey": info["modelKey"],
        "identifier": info["identifier"],
        "loadConfigStack": kept.stack,
        "owner": info.get("owner", ""),
    }
    if info.get("replica"):
        asked["replica"] = True
    if info.get("ttlMs"):
        asked["ttlMs"] = info["ttlMs"]
    async with (
        device.line(info["type"]) as line,
        aclosing(line.packets("loadModel", asked)) as packets,
    ):
        async for _ in packets:
            pass
    if info.get("pinned"):
        pinned = {"identifier": info["identifier"], "pinned": True}
        await device.call("system", "pinInstance", pinned)
    await device.refresh()
