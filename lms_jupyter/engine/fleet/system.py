"""The namespace `system` of a gateway: models and activity of all devices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Any

from lms_jupyter.engine.errors import EngineError, NoVariantsError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.telling import NOTHING, Telling, described
from lms_jupyter.engine.instances.activity import MIN_INTERVAL_S, REFRESH_S, look
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes.connection import Channel, Namespace, Rpc
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.wire.activity import activity_packet
from lms_jupyter.engine.wire.fields import an_object, optional_flag, text


def over(gateway: Gateway, local: Namespace) -> Namespace:
    """Return a namespace that tells of all devices."""
    system = _System(gateway, Telling(gateway.fleet))
    rpcs = dict(local.rpcs) | {
        name: partial(call, local.rpcs[name])
        for name, call in {
            "listDownloadedModels": system.models,
            "listDownloadedModelVariants": system.variants,
            "cancelLoad": system.cancel_load,
            "getDeparture": system.departure,
            "holdInstances": system.hold,
            "forgetPrompts": system.forget,
        }.items()
    }
    rpcs |= {
        name: partial(system.change, name, rpcs[name])
        for name in ("setInstanceTtl", "pinInstance", "setInstanceKeep")
    }
    rpcs["getActivity"] = system.activity
    return Namespace(local.name, rpcs, {**local.channels, "watchActivity": system.watch})


@dataclass(frozen=True, slots=True)
class _System:
    gateway: Gateway
    telling: Telling

    async def models(self, local: Rpc, caller: Caller, parameter: Any) -> list[Any]:
        """List what is downloaded, here and elsewhere."""
        fleet = self.gateway.fleet
        here, *elsewhere = await asyncio.gather(
            _settled(local(caller, parameter)), *(device.models() for device in fleet)
        )
        return [*here, *(model for models in elsewhere for model in models)]

    async def variants(self, local: Rpc, caller: Caller, parameter: Any) -> list[Any]:
        """List the variants of a model, here and on the devices that have it."""
        found: list[Any] = []
        missing: EngineError | None = None
        try:
            found += await _settled(local(caller, parameter))
        except NoVariantsError as error:
            missing = error
        asked = "system", "listDownloadedModelVariants", parameter
        for device, variants in await self.gateway.fleet.ask_all(*asked):
            found += [device.placed(variant) for variant in variants]
        if not found and missing is not None:
            raise missing
        return found

    async def cancel_load(self, local: Rpc, caller: Caller, parameter: Any) -> None:
        """Stop a load, wherever it runs."""
        load_id = text(an_object(parameter), "loadId")
        copying = self.gateway.copies.get(load_id)
        if copying is not None:
            using.get().check_ending(copying.info["identifier"], copying.info.get("user", ""))
            copying.cancel()
            return
        for device in self.gateway.fleet:
            if any(load["loadId"] == load_id for load in device.loads):
                await device.call("system", "cancelLoad", parameter)
                return
        await _settled(local(caller, parameter))

    async def departure(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Tell why an instance went: with its device, or as its device says."""
        departure = await _settled(local(caller, parameter))
        if departure["why"] != "unknown":
            return departure
        reference = text(an_object(parameter), "instanceReference")
        lost = self.gateway.fleet.lost(reference)
        if lost is not None:
            return {"why": "deviceLost", "at": lost[1], "by": lost[0]}
        for _device, answer in await self.gateway.fleet.ask_all(
            "system", "getDeparture", parameter
        ):
            if answer["why"] != "unknown":
                return answer
        return departure

    async def hold(self, local: Rpc, caller: Caller, parameter: Any) -> None:
        """Have instances not give way for a while, wherever they are."""
        asked = an_object(parameter)
        await _settled(local(caller, asked))
        wanted = set(asked["instanceReferences"])
        for device in self.gateway.fleet:
            there = [ref for ref in wanted if device.with_reference(ref) is not None]
            if there:
                # A device that is lost meanwhile holds nothing any more.
                with contextlib.suppress(EngineError):
                    held = {**asked, "instanceReferences": there}
                    await device.call("system", "holdInstances", held)

    async def forget(self, local: Rpc, caller: Caller, parameter: Any) -> None:
        """Remove what is kept of prompts, on all devices."""
        await _settled(local(caller, parameter))
        await self.gateway.fleet.ask_all("system", "forgetPrompts", parameter)

    async def change(self, endpoint: str, local: Rpc, caller: Caller, parameter: Any) -> None:
        """Change an instance on the device that is named, else wherever its name is."""
        asked = dict(an_object(parameter))
        devices = self.gateway.holders(asked, None)
        asked.pop("deviceIdentifier", None)
        for device in devices:
            if device is None:
                await _settled(local(caller, asked))
                continue
            await device.call("system", endpoint, asked)
            await device.refresh()

    async def activity(self, _caller: Caller, _parameter: Any) -> dict[str, Any]:
        """Say what goes on on all devices; the memory is that of each device's machine."""
        packet = await self._own()
        fleet = self.gateway.fleet
        packet["instances"] += [instance for device in fleet for instance in device.instances]
        packet["loads"] += [load for device in fleet for load in device.loads]
        given = [*packet["gaveWay"], *(departure for device in fleet for departure in device.given)]
        packet["gaveWay"] = sorted(given, key=lambda departure: int(departure["at"]))
        packet["devices"] = [described(device) for device in fleet]
        return packet

    async def _own(self) -> dict[str, Any]:
        """Say what goes on on the gateway's own machine, and what is copied by it."""
        services = self.gateway.services
        packet = activity_packet(await look(services.registry, services.gpus))
        packet["loads"] += [copying.info for copying in self.gateway.copies.values()]
        return packet

    async def watch(self, channel: Channel) -> None:
        """Send a packet at once and after every change on any device, until told to stop.

        With `changes`, a packet tells of the devices that have changed since the last one.
        """
        registry, fleet = self.gateway.services.registry, self.gateway.fleet
        only_changes = optional_flag(an_object(channel.parameter or {}), "changes")
        changed, since = asyncio.Event(), NOTHING
        stops = [registry.listen(changed.set), fleet.listen(changed.set)]
        try:
            async with channel.interrupted_by("stop"):
                while True:
                    changed.clear()
                    if only_changes:
                        own = await self._own()
                        channel.send(self.telling.changes(own, since))
                        since = fleet.revision
                    else:
                        channel.send(await self.activity(channel.caller, None))
                    await channel.room()
                    await asyncio.sleep(MIN_INTERVAL_S)
                    patience_s = REFRESH_S if registry.instances or registry.loads else None
                    await _within(patience_s, changed)
        finally:
            for stop in stops:
                stop()


async def _within(patience_s: float | None, changed: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(patience_s):
            await changed.wait()
    except TimeoutError:
        return


async def _settled(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result
