"""The namespaces `llm` and `embedding` of a gateway: each call goes where its model is."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lms_jupyter.engine.fleet.carrying import Order
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import DeviceDisconnectedError, DeviceLostError
from lms_jupyter.engine.fleet.files import carried
from lms_jupyter.engine.fleet.finding import Finder
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.loads import Loads
from lms_jupyter.engine.fleet.piping import OUTPUT_PACKETS, Asked, Change, pipe
from lms_jupyter.engine.fleet.placing import Placing
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
LOADS: Final[Mapping[str, str]] = {"loadModel": "modelKey", "getOrLoad": "identifier"}


def over(gateway: Gateway, domain: Domain, local: Namespace, placing: Placing) -> Namespace:
    """Return a namespace that reaches all devices."""
    models = _Models(gateway, domain, placing, Finder(gateway, domain))
    rpcs = dict(local.rpcs) | {
        name: partial(models.ask, name, where, local.rpcs[name])
        for name, where in ABOUT_ONE.items()
        if name in local.rpcs
    }
    rpcs |= {
        name: partial(call, local.rpcs[name])
        for name, call in {
            "listLoaded": models.list_loaded,
            "getModelInfo": models.info,
            "unloadModel": models.unload,
            "estimateModelUsage": models.estimate,
        }.items()
    }
    channels = dict(local.channels)
    channels |= {
        name: partial(models.predict, name, local.channels[name])
        for name in PREDICTIONS
        if name in local.channels
    }
    loads = Loads(gateway, domain, placing, models.finder)
    channels |= {
        name: partial(loads.load, name, where, local.channels[name])
        for name, where in LOADS.items()
    }
    return Namespace(local.name, rpcs, channels)


@dataclass(frozen=True, slots=True)
class _Models:
    """The models of one type."""

    gateway: Gateway
    domain: Domain
    placing: Placing
    finder: Finder

    def list_loaded(self, local: Rpc, caller: Caller, parameter: Any) -> list[Any]:
        """List what is in memory, here and elsewhere."""
        listed: list[Any] = list(local(caller, parameter))
        for device in self.gateway.fleet:
            listed.extend(device.listed(self.domain))
        return listed

    def ask(self, endpoint: str, where: str, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Ask about an instance: at once if it is here, else as something to wait for."""
        if self.finder.is_here(parameter, where):
            return local(caller, parameter)
        return self._ask(endpoint, where, local, caller, parameter)

    async def _ask(
        self, endpoint: str, where: str, local: Rpc, caller: Caller, parameter: Any
    ) -> Any:
        device = await self.finder.holder(parameter, where)
        if device is not None:
            return await device.call(self.domain, endpoint, parameter)
        return await _settled(local(caller, parameter))

    def info(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Describe an instance, wherever it is."""
        if self.finder.is_here(parameter, "specifier"):
            return local(caller, parameter)
        return self._info(local, caller, parameter)

    async def _info(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        device = await self.finder.holder(parameter, "specifier")
        if device is None:
            return await _settled(local(caller, parameter))
        info = await device.call(self.domain, "getModelInfo", parameter)
        return None if info is None else device.placed(info)

    async def unload(self, local: Rpc, caller: Caller, parameter: Any) -> None:
        """End an instance on the device that is named, else wherever it is."""
        asked = dict(an_object(parameter))
        devices = self.gateway.holders(asked, self.domain)
        asked.pop("deviceIdentifier", None)
        for device in devices:
            if device is None:
                await _settled(local(caller, asked))
                continue
            await device.call(self.domain, "unloadModel", {"owner": caller.kind} | asked)
            await device.refresh()

    async def estimate(self, local: Rpc, caller: Caller, parameter: Any) -> Any:
        """Reckon what a load would take on the device that is named, else where it would go."""
        asked = dict(an_object(parameter))
        question = {k: asked.get(k) for k in ("modelKey", "loadConfigStack")}
        order = Order(question=question | {"modelKey": text(asked, "modelKey")})
        if "deviceIdentifier" in asked:
            named = optional_text(asked, "deviceIdentifier")
            device = await self.placing.named(named, order, loads=False)
        else:
            device = await self.placing.device(order, loads=False)
        asked.pop("deviceIdentifier", None)
        if device is None:
            return await _settled(local(caller, asked))
        return await self.placing.reckoned(asked, device)

    async def predict(self, endpoint: str, local: ChannelHandler, channel: Channel) -> None:
        """Let the model speak, wherever it is.

        If its device goes away before it has said anything, another instance of its name goes on.
        """
        has_output = False

        def note_output(kind: str) -> None:
            nonlocal has_output
            has_output = has_output or kind in OUTPUT_PACKETS

        while not self.finder.is_here(channel.parameter, "modelSpecifier"):
            device = await self.finder.holder(channel.parameter, "modelSpecifier")
            if device is None:
                break
            try:
                await self._pipe(device, endpoint, channel, note_output)
            except (DeviceLostError, DeviceDisconnectedError):
                await device.doubt()
                if (
                    has_output
                    or await self.finder.holder(channel.parameter, "modelSpecifier") is None
                ):
                    raise
            else:
                return
        await local(channel)

    async def _pipe(self, device: Device, endpoint: str, channel: Channel, on_packet: Any) -> None:
        async def placed(packet: dict[str, Any]) -> dict[str, Any]:
            return packet | {"modelInfo": device.placed(packet["modelInfo"])}

        asked = await carried(an_object(channel.parameter), self.gateway.services.uploads, device)
        changed: dict[str, Change] = {"success": placed}
        with device.asked(_name(asked)):
            await pipe(channel, device, Asked(self.domain, endpoint, asked), changed, on_packet)


def _name(asked: Mapping[str, Any]) -> str:
    """Return the identifier that a request goes to, as far as it names one."""
    wanted = specifier(asked["modelSpecifier"])
    return wanted if isinstance(wanted, str) else wanted.identifier or ""


async def _settled(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result
