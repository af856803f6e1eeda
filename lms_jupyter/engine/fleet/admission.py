"""What users of a gateway have on all devices, with the loads that are on their way there.

A load counts from the moment it is let in, so that two at once never pass a limit together. Once
its device tells of it, it is that same load: it is not counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.instances.shares import check_instances, check_memory
from lms_jupyter.engine.limits import User


@dataclass(frozen=True, slots=True)
class _One:
    """An instance or a load that a device tells of."""

    device: str | None
    key: str
    name: str
    size: int


@dataclass(slots=True, eq=False)
class Pending:
    """A load that was let in and has not ended."""

    user: str
    name: str
    needed: int
    before: frozenset[_One] | None = None
    """What the user had when it went to its device; `None`: it has no device yet."""
    device: str | None = None
    """`None`: the gateway itself, or none yet."""


@dataclass(slots=True)
class Admission:
    """Lets loads in, or not."""

    fleet: Fleet
    registry: Registry
    _pending: list[Pending] = field(default_factory=list)

    @contextmanager
    def admitted(self, user: User, model_key: str, needed: int) -> Iterator[Pending]:
        """Let a load in, which counts for as long as the block runs.

        Raises:
            LimitReachedError: The user has all that they may have.
        """
        told = self._told(user.name)
        pending = [one for one in self._pending if one.user == user.name]
        counted = _beside(told, pending)
        names = [*(one.name for one in counted), *(one.name for one in pending)]
        check_instances(user, names)
        held = sum(one.size for one in counted) + sum(one.needed for one in pending)
        check_memory(user, model_key, needed, held)
        one = Pending(user.name, model_key, needed)
        self._pending.append(one)
        try:
            yield one
        finally:
            self._pending.remove(one)

    def place(self, one: Pending, device: Device | None) -> None:
        """Note where a load goes; what comes up there from now on is it."""
        one.before = frozenset(self._told(one.user))
        one.device = None if device is None else device.device

    def _told(self, user: str) -> list[_One]:
        """Return what a user has in memory or is loading, as the devices tell."""
        found = [
            _One(
                device=None,
                key=one.reference,
                name=one.identifier,
                size=one.private_bytes() + one.mapped_bytes(),
            )
            for one in (*self.registry.instances, *self.registry.loads)
            if one.plan.user == user
        ]
        found += [
            _One(
                device=device.device,
                key=one.get("instanceReference") or one["loadId"],
                name=one["identifier"],
                size=int(one.get("memoryBytes", 0)),
            )
            for device in self.fleet
            for one in (*device.instances, *device.loads)
            if one.get("user", "") == user
        ]
        return found


def _beside(told: list[_One], pending: list[Pending]) -> list[_One]:
    """Leave out what is one of the loads under way: for each, the first that came since."""
    left = list(told)
    for load in pending:
        before = load.before
        if before is None:
            continue
        keys = {(one.device, one.key) for one in before}
        came = (
            one for one in left if one.device == load.device and (one.device, one.key) not in keys
        )
        found = next(came, None)
        if found is not None:
            left.remove(found)
    return left
