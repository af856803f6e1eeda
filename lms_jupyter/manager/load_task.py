"""One load on the host, from its start to its end, and whose instance it then is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lms_jupyter.errors import HostReplyError, LoadCancelledError
from lms_jupyter.hosts.base import Evicting, Host, Joined, Loaded, Loading, LoadOrigin, LoadStep
from lms_jupyter.manager import keeping
from lms_jupyter.manager.config_diff import differences
from lms_jupyter.manager.events import (
    InstanceCompared,
    InstanceLoaded,
    LoadEnded,
    LoadJoined,
    LoadProgressed,
    LoadStarted,
)
from lms_jupyter.manager.fitting_in import Fitted, fit_in, proved
from lms_jupyter.manager.identity import on_behalf_of
from lms_jupyter.manager.leases import Lease
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.resolve import Resolution
from lms_jupyter.manager.turns import Turn
from lms_jupyter.protocol.loads import LOCAL, LoadRequest
from lms_jupyter.protocol.models import Difference, Instance, Load, LoadConfig

Drive = Callable[[LoadRequest, LoadOrigin], AsyncIterator[LoadStep]]


class LoadResult(Struct, frozen=True, kw_only=True):
    """The instance that a request ended with, and how it came about."""

    request: LoadRequest
    resolution: Resolution
    instance: Instance
    how: Literal["loaded", "used", "reloaded"]
    evicted: tuple[str, ...] = ()
    """What the host unloaded to make room."""
    differences: tuple[Difference, ...] = ()
    """Where the host did not give what was asked, or why it was reloaded."""
    fitted: Fitted | None = None
    """How the context was found, if it was to be found."""


async def load(
    request: LoadRequest, resolution: Resolution, manager: Manager, own: Turn
) -> LoadResult:
    """Follow one load on the host from its start to its end.

    Cancelling this calls the load off on the host.

    Raises:
        LoadCancelledError: Somebody has called it off.
        LmsError: The host could not load it.
    """
    request, fitted = await fit_in(request, resolution, manager.connected_host)
    host = manager.connected_host
    addressed = _addressed(request, resolution, chooses="fleet" in host.info.features)
    row = Load(
        load_id=manager.new_load_id(),
        identifier=request.identifier,
        model_key=resolution.name,
        kind=resolution.model.kind,
        fraction=0.0,
        started_at=manager.host_now(),
        device=addressed.device or None,
    )
    drive = host.use if request.mode == "use" else host.load
    task = manager.spawn(_follow(drive, addressed, row, manager, own))
    manager.loads[row.load_id] = task
    try:
        loaded, evicted = await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise LoadCancelledError(f"The load of {resolution.name!r} was cancelled.") from None
    finally:
        del manager.loads[row.load_id]
        manager.apply(LoadEnded(load_id=row.load_id))
        manager.wake.set()
    instance = loaded.instance
    hold(instance, request, manager, loaded=not loaded.was_there)
    result = LoadResult(request=request, resolution=resolution, instance=instance, how="used")
    if loaded.was_there:
        return replace(result, differences=await _as_it_is(request, instance, host))
    manager.apply(InstanceLoaded(instance=instance))
    await keeping.apply(instance, request, manager)
    found = differences(request.config, await host.load_config(instance), instance.kind)
    manager.apply(
        InstanceCompared(instance_reference=instance.instance_reference, differences=found)
    )
    if fitted is not None:
        fitted = proved(fitted, instance, await host.poll())
    return replace(result, how="loaded", evicted=evicted, differences=found, fitted=fitted)


async def _as_it_is(request: LoadRequest, instance: Instance, host: Host) -> tuple[Difference, ...]:
    """Tell how what was in memory already differs from what is named."""
    if request.mode != "use" or request.config == LoadConfig():
        return ()
    found = differences(request.config, await host.load_config(instance), instance.kind)
    there = "it was in memory already"
    return tuple(replace(difference, why=difference.why or there) for difference in found)


def _addressed(request: LoadRequest, resolution: Resolution, *, chooses: bool) -> LoadRequest:
    """Return the request with the names that the host goes by.

    Args:
        request: What is asked for.
        resolution: What its name stands for.
        chooses: Whether the host finds a device itself: the gateway of a fleet does.
    """
    named, device = resolution.instance, request.device
    if request.mode == "use" and named is not None:
        device = (named.device or LOCAL) if device is None else device
        return replace(request, model_key=named.identifier, device=device)
    # What is on the host's own disk, the host may also load on the device that it prefers.
    if device is None and not chooses:
        device = resolution.model.device
    return replace(request, model_key=resolution.name, device=device)


async def _follow(
    drive: Drive, request: LoadRequest, row: Load, manager: Manager, own: Turn
) -> tuple[Loaded, tuple[str, ...]]:
    """Follow a load on the host to its end."""
    evicted: list[str] = []
    manager.apply(LoadStarted(load=row))
    own.publish(row.load_id, 0.0)
    by = on_behalf_of.get()
    origin = LoadOrigin(load_id=row.load_id, owner=by.label if by else manager.owner, kind=row.kind)
    async with aclosing(drive(request, origin)) as steps:  # type: ignore[type-var]
        async for step in steps:
            match step:
                case Loaded():
                    return step, tuple(evicted)
                case Evicting(identifier=identifier):
                    evicted.append(identifier)
                case Joined(load_id=joined):
                    manager.apply(LoadJoined(load_id=row.load_id, joined=joined))
                case Loading(fraction=fraction):
                    manager.apply(LoadProgressed(load_id=row.load_id, fraction=fraction))
                    own.publish(row.load_id, fraction)
    raise HostReplyError(f"The host ended loading {request.model_key!r} without an instance.")


def hold(instance: Instance, request: LoadRequest, manager: Manager, *, loaded: bool) -> None:
    """Remember that this kernel, or the one that we act for, loaded an instance, or uses it."""
    reference = instance.instance_reference
    if loaded:
        manager.own[reference] = request.config
        manager.sources[reference] = request.sources
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
        expires=request.lease,
        asked=request.config,
        ttl_s=instance.ttl_s,
        while_open=request.keep is not None and request.keep.until is None,
        rule=request.rule if loaded else "",
    )
    manager.leases.write(lease)
