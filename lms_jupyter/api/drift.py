"""Whether all is as a lock says: the host, the files, what is in memory, and how."""

from collections.abc import Iterable

from msgspec import Struct

from lms_jupyter.api.lock import Locked, LockFile, changed_settings, drift, is_compared
from lms_jupyter.hosts.base import Host
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.duration import format_duration
from lms_jupyter.protocol.models import Instance


class Report(Struct, frozen=True, kw_only=True):
    """Every way in which it is not as it was, in a sentence each."""

    files: tuple[str, ...] = ()
    """About the host and the files: what loading cannot mend."""
    missing: tuple[str, ...] = ()
    """About what is not in memory."""
    instances: tuple[str, ...] = ()
    """About what is in memory, and not as it was."""
    by_size: tuple[str, ...] = ()
    """The files of which only the size could be compared, as the lock or this machine has none."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All of them; empty if everything is as it was."""
        return (*self.files, *self.missing, *self.instances)


async def check(lock: LockFile, manager: Manager) -> Report:
    """Compare everything, and change nothing."""
    files = await drift(lock, manager)
    known = await lookup.instances(manager)
    missing, differing = [], []
    for locked in lock.instances:
        instance = _called(locked.identifier, known)
        if instance is None:
            missing.append(f"{locked.identifier}: it is not in memory.")
        else:
            differing.extend(await _differences(locked, instance, manager.connected_host))
    return Report(
        files=files,
        missing=tuple(missing),
        instances=tuple(differing),
        by_size=tuple(dict.fromkeys(o.path for o in lock.instances if not is_compared(o))),
    )


def _called(identifier: str, known: Iterable[Instance]) -> Instance | None:
    """Find an instance by its name, on this host rather than on another device."""
    found = [instance for instance in known if instance.identifier == identifier]
    return min(found, key=lambda instance: instance.device is not None, default=None)


async def _differences(locked: Locked, instance: Instance, host: Host) -> list[str]:
    if instance.path != locked.path:
        return [f"{locked.identifier}: it was {locked.path}, and is {instance.path}."]
    lines = await changed_settings(locked, instance, host)
    if instance.ttl_s != locked.ttl_s:
        was, now = _ttl(locked.ttl_s), _ttl(instance.ttl_s)
        lines.append(f"{locked.identifier}: its TTL was {was}, and is {now}.")
    return lines


def _ttl(ttl_s: float | None) -> str:
    return "none" if ttl_s is None else format_duration(ttl_s)
