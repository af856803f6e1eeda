"""Why an instance is gone: a decision of somebody holds, whatever else happened may be mended.

The embedded engine reports it. LM Studio does not, so there it is what is known here: what this
user's kernels and Jupyter Server have unloaded stands in a file for all of them, and an instance
that went before its TTL can have ended, while the connection stood, was unloaded by somebody.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from lms_jupyter.hosts.base import Departure
from lms_jupyter.protocol.models import Instance

KEPT = 200
KEPT_S = 7 * 86_400.0
EARLY_S = 1.0
"""A host may reckon a TTL a little shorter than we do."""


class Use(Struct, frozen=True, kw_only=True):
    """What a handle knows of the instance that it has lost."""

    instance_reference: str
    at: float | None = None
    """When it was surely in use the last time, by our clock."""
    ttl_s: float | None = None
    may_evict: bool = False
    """Whether the host may have unloaded it for another: what was loaded just in time."""


class _Missed(Struct, frozen=True, kw_only=True):
    """An instance that was there at one look, and not at the next."""

    at: float
    reconnected: bool
    """Whether the connection was lost in between: the host may have been restarted."""
    replaced: bool
    """Whether another instance came in between."""


class Departures:
    """What one manager knows of how instances went."""

    def __init__(self) -> None:
        self._noted: dict[str, Departure] = {}
        self._missed: dict[str, _Missed] = {}
        self._reconnected = True
        self.noticed: set[str] = set()
        """References of what has left for another program, and was said to have."""

    def note(self, instance_reference: str, departure: Departure) -> None:
        """Keep why an instance was ended from here."""
        self._noted[instance_reference] = departure
        _shorten(self._noted)

    def forget(self, instance_reference: str) -> None:
        """Take back what was noted: it is still there."""
        self._noted.pop(instance_reference, None)

    def connected(self) -> None:
        """Take note that the connection is a new one."""
        self._reconnected = True

    def polled(self, before: Iterable[Instance], after: Iterable[Instance]) -> None:
        """Take note of what was there at the last poll and is there no more."""
        there = {instance.instance_reference for instance in after}
        known = {instance.instance_reference for instance in before}
        missed = _Missed(
            at=time.time(), reconnected=self._reconnected, replaced=bool(there - known)
        )
        self._missed |= dict.fromkeys(known - there, missed)
        _shorten(self._missed)
        self._reconnected = False

    def noted(self, instance_reference: str) -> Departure | None:
        """Return why an instance was ended, if that was from here."""
        return self._noted.get(instance_reference)

    def inferred(self, use: Use) -> Departure | None:
        """Say why an instance must have gone, if nothing but one reason is possible."""
        missed = self._missed.get(use.instance_reference)
        if missed is None or missed.reconnected or (use.may_evict and missed.replaced):
            return None
        if use.ttl_s is not None and (use.at is None or missed.at >= use.at + use.ttl_s - EARLY_S):
            return None
        return Departure(why="unloaded")


class DepartureBook:
    """What this user's processes have unloaded, in files beside the leases."""

    def __init__(self, folder: Callable[[], Path | None]) -> None:
        """Take the folder of the leases, which may be none."""
        self._leases = folder

    def write(self, instance_reference: str, departure: Departure) -> None:
        """Tell the others; what is old is removed on the way."""
        # It only says more than what can be inferred: no unload fails for want of a file.
        with contextlib.suppress(OSError):
            if (path := self._path(instance_reference)) is None:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            for old in path.parent.iterdir():
                if time.time() - old.stat().st_mtime > KEPT_S:
                    old.unlink(missing_ok=True)
            path.write_bytes(msgspec.json.encode(departure))

    def remove(self, instance_reference: str) -> None:
        """Take back what was written: it is still there."""
        with contextlib.suppress(OSError):
            if (path := self._path(instance_reference)) is not None:
                path.unlink(missing_ok=True)

    def read(self, instance_reference: str) -> Departure | None:
        """Return what another process has written of an instance."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if (path := self._path(instance_reference)) is not None:
                return msgspec.json.decode(path.read_bytes(), type=Departure)
        return None

    def _path(self, instance_reference: str) -> Path | None:
        folder = self._leases()
        named = hashlib.sha256(instance_reference.encode()).hexdigest()[:32]
        return None if folder is None else folder / "departures" / f"{named}.json"


def _shorten(known: dict[str, Any]) -> None:
    while len(known) > KEPT:
        del known[next(iter(known))]
