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
class _Usage:
    """An instance or a load of a user, as its device describes it."""

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
    before: frozenset[_Usage] | None = None
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
        usages = self._usages(user.name)
        pending = [load for load in self._pending if load.user == user.name]
        counted = _beside(usages, pending)
        names = [*(usage.name for usage in counted), *(load.name for load in pending)]
        check_instances(user, names)
        held = sum(usage.size for usage in counted) + sum(load.needed for load in pending)
        check_memory(user, model_key, needed, held)
        load = Pending(user.name, model_key, needed)
        self._pending.append(load)
        try:
            yield load
        finally:
            self._pending.remove(load)

    def place(self, load: Pending, device: Device | None) -> None:
        """Note where a load goes; what comes up there from now on is it."""
        load.before = frozenset(self._usages(load.user))
        load.device = None if device is None else device.device

    def _usages(self, user: str) -> list[_Usage]:
        """Return what a user has in memory or is loading, as the devices tell."""
        found = [
            _Usage(
                device=None,
                key=entry.reference,
                name=entry.identifier,
                size=entry.private_bytes() + entry.mapped_bytes(),
            )
            for entry in (*self.registry.instances, *self.registry.loads)
            if entry.plan.user == user
        ]
        found += [
            _Usage(
                device=device.device,
                key=info.get("instanceReference") or info["loadId"],
                name=info["identifier"],
                size=int(info.get("memoryBytes", 0)),
            )
            for device in self.fleet
            for info in (*device.instances, *device.loads)
            if info.get("user", "") == user
        ]
        return found


def _beside(usages: list[_Usage], pending: list[Pending]) -> list[_Usage]:
    """Leave out what is one of the loads under way: for each, the first that came since."""
    left = list(usages)
    for load in pending:
        before = load.before
        if before is None:
            continue
        keys = {(usage.device, usage.key) for usage in before}
        came = (
            usage
            for usage in left
            if usage.device == load.device and (usage.device, usage.key) not in keys
        )
        found = next(came, None)
        if found is not None:
            left.remove(found)
    return left
