"""The gateway: what an engine's namespaces offer, for all devices of its fleet."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.fleet.admission import Admission
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.errors import DeviceDisconnectedError
from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import optional_text, text


@dataclass(slots=True)
class Copying:
    """A model that is on its way to a device, as the fleet's loads show it."""

    info: dict[str, Any]
    scope: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))

    def cancel(self) -> None:
        """Have it end."""
        self.scope.reschedule(0)


@dataclass(slots=True, kw_only=True)
class Gateway:
    """The engine here, and the devices elsewhere."""

    services: Services
    fleet: Fleet
    name: str = field(default_factory=socket.gethostname)
    preferred: str | None = None
    """The device that loads go to which name none."""
    copies: dict[str, Copying] = field(default_factory=dict)
    """What is copied to devices now, by the id of its load."""
    admission: Admission = field(init=False)

    def __post_init__(self) -> None:
        """Count what users have."""
        self.admission = Admission(self.fleet, self.services.registry)

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

    def holders(self, asked: Mapping[str, Any], domain: str | None) -> list[Device | None]:
        """Return on which devices are what a call names; `None` is the gateway's own.

        All replicas of one load are meant by their name together.

        Raises:
            BadRequestError: Several devices have an instance of this name.
            DeviceNotFoundError: No device is called as the call says.
            DeviceDisconnectedError: The device that it names is not there now.
        """
        if "deviceIdentifier" in asked:
            return [self.named(optional_text(asked, "deviceIdentifier"))]
        name = text(asked, "identifier")
        here = [
            instance for instance in self.services.registry.instances if instance.identifier == name
        ]
        elsewhere = self.fleet.all_called(name, domain)
        holders = [None for _ in here] + [device for device, _ in elsewhere]
        is_set = not here and all(info.get("replica") for _, info in elsewhere)
        if len(holders) > 1 and not is_set:
            names = ", ".join(self.name if holder is None else holder.name for holder in holders)
            raise BadRequestError(
                f"There are {len(holders)} instances called {name!r}: on {names}.",
                hint="Name the device: deviceIdentifier.",
            )
        return holders or [None]

    def status(self) -> dict[str, Any]:
        """Describe the fleet as LM Studio describes a link."""
        status: dict[str, Any] = {
            "status": "online",
            "issues": [],
            "peers": [
                {
                    "deviceIdentifier": device.device,
                    "deviceName": device.name,
                    "status": "connected" if device.is_connected else "disconnected",
                }
                for device in self.fleet
            ],
            "deviceIdentifier": self.device,
            "deviceName": self.name,
        }
        if self.preferred is not None:
            status["preferredDeviceIdentifier"] = self.preferred
        return status
