"""The three ways to get an instance: always a new one, one that fits, or whatever is there."""

import asyncio
from collections.abc import Callable, Collection, Container
from typing import Final

from msgspec.structs import replace as changed

from lms_jupyter.errors import CommandError, InstanceExistsError, InstanceNotFoundError, LmsError
from lms_jupyter.hosts.base import Departure, Reason
from lms_jupyter.manager import keeping, lookup
from lms_jupyter.manager.config_diff import describe, differences, unlike
from lms_jupyter.manager.events import InstanceLoaded, InstanceUnloaded
from lms_jupyter.manager.former import Former, reinstate, remember
from lms_jupyter.manager.identity import on_behalf_of
from lms_jupyter.manager.link_devices import check_connected
from lms_jupyter.manager.load_task import LoadResult, hold, load
from lms_jupyter.manager.lookup import LookedUp
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.resolve import Resolution, resolve, serves
from lms_jupyter.manager.rules import Rules
from lms_jupyter.manager.turns import Turn, beside, is_being_loaded, turn
from lms_jupyter.protocol.fitting import settled
from lms_jupyter.protocol.loads import LOCAL, LoadRequest
from lms_jupyter.protocol.models import Difference, Instance, LoadConfig, Model

MOST_REPLICAS: Final = 1000


async def carry_out(
    request: LoadRequest, manager: Manager, found: LookedUp | None = None
) -> LoadResult:
    """Get an instance as requested; cancelling this calls a load off on the host.

    However many ask for a model at once, one loads it. Who asks meanwhile, here or in another
    kernel, waits and then uses that instance, or is told that it has other settings than asked.
    Only the mode `new` makes another one in any case, and not even that with `join`.

    Args:
        request: What is wanted.
        manager: Whose host it is wanted of.
        found: What the name stands for and what is in memory, if that was looked up just now;
            without it, the request has to name the model exactly.

    Raises:
        ModelNotFoundError: Nothing is called like this.
        InstanceExistsError: The identifier is taken, or what is there has other settings.
        LoadCancelledError: Somebody has called the load off.
        LmsError: The host could not load it.
    """
    lookup.check_ttl(request.ttl_s)
    found = found or await lookup.look_up_named(request.model_key, manager)
    resolution = found.resolution
    request = changed(request, device=lookup.device(request.device, manager))
    model = resolution.model
    if request.device is not None:
        model = changed(model, device=request.device or None)
        await check_connected(request.device, manager)
    lookup.check_config(request.config, model, manager.activity)
    request = changed(request, config=settled(request.config))
    check_place(request)
    named = request.keep
    request = keeping.prepared(
        await _ruled(request, model, manager.collaborators.read_rules), manager
    )
    result = await _carry_out(request, found, manager)
    if named is not None and result.how == "used":
        await keeping.change(result.instance, named, manager)
    return result


async def _ruled(
    request: LoadRequest, model: Model, read_rules: Callable[[], Rules] | None
) -> LoadRequest:
    """Return a request with what the user's rules say of a model, where nothing is named."""
    if read_rules is None or not request.ttl_is_default:
        return request
    return (await asyncio.to_thread(read_rules)).completed(request, model)


async def _carry_out(request: LoadRequest, found: LookedUp, manager: Manager) -> LoadResult:
    resolution = found.resolution
    # What is in memory may lie anywhere: only a new instance is where it is asked for.
    mode = "new" if request.replicas > 1 or request.where else request.mode
    if mode == "new" and request.join and is_being_loaded(resolution, manager):
        mode = "ensure"
    request = changed(request, mode=mode, join=mode == "ensure")
    match mode:
        case "new":
            async with beside(resolution, manager) as own:
                return await load(request, resolution, manager, own)
        case "use":
            return await _use(request, found, manager)
        case "ensure":
            return await _ensure(request, found, manager)


def check_place(request: LoadRequest) -> None:
    """Raise `CommandError` if where to load is said in two ways, or in none that makes sense."""
    if request.device is not None and (request.where or request.replicas != 1):
        raise CommandError(
            "A device is named, and it is said as well what it is like or how many there are.",
            hint="Leave out --device, or --where and --replicas.",
        )
    if isinstance(request.replicas, bool) or not 1 <= request.replicas <= MOST_REPLICAS:
        raise CommandError(f"There can be 1 to {MOST_REPLICAS} replicas, not {request.replicas!r}.")


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
            request = LoadRequest.like(instance, LoadConfig(), mode="use")
            hold(instance, request, manager, loaded=is_new)
            if is_new:
                manager.apply(InstanceLoaded(instance=instance))


async def renew(instance: Instance, ttl_s: float | None, manager: Manager) -> LoadResult:
    """End an instance and load it again as it is, with another TTL."""
    lookup.check_ttl(ttl_s)
    former = await remember(instance, manager.connected_host, manager.own)
    request = changed(former.request("new"), ttl_s=ttl_s)
    resolution = resolve(instance.model_key, await lookup.models(manager))
    async with turn(resolution, manager) as own:
        return await _reload(request, resolution, former, manager, own)


async def _use(request: LoadRequest, found: LookedUp, manager: Manager) -> LoadResult:
    """Take what is there under a name, else load it."""
    resolution = found.resolution
    if resolution.instance is not None or any(serves(i, resolution) for i in found.instances):
        request = changed(request, fit=None)
        return await load(request, resolution, manager, Turn(None))
    async with turn(resolution, manager) as own:
        return await load(request, resolution, manager, own)


async def _ensure(request: LoadRequest, found: LookedUp, manager: Manager) -> LoadResult:
    """Use the instance that fits; load one if there is none; reload one of ours that differs."""
    resolution = found.resolution
    ours = frozenset(manager.own)
    fitting, _ = await _compare(request, found, manager)
    if fitting is not None:
        return fitting
    async with turn(resolution, manager) as own:
        while True:
            # What is there now counts: somebody may have loaded it while we waited.
            found = changed(found, instances=await lookup.instances(manager))
            fitting, differing = await _compare(request, found, manager)
            if fitting is not None:
                return fitting
            if differing:
                break
            result = await load(request, resolution, manager, own)
            if result.how == "loaded":
                return result
            # Another client was faster. Whether its instance is as asked is still to be seen.
        # What came while we waited is in use by whoever asked for it first, even in this kernel.
        before = [pair for pair in differing if pair[0].instance_reference in ours]
        if not before and not request.reload:
            instance, differences_found = differing[0]
            raise InstanceExistsError(
                instance.identifier,
                describe(differences_found),
                at_once=instance.instance_reference in manager.own,
            )
        instance, differences_found = (before or differing)[0]
        former = await remember(instance, manager.connected_host, manager.own)
        result = await _reload(request, resolution, former, manager, own)
    return changed(result, differences=differences_found)


async def _compare(
    request: LoadRequest, found: LookedUp, manager: Manager
) -> tuple[LoadResult | None, list[tuple[Instance, tuple[Difference, ...]]]]:
    """Return what came of an instance that fits; if none does, those that differ and how."""
    differing = []
    for instance in _candidates(request, found, manager.own):
        effective = await manager.connected_host.load_config(instance)
        unlike_asked = differences(request.config, effective, instance.kind)
        before = manager.own.get(instance.instance_reference)
        if not unlike_asked or (
            before is not None and not unlike(request.config, before, unlike_asked)
        ):
            hold(instance, request, manager, loaded=False)
            used = LoadResult(
                request=request,
                resolution=found.resolution,
                instance=instance,
                how="used",
                differences=unlike_asked,
            )
            return used, []
        differing.append((instance, unlike_asked))
    return None, differing


def _candidates(request: LoadRequest, found: LookedUp, own: Container[str]) -> tuple[Instance, ...]:
    """Return the instances that could serve, the named one alone if one is named; ours first."""
    known = tuple(i for i in found.instances if lookup.is_on(request.device, i))
    fitting = [i for i in known if serves(i, found.resolution)]
    if request.identifier is not None:
        # Other devices have identifiers of their own.
        named = tuple(i for i in known if i.identifier == request.identifier)
        named = tuple(sorted(named, key=lambda i: i.device is not None))
        if named and named[0] not in fitting:
            raise InstanceExistsError(request.identifier)
        return named
    return tuple(
        sorted(fitting, key=lambda i: (i.instance_reference not in own, i.device is not None))
    )


async def _reload(
    request: LoadRequest, resolution: Resolution, former: Former, manager: Manager, own: Turn
) -> LoadResult:
    """Load an instance anew under its own name; if that fails, bring back what was there."""
    old = former.instance
    request = changed(
        request, mode="new", identifier=old.identifier, device=old.device or LOCAL, join=False
    )
    try:
        await end(old, manager, "reloading")
        result = await load(request, resolution, manager, own)
    except (LmsError, asyncio.CancelledError):
        await asyncio.shield(manager.spawn(_bring_back(former, resolution, manager, own)))
        raise
    return changed(result, how="reloaded")


async def _bring_back(former: Former, resolution: Resolution, manager: Manager, own: Turn) -> None:
    """Load what was there before, unless it never went."""
    old = former.instance
    known = {instance.instance_reference for instance in await lookup.instances(manager)}
    if old.instance_reference in known:
        return
    before = Resolution(name=old.model_key, model=resolution.model)
    result = await load(former.request("new"), before, manager, own)
    await reinstate(former, result.instance, manager.connected_host, manager.own)
