"""The gateway: what an engine's namespaces offer, for all devices of its fleet."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lms_jupyter.engine.errors import PathNotFoundError
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import DeviceDisconnectedError
from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.services import Services


@dataclass(slots=True, kw_only=True)
class Gateway:
    """The engine here, and the devices elsewhere."""

    services: Services
    fleet: Fleet
    name: str = field(default_factory=socket.gethostname)
    preferred: str | None = None
    """The device that loads go to which name none."""

    @property
    def device(self) -> str:
        """The identifier of the gateway's own device; in lists it is null."""
        return f"gateway:{socket.gethostname()}"

    def named(self, identifier: str | None) -> Device | None:
        """Return the device that a client names; `None` is the gateway's own.

        Raises:
            DeviceNotFoundError: There is none.
            DeviceDisconnectedError: It is not there now.
        """
        if identifier is None or identifier in {self.device, self.name}:
            return None
        device = self.fleet.device(identifier)
        if not device.is_connected:
            raise DeviceDisconnectedError(device.name, device.problem)
        return device

    async def place(self, domain: str, asked: Mapping[str, Any], name: str) -> Device | None:
        """Return where a load goes that names no device; `None` is the gateway's own.

        The preferred device, else the gateway if it has the file, else who has it.
        """
        if self.preferred is not None:
            return self.named(self.preferred)
        with suppress(PathNotFoundError):
            await self.services.loader.model(name)
            return None
        question = {"modelKey": name, "loadConfigStack": asked.get("loadConfigStack")}
        answers = await self.fleet.ask_all(domain, "estimateModelUsage", question)
        fitting = [device for device, said in answers if said.get("passesGuardrails", True)]
        return next(iter(fitting or [device for device, _ in answers]), None)

    def status(self) -> dict[str, Any]:
        """Describe the fleet as LM Studio describes a link."""
        status: dict[str, Any] = {
            "status": "online",
            "issues": [],
            "peers": [
                {
                    "deviceIdentifier": one.device,
                    "deviceName": one.name,
                    "status": "connected" if one.is_connected else "disconnected",
                }
                for one in self.fleet
            ],
            "deviceIdentifier": self.device,
            "deviceName": self.name,
        }
        if self.preferred is not None:
            status["preferredDeviceIdentifier"] = self.preferred
        return status
