"""The link to the host: found, lost, found again, exchanged for another.

Whoever meets a host that does not answer any more comes here: a verb does not wait for the watch.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lms_jupyter.errors import HostUnreachableError
from lms_jupyter.hosts.base import Host
from lms_jupyter.manager.events import HostConnected, HostLost, ModelsListed
from lms_jupyter.manager.owners import apply_snapshot
from lms_jupyter.protocol.models import Instance

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager


async def connect(manager: "Manager") -> None:
    """Find a host, connect to it and read it once, unless that is done already.

    Raises:
        LmsError: There is none, or it does not let us in.
    """
    async with manager.connecting:
        if manager.is_connected:
            return
        await _reach(manager.host, manager)


async def assure(manager: "Manager") -> None:
    """Make sure that there is a host, and that it answers now.

    Raises:
        LmsError: There is none, or it does not let us in.
    """
    await connect(manager)
    await manager.connected_host.check("llm")


async def recover(lost: Host, manager: "Manager") -> Host:
    """Find the host again after it did not answer, and return the one that we have then.

    Args:
        lost: The host that did not answer.
        manager: Whose host it was; if it has another one by now, nothing is looked for.

    Raises:
        LmsError: There is none, or it does not let us in.
    """
    async with manager.connecting:
        if not manager.has(lost) and manager.reached is not None:
            return manager.reached
        manager.set_host(None)
        manager.retire(lost)
        try:
            await _reach(manager.host, manager)
        except BaseException:
            _apply_loss(manager)
            raise
        return _now(manager)


def lose(lost: Host, manager: "Manager") -> None:
    """Let go of a host that does not answer, and have the watch look for it at once."""
    if manager.has(lost):
        manager.set_host(None)
        manager.retire(lost)
        _apply_loss(manager)


async def switch(address: str, manager: "Manager") -> None:
    """Go over to another host; the one that we have stays if the other cannot be reached.

    Args:
        address: Where it is; empty: look for one, as at the beginning.
        manager: Whose host it will be.

    Raises:
        LmsError: There is no host at the address, or it does not let us in.
    """
    async with manager.connecting:
        former = manager.activity.host.address
        former_host = manager.reached
        if not address:
            manager.search_anew()
        await _reach(address, manager, anew=True)
        manager.host = address
        manager.selectable_hosts |= {
            address for address in (former, manager.activity.host.address) if address
        }
        if former_host is not None and not manager.has(former_host):
            # What is under way there belongs to slices that are no more.
            manager.spawn(former_host.close())


async def reached(manager: "Manager") -> Host:
    """Return the host itself, found first if there is none.

    Raises:
        LmsError: There is none, or it does not let us in.
    """
    await connect(manager)
    return _now(manager)


def take_over(instances: Sequence[Instance], manager: "Manager") -> None:
    """Make ours again what this kernel loaded before it was restarted."""
    if manager.leases is None or manager.identity is None:
        return
    address = manager.activity.host.address
    alive = {instance.instance_reference for instance in instances}
    manager.leases.forget(address, alive)
    for lease in manager.leases.take_over(address, manager.identity):
        if lease.loaded:
            manager.own[lease.instance_reference] = lease.asked


async def _reach(address: str, manager: "Manager", *, anew: bool = False) -> None:
    """Find a host, connect to it, read it, and only then make it ours."""
    found = await manager.find(address)
    try:
        await found.host.connect()
        snapshot = await found.host.poll()
        models = await found.host.models()
    except BaseException:
        await found.host.close()
        raise
    manager.set_host(found)
    if anew:
        manager.reset(found.host.info)
    manager.apply(HostConnected(info=found.host.info, at=time.time()))
    manager.apply(ModelsListed(models=models))
    take_over(snapshot.instances, manager)
    apply_snapshot(snapshot, manager)
    manager.wake.set()


def _now(manager: "Manager") -> Host:
    if manager.reached is None:
        address = manager.activity.host.address or "hand"
        raise HostUnreachableError(
            f"The connection to the host at {address} is gone.", hint="Is it still running?"
        )
    return manager.reached


def _apply_loss(manager: "Manager") -> None:
    manager.apply(HostLost(at=time.time(), retry_at=manager.host_now()))
    manager.wake.set()
