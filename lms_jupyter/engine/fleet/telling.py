"""What goes on on all devices, for those who watch: all of it once, then what has changed.

What one change is written as is the same for all who have heard of the one before it, and is
written once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.wire.frames import encode

Packet = dict[str, Any]

NOTHING = -1
"""The revision of a fleet of which nothing was heard."""


@dataclass(slots=True)
class Telling:
    """Writes accounts of a fleet."""

    fleet: Fleet
    _written: dict[tuple[int, int], msgspec.Raw] = field(default_factory=dict)

    def changes(self, own: Packet, since: int) -> Packet:
        """Say what has changed.

        Args:
            own: The account of the gateway's own engine, which is always whole.
            since: The revision of the fleet that was told last, or `NOTHING`.
        """
        is_whole = since < self.fleet.begun
        return own | {
            "type": "activityChanges",
            "whole": is_whole,
            "devices": self._devices(NOTHING if is_whole else since),
        }

    def _devices(self, since: int) -> msgspec.Raw:
        key = since, self.fleet.revision
        if key not in self._written:
            if any(revision != self.fleet.revision for _, revision in self._written):
                self._written.clear()
            changed = self.fleet if since == NOTHING else self.fleet.changed_since(since)
            self._written[key] = msgspec.Raw(encode(_accounts(changed)))
        return self._written[key]


def _accounts(devices: Iterable[Device]) -> list[Packet]:
    return [
        described(device)
        | {"instances": device.instances, "loads": device.loads, "gaveWay": device.given}
        for device in devices
    ]


def described(device: Device) -> Packet:
    """Say what a device is, and whether it is there."""
    return {
        "deviceIdentifier": device.device,
        "deviceName": device.name,
        "connected": device.is_connected,
        "memory": device.memory or None,
    }
