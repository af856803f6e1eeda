"""The three ways to get an instance: always a new one, one that fits, or whatever is there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace as changed

from lms_jupyter.errors import (
    HostReplyError,
    InstanceExistsError,
    InstanceNotFoundError,
    LmsError,
    LoadCancelledError,
)
from lms_jupyter.hosts.base import (
    LOCAL,
    Departure,
    Evicting,
    Joined,
    Loaded,
    Loading,
    LoadRequest,
    LoadStep,
    Reason,
)
from lms_jupyter.manager import lookup
from lms_jupyter.manager.events import (
    InstanceCompared,
    InstanceLoaded,
    InstanceUnloaded,
    LoadEnded,
    LoadJoined,
    LoadProgressed,
    LoadStarted,
)
from lms_jupyter.manager.fit import differences, say, unlike
from lms_jupyter.manager.identity import on_behalf_of
from lms_jupyter.manager.leases import Lease
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.resolve import Meant, resolve, serves
from lms_jupyter.manager.turns import Turn, beside, turn
from lms_jupyter.protocol.models import Difference, Instance, Load, LoadConfig

How = Literal["new", "ensure", "use"]
Way = Literal["load", "join", "use"]
"""How a host is asked: for a new instance, for one unless another is faster, or just in time."""
Drive = Callable[[LoadRequest], AsyncIterator[LoadStep]]


class Order(Struct, frozen=True, kw_only=True):
    """A load as a kernel asks for it; buttons ask with fewer words."""

    name: str
    """A key, a variant, a path or an identifier, exactly."""
    how: How = "ensure"
    identifier: str | None = None
    ttl_s: float | None = None
    config: LoadConfig = LoadConfig()
    device: str | None = None
    """A machine on the host's LM Link, or `LOCAL`; `None`: any, and for a load the host decides."""
    lease: bool = True
    reload: bool = False
    """Reload an instance with other settings even if somebody else loaded it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The instance that a load ended with, and how it came about."""

    instance: Instance
    how: Literal["loaded", "used", "reloaded"]
    evicted: tuple[str, ...] = ()
    """What the host unloaded to make room."""
    differences: tuple[Difference, ...] = ()
    """Where the host did not give what was asked, or why it was reloaded."""


async def carry_out(order: Order, manager: Manager, meant: Meant | None = None) -> Outcome:
    """Get an instance as ordered; cancelling this calls a load off on the host.

    However many ask for a model at once, one loads it. Who asks meanwhile, here or in another
    kernel, waits and then uses that instance, or is told that it has other settings than asked.
    Only `how="new"` makes another one in any case.

    Args:
        order: What is wanted.
        manager: Whose host it is wanted of.
        meant: What the name stands for, if that was found out already.
    """
    lookup.check_ttl(order.ttl_s)
    meant = meant or await lookup.look_up(order.name, manager)
    order = changed(order, device=lookup.device(order.device, manager))
    lookup.check_config(order.config, meant.model)
    match order.how:
        case "new":
            async with beside(meant, manager) as own:
                return await _load(order, meant, manager, own)
        case "use":
            return await _use(order, meant, manager)
        case "ensure":
            return await _ensure(order, meant, manager)


async def end(instance: Instance, manager: Manager, why: Reason = "unloaded") -> None:
    """End an instance; a handle brings back none that was unloaded for good."""
    behalf = on_behalf_of.get()
    departure = Departure(why=why, by=behalf.label if behalf else manager.owner)
    # Noted first: a handle may find it gone before the host has answered.
    reference = instance.instance_reference
    manager.departures.note(reference, departure)
    if manager.leases is not None:
        manager.leases.departures.write(reference, departure)
    try:
        await manager.connected_host.unload(instance, why, by=departure.by)
    except InstanceNotFoundError:
        # It went by itself in the meantime, and is to stay away all the same.
        raise
    except LmsError:
        manager.departures.forget(reference)
        if manager.leases is not None:
            manager.leases.departures.remove(reference)
        raise
    manager.own.pop(instance.instance_reference, None)
    manager.apply(InstanceUnloaded(instance_reference=instance.instance_reference))
    manager.wake.set()


async def claim(identifier: str, before: Collection[str], manager: Manager) -> None:
    """Remember what this kernel has got past us, through the SDK's own calls.

    Args:
        identifier: What was loaded or found.
        before: The references of what had been in memory: what is not among them is ours.
        manager: Whose host it is on.
    """
    for instance in await lookup.instances(manager):
        if instance.identifier == identifier:
            is_new = instance.instance_reference not in before
            order = Order(name=instance.model_key, how="use", ttl_s=instance.ttl_s)
            _hold(instance, order, manager, loaded=is_new)
            if is_new:
                manager.apply(InstanceLoaded(instance=instance))


async def renew(instance: Instance, ttl_s: float | None, manager: Manager) -> Outcome:
    """End an instance and load it again as it is, with another TTL."""
    lookup.check_ttl(ttl_s)
    order = Order(
        name=instance.model_key,
        how="new",
        ttl_s=ttl_s,
        config=await manager.connected_host.load_config(instance),
        device=instance.device or LOCAL,
    )
    meant = resolve(instance.model_key, await lookup.models(manager))
    async with turn(meant, manager) as own:
        outcome = await _reload(order, meant, instance, manager, own)
    return replace(outcome, how="reloaded")


async def _use(order: Order, meant: Meant, manager: Manager) -> Outcome:
    """Take what is there under a name, else load it."""
    known = await lookup.instances(manager)
    if meant.instance is not None or any(serves(instance, meant) for instance in known):
        return await _load(order, meant, manager, Turn(None), "use")
    async with turn(meant, manager) as own:
        return await _load(order, meant, manager, own, "use")


async def _ensure(order: Order, meant: Meant, manager: Manager) -> Outcome:
    """Use the instance that fits; load one if there is none; reload one of ours that differs."""
    ours = frozenset(manager.own)
    fitting, _ = await _compare(order, meant, manager)
    if fitting is not None:
        return fitting
    async with turn(meant, manager) as own:
        while True:
            fitting, differing = await _compare(order, meant, manager)
            if fitting is not None:
                return fitting
            if differing:
                break
            outcome = await _load(order, meant, manager, own, "join")
            if outcome.how == "loaded":
                return outcome
            # Another client was faster. Whether its instance is as asked is still to be seen.
        # What came while we waited is in use by whoever asked for it first, even in this kernel.
        before = [pair for pair in differing if pair[0].instance_reference in ours]
        if not before and not order.reload:
            instance, found = differing[0]
            raise InstanceExistsError(
                instance.identifier,
                say(found),
                at_once=instance.instance_reference in manager.own,
            )
        instance, found = (before or differing)[0]
        outcome = await _reload(order, meant, instance, manager, own)
    return replace(outcome, how="reloaded", differences=found)


async def _compare(
    order: Order, meant: Meant, manager: Manager
) -> tuple[Outcome | None, list[tuple[Instance, tuple[Difference, ...]]]]:
    """Return what came of an instance that fits; if none does, those that differ and how."""
    differing = []
    for instance in await _candidates(order, meant, manager):
        effective = await manager.connected_host.load_config(instance)
        found = differences(order.config, effective)
        before = manager.own.get(instance.instance_reference)
        if not found or (before is not None and not unlike(order.config, before, found)):
            _hold(instance, order, manager, loaded=False)
            return Outcome(instance=instance, how="used", differences=found), []
        differing.append((instance, found))
    return None, differing


async def _candidates(order: Order, meant: Meant, manager: Manager) -> tuple[Instance, ...]:
    """Return the instances that could serve, the named one alone if one is named; ours first."""
    known = await lookup.instances(manager)
    known = tuple(i for i in known if lookup.is_on(order.device, i))
    fitting = [i for i in known if serves(i, meant)]
    if order.identifier is not None:
        # Other devices have identifiers of their own.
        named = tuple(i for i in known if i.identifier == order.identifier)
        named = tuple(sorted(named, key=lambda i: i.device is not None))
        if named and named[0] not in fitting:
            raise InstanceExistsError(order.identifier)
        return named
    own = manager.own
    return tuple(
        sorted(fitting, key=lambda i: (i.instance_reference not in own, i.device is not None))
    )


async def _reload(
    order: Order, meant: Meant, old: Instance, manager: Manager, own: Turn
) -> Outcome:
    """Load an instance anew under its own name; if that fails, bring back what was there."""
    effective = await manager.connected_host.load_config(old)
    before = manager.own.get(old.instance_reference)
    order = changed(order, identifier=old.identifier, device=old.device or LOCAL)
    try:
        await end(old, manager, "reloading")
        return await _load(order, meant, manager, own)
    except (LmsError, asyncio.CancelledError):
        config = effective if before is None else before
        again = changed(order, config=config, ttl_s=old.ttl_s)
        former = Meant(name=old.model_key, model=meant.model)
        await asyncio.shield(manager.spawn(_bring_back(old, again, former, manager, own)))
        raise


async def _bring_back(
    old: Instance, order: Order, meant: Meant, manager: Manager, own: Turn
) -> None:
    """Load what was there before, unless it never went."""
    known = {instance.instance_reference for instance in await lookup.instances(manager)}
    if old.instance_reference not in known:
        await _load(order, meant, manager, own)


async def _load(
    order: Order,
    meant: Meant,
    manager: Manager,
    own: Turn,
    way: Way = "load",
) -> Outcome:
    """Follow one load on the host from its start to its end."""
    name, device = meant.name, order.device
    if way == "use" and meant.instance is not None:
        name = meant.instance.identifier
        device = (meant.instance.device or LOCAL) if device is None else device
    elif device is None:
        # What is on the host's own disk, the host may also load on the device that it prefers.
        device = meant.model.device
    load = Load(
        load_id=manager.new_load_id(),
        identifier=order.identifier,
        model_key=meant.name,
        kind=meant.model.kind,
        fraction=0.0,
        started_at=manager.host_now(),
    )
    request = LoadRequest(
        model_key=name,
        load_id=load.load_id,
        identifier=order.identifier,
        ttl_s=order.ttl_s,
        config=order.config,
        owner=behalf.label if (behalf := on_behalf_of.get()) else manager.owner,
        device=device,
        kind=meant.model.kind,
        join=way == "join",
    )
    host = manager.connected_host
    task = manager.spawn(
        _follow(host.use if way == "use" else host.load, request, load, manager, own)
    )
    manager.loads[load.load_id] = task
    try:
        loaded, evicted = await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise LoadCancelledError(f"The load of {meant.name!r} was cancelled.") from None
    finally:
        del manager.loads[load.load_id]
        manager.apply(LoadEnded(load_id=load.load_id))
        manager.wake.set()
    instance = loaded.instance
    _hold(instance, order, manager, loaded=not loaded.was_there)
    if loaded.was_there:
        return Outcome(instance=instance, how="used")
    manager.apply(InstanceLoaded(instance=instance))
    found = differences(order.config, await host.load_config(instance))
    manager.apply(
        InstanceCompared(instance_reference=instance.instance_reference, differences=found)
    )
    return Outcome(instance=instance, how="loaded", evicted=evicted, differences=found)


async def _follow(
    drive: Drive, request: LoadRequest, load: Load, manager: Manager, own: Turn
) -> tuple[Loaded, tuple[str, ...]]:
    """Follow a load on the host to its end."""
    evicted: list[str] = []
    manager.apply(LoadStarted(load=load))
    own.tell(load.load_id, 0.0)
    async with aclosing(drive(request)) as steps:  # type: ignore[type-var]
        async for step in steps:
            match step:
                case Loaded():
                    return step, tuple(evicted)
                case Evicting(identifier=identifier):
                    evicted.append(identifier)
                case Joined(load_id=joined):
                    manager.apply(LoadJoined(load_id=load.load_id, joined=joined))
                case Loading(fraction=fraction):
                    manager.apply(LoadProgressed(load_id=load.load_id, fraction=fraction))
                    own.tell(load.load_id, fraction)
    raise HostReplyError(f"The host ended loading {request.model_key!r} without an instance.")


def _hold(instance: Instance, order: Order, manager: Manager, *, loaded: bool) -> None:
    """Remember that this kernel, or the one that we act for, loaded an instance, or uses it."""
    reference = instance.instance_reference
    if loaded:
        manager.own[reference] = order.config
    holder = on_behalf_of.get() or manager.identity
    if manager.leases is None or holder is None:
        return
    if not loaded and reference in manager.own:
        return
    lease = Lease(
        address=manager.activity.host.address,
        instance_reference=reference,
        identifier=instance.identifier,
        model_key=instance.model_key,
        holder=holder,
        loaded=loaded,
        expires=order.lease,
        asked=order.config,
        ttl_s=instance.ttl_s,
    )
    manager.leases.write(lease)
