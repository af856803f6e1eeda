"""The namespaces `llm` and `embedding` of a gateway: each call goes where its model is."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.fleet import replicas
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import DeviceDisconnectedError, DeviceLostError
from lms_jupyter.engine.fleet.files import carried
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.piping import SAID, Asked, Change, pipe
from lms_jupyter.engine.fleet.placing import Placing
from lms_jupyter.engine.fleet.where import ANYWHERE, Where
from lms_jupyter.engine.routes import models
from lms_jupyter.engine.routes.connection import Channel, ChannelHandler, Namespace, Rpc
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.wire.fields import an_object, optional_text, text
from lms_jupyter.engine.wire.specifiers import specifier
from lms_jupyter.engine.worker.load_settings import Domain

ABOUT_ONE: Final = {
    "getLoadConfig": "specifier",
    "getBasePredictionConfig": "specifier",
    "getInstanceProcessingState": "specifier",
    "tokenize": "specifier",
    "countTokens": "specifier",
    "applyPromptTemplate": "specifier",
    "preloadDraftModel": "specifier",
    "embedString": "modelSpecifier",
}
"""The calls about one instance, and where they name it."""
PREDICTIONS: Final = ("predict", "completeRawText")
LOADS: Final = {"loadModel": "modelKey", "getOrLoad": "identifier"}


def over(gateway: Gateway, domain: Domain, local: Namespace, placing: Placing) -> Namespace:
    """Return a namespace that reaches all devices."""
    one = _Models(gateway, domain, placing)
    rpcs = dict(local.rpcs) | {
        name: partial(one.ask, name, where, local.rpcs[name])
        for name, where in ABOUT_ONE.items()
        if name in local.rpcs
    }
    rpcs |= {
        name: partial(call, local.rpcs[name])
        for name, call in {
            "listLoaded": one.list_loaded,
            "getModelInfo": one.info,
            "unloadModel": one.unload,
            "estimateModelUsage": one.estimate,
        }.items()
    }
    channels = dict(local.channels)
    channels |= {
        name: partial(one.predict, name, local.channels[name])
        for name in PREDICTIONS
        if name in local.channels
    }
    channels |= {
        name: partial(one.load, name, where, local.channels[name]) for name, where in LOADS.items()
    }
    return Namespace(local.name, rpcs, channels)


@dataclass(frozen=True, slots=True)
class _Models:
    """The models of one type."""

    gateway: Gateway
    domain: Domain
    placing: Placing

    def list_loaded(self, local: Rpc, caller: Caller, parameter: Any) -> list[Any]:
        """List what is in memory, here and elsewhere."""
        listed: list[Any] = list(local(caller, parameter))
        for device in self.gateway.fleet:
            listed.extend(device.listed(self.domain))
        return listed

    def ask(self, endpoint: str, where: str, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Ask about an instance: at once if it is here, else as something to wait for."""
        if self._is_here(parameter, where):
            return local(caller, parameter)
        return self._ask(endpoint, where, local, caller, parameter)

    async def _ask(
        self, endpoint: str, where: str, local: Rpc, caller: Caller, parameter: Any
    ) -> Any:
        device = await self._holder(parameter, where)
        if device is not None:
            return await device.call(self.domain, endpoint, parameter)
        return await _settled(local(caller, parameter))

    def info(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Describe an instance, wherever it is."""
        if self._is_here(parameter, "specifier"):
            return local(caller, parameter)
        return self._info(local, caller, parameter)

    async def _info(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        device = await self._holder(parameter, "specifier")
        if device is None:
            return await _settled(local(caller, parameter))
        info = await device.call(self.domain, "getModelInfo", parameter)
        return None if info is None else device.placed(info)

    async def unload(self, local: Rpc, caller: Caller, parameter: Any) -> None:
        """End an instance on the device that is named, else wherever it is."""
        asked = dict(an_object(parameter))
        device = self._unloading(asked)
        asked.pop("deviceIdentifier", None)
        if device is None:
            await _settled(local(caller, asked))
            return
        await device.call(self.domain, "unloadModel", {"owner": caller.kind} | asked)
        await device.refresh()

    def _unloading(self, asked: Mapping[str, Any]) -> Device | None:
        if "deviceIdentifier" in asked:
            return self.gateway.named(optional_text(asked, "deviceIdentifier"))
        identifier = text(asked, "identifier")
        here = [i for i in self.gateway.services.registry.instances if i.identifier == identifier]
        elsewhere = self.gateway.fleet.all_called(identifier, self.domain)
        if len(here) + len(elsewhere) > 1:
            names = [self.gateway.name] * len(here) + [device.name for device, _ in elsewhere]
            raise BadRequestError(
                f"There are {len(names)} instances called {identifier!r}: on {', '.join(names)}.",
                hint="Name the device: deviceIdentifier.",
            )
        return elsewhere[0][0] if elsewhere else None

    async def estimate(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Reckon what a load would take on the device that is named, else where it would go."""
        asked = dict(an_object(parameter))
        device = await self._target(asked, text(asked, "modelKey"), loads=False)
        asked.pop("deviceIdentifier", None)
        if device is None:
            return await _settled(local(caller, asked))
        return await device.call(self.domain, "estimateModelUsage", asked)

    async def load(
        self, endpoint: str, where: str, local: ChannelHandler, channel: Channel
    ) -> None:
        """Load on the device that is named, else where there is a place."""
        asked = dict(an_object(channel.parameter))
        name = text(asked, where)
        place = Where.read(optional_text(asked, "where") or "") if asked.get("where") else ANYWHERE
        copies = replicas.count(asked, endpoint)
        for one in ("where", "replicas"):
            asked.pop(one, None)
        if place is not ANYWHERE and "deviceIdentifier" in asked:
            raise BadRequestError("A load names its device or says what it is like, not both.")
        if copies > 1:
            question = {"modelKey": name, "loadConfigStack": asked.get("loadConfigStack")}
            asked.setdefault("owner", channel.caller.kind)
            group = replicas.Replicas(self.gateway, self.domain, self.placing, place)
            await group.load(channel, question, asked, copies)
            return
        device = await self._loading(endpoint, asked, name, place)
        asked.pop("deviceIdentifier", None)
        channel.parameter = asked
        if device is None:
            await local(channel)
            return
        asked.setdefault("owner", channel.caller.kind)

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
        await pipe(channel, device, Asked(self.domain, endpoint, asked), changed)

    async def predict(self, endpoint: str, local: ChannelHandler, channel: Channel) -> None:
        """Let the model speak, wherever it is.

        If its device goes away before it has said anything, another instance of its name goes on.
        """
        said = False

        def hear(kind: str) -> None:
            nonlocal said
            said = said or kind in SAID

        while not self._is_here(channel.parameter, "modelSpecifier"):
            device = await self._holder(channel.parameter, "modelSpecifier")
            if device is None:
                break
            try:
                await self._pipe(device, endpoint, channel, hear)
            except (DeviceLostError, DeviceDisconnectedError):
                await device.doubt()
                if said or await self._holder(channel.parameter, "modelSpecifier") is None:
                    raise
            else:
                return
        await local(channel)

    async def _pipe(self, device: Device, endpoint: str, channel: Channel, hear: Any) -> None:
        async def placed(packet: dict[str, Any]) -> dict[str, Any]:
            return packet | {"modelInfo": device.placed(packet["modelInfo"])}

        asked = await carried(an_object(channel.parameter), self.gateway.services.uploads, device)
        changed: dict[str, Change] = {"success": placed}
        with device.asked(_name(asked)):
            await pipe(channel, device, Asked(self.domain, endpoint, asked), changed, hear)

    def _is_here(self, parameter: Any, where: str) -> bool:
        """Whether the gateway itself has what is meant, or has to say what is wrong about it."""
        services = self.gateway.services
        wanted = parameter.get(where) if isinstance(parameter, Mapping) else None
        try:
            models.find(services, self.domain, wanted)
        except BadRequestError:
            return True
        except EngineError:
            return False
        return True

    async def _holder(self, parameter: Any, where: str) -> Device | None:
        """Return the device that has what is meant, `None` if nobody has."""
        wanted = specifier(parameter[where])
        found = self.gateway.fleet.holder(wanted, self.domain)
        if found is not None:
            return found[0]
        if isinstance(wanted, str) or (wanted.identifier is None and wanted.path is None):
            return None
        asked = {"specifier": parameter[where], "throwIfNotFound": False}
        answers = await self.gateway.fleet.ask_all(self.domain, "getModelInfo", asked)
        return answers[0][0] if answers else None

    async def _loading(
        self, endpoint: str, asked: Mapping[str, Any], name: str, place: Where
    ) -> Device | None:
        """Return where to load; for `getOrLoad` where it is already."""
        if endpoint == "getOrLoad" and "deviceIdentifier" not in asked:
            meant = {"specifier": {"type": "query", "query": {"identifier": name}}}
            if self._is_here(meant, "specifier"):
                return None
            device = await self._holder(meant, "specifier")
            if device is not None:
                return device
        return await self._target(asked, name, place=place)

    async def _target(
        self, asked: Mapping[str, Any], name: str, *, loads: bool = True, place: Where = ANYWHERE
    ) -> Device | None:
        question = {"modelKey": name, "loadConfigStack": asked.get("loadConfigStack")}
        if "deviceIdentifier" not in asked:
            return await self.placing.device(question, loads=loads, where=place)
        if loads:
            await self.placing.admit(question)
        return self.gateway.named(optional_text(asked, "deviceIdentifier"))


def _name(asked: Mapping[str, Any]) -> str:
    """Return the identifier that a request goes to, as far as it names one."""
    wanted = specifier(asked["modelSpecifier"])
    return wanted if isinstance(wanted, str) else wanted.identifier or ""


async def _settled(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result
