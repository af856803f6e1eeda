"""What keeps an instance besides its TTL: carried out as far as a host can."""

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import keeping
from lms_jupyter.manager.identity import on_behalf_of
from lms_jupyter.manager.leases import Lease, LeaseBook
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, Keep

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager


def prepared(request: LoadRequest, manager: "Manager") -> LoadRequest:
    """Return a request as this host can carry it out.

    Raises:
        CommandError: It can only keep a TTL, and a time of day is none.
    """
    if request.keep is None:
        return request
    if request.keep.until is None and (on_behalf_of.get() or manager.identity) is None:
        if request.rule:  # it speaks of notebooks, and of others says nothing
            return replace(request, keep=None)
        raise CommandError(
            "No notebook asks for it here, so none could keep it while it is open.",
            hint="Keep it until a time, or load it from the notebook: %lms load KEY --keep "
            "while-open.",
        )
    if "keep" in manager.activity.host.features:
        return request
    if request.keep.until is not None:
        raise _no_time(manager.activity.host.name)
    if not request.lease:
        raise CommandError(
            "--keep while-open and --no-lease do not go together: one says that it ends with the "
            "notebook, and the other that it does not."
        )
    # Without a TTL it stays, and ends when its lease does.
    return replace(request, ttl_s=None)


async def apply(instance: Instance, request: LoadRequest, manager: "Manager") -> None:
    """Keep and pin an instance that was loaded as its request says."""
    host = manager.connected_host
    keep = request.keep
    is_over = keep is not None and keep.until is not None and keep.until <= time.time()
    # What was kept until a time may come back after it, with its TTL alone.
    if keep is not None and not is_over and "keep" in host.info.features:
        await keeping.keep(host, instance, by_host_clock(keep, manager.host_now()))
    if request.pin and "pin" in host.info.features:
        await host.pin(instance, pinned=True)
    if request.keep is not None or request.pin:
        manager.wake.set()


async def change(instance: Instance, keep: Keep | None, manager: "Manager") -> None:
    """Keep an instance that is there, or let its TTL count again.

    Raises:
        CommandError: The host cannot do it.
    """
    host = manager.connected_host
    if "keep" in host.info.features:
        await keeping.keep(host, instance, by_host_clock(keep, manager.host_now()))
    elif keep is not None and keep.until is not None:
        raise _no_time(manager.activity.host.name)
    elif keep is not None and instance.ttl_s is not None:
        raise CommandError(
            f"{instance.identifier} has a TTL, which {manager.activity.host.name} cannot change.",
            hint=f"%lms load {instance.model_key} --keep while-open --reload",
        )
    note(instance, keep, manager)
    manager.wake.set()


def note(instance: Instance, keep: Keep | None, manager: "Manager") -> None:
    """Write down that this kernel wants an instance while it is open, or no longer."""
    book, identity = manager.leases, manager.identity
    if book is None or identity is None:
        return
    lease = _ours(instance, book, manager)
    while_open = keep is not None and keep.until is None
    if lease is None and while_open:
        lease = Lease(
            address=manager.activity.host.address,
            instance_reference=instance.instance_reference,
            identifier=instance.identifier,
            model_key=instance.model_key,
            holder=identity,
            loaded=False,
        )
    if lease is not None and lease.while_open != while_open:
        book.write(replace(lease, while_open=while_open, expires=lease.expires or while_open))


def by_host_clock(keep: Keep | None, host_now: float) -> Keep | None:
    """Return the same time as the host's clock shows it."""
    if keep is None or keep.until is None:
        return keep
    return Keep(until=keep.until + host_now - time.time())


def _ours(instance: Instance, book: LeaseBook, manager: "Manager") -> Lease | None:
    for lease in book.of(manager.activity.host.address):
        is_same = lease.instance_reference == instance.instance_reference
        if is_same and manager.identity is not None and manager.identity.continues(lease.holder):
            return lease
    return None


def _no_time(host: str) -> CommandError:
    return CommandError(
        f"{host} knows no time of day: it counts a TTL from the last use.",
        hint="Say --ttl 3h, or --keep while-open; the embedded engine knows times of day.",
    )
