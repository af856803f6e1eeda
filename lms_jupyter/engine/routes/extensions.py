"""What the namespace `system` offers beyond LM Studio; `/lms-status` names it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, NoModelMatchingQueryError
from lms_jupyter.engine.instances import selection
from lms_jupyter.engine.instances.activity import look, seen, watch
from lms_jupyter.engine.instances.instance import Instance, now
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes.connection import Channel, ChannelHandler, Rpc
from lms_jupyter.engine.routes.copying import copy_model, offer_model
from lms_jupyter.engine.routes.deleting import delete_model
from lms_jupyter.engine.routes.diary import read_diary, sum_diary
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.activity import activity_packet
from lms_jupyter.engine.wire.fields import an_object, optional_flag, text
from lms_jupyter.engine.wire.keeping import read_keep
from lms_jupyter.engine.wire.sdk import milliseconds, seconds_from

MAX_HOLD_S = 60.0


def rpcs(services: Services) -> dict[str, Rpc]:
    """Return the calls."""
    calls: dict[str, Callable[..., Any]] = {
        "getActivity": _get_activity,
        "setInstanceTtl": _set_ttl,
        "pinInstance": _pin,
        "setInstanceKeep": _keep,
        "holdInstances": _hold,
        "forgetPrompts": _forget,
        "cancelLoad": _cancel_load,
        "getDeparture": _get_departure,
        "deleteModel": delete_model,
        "readDiary": read_diary,
        "sumDiary": sum_diary,
        "offerModel": offer_model,
    }
    return {name: partial(call, services) for name, call in calls.items()}


def channels(services: Services) -> dict[str, ChannelHandler]:
    """Return the channels."""
    return {
        "watchActivity": partial(_watch_activity, services),
        "copyModel": partial(copy_model, services),
    }


def _get_activity(services: Services, _caller: Caller, _parameter: Any) -> Any:
    """Look; only where there are GPUs it takes as long as their drivers."""
    if services.gpus.has_gpus:
        return _activity(services)
    return activity_packet(seen(services.registry, services.gpus))


async def _activity(services: Services) -> dict[str, Any]:
    return activity_packet(await look(services.registry, services.gpus))


async def _watch_activity(services: Services, channel: Channel) -> None:
    """Send a packet at once and after every change, until told to stop."""
    async with (
        channel.interrupted_by("stop"),
        aclosing(watch(services.registry, services.gpus)) as looks,
    ):
        async for activity in looks:
            channel.send(activity_packet(activity))
            await channel.room()


def _set_ttl(services: Services, _caller: Caller, parameter: Any) -> None:
    """Change the TTL of an instance; with `restart`, it counts from now."""
    asked = an_object(parameter)
    if "ttlMs" not in asked:
        raise BadRequestError("'ttlMs' has to be there: a number of milliseconds, or null.")
    ttl_s = seconds_from(asked["ttlMs"], "ttlMs")
    instance = _named(services, asked.get("identifier"))
    services.registry.set_ttl(instance, ttl_s, restart=optional_flag(asked, "restart"))


def _pin(services: Services, _caller: Caller, parameter: Any) -> None:
    """Keep an instance from expiring and from being evicted, or stop to."""
    asked = an_object(parameter)
    if not isinstance(asked.get("pinned"), bool):
        raise BadRequestError("'pinned' has to be true or false.")
    services.registry.pin(_named(services, asked.get("identifier")), pinned=asked["pinned"])


def _keep(services: Services, _caller: Caller, parameter: Any) -> None:
    """Keep an instance while somebody is there or until a time, or let its TTL count again."""
    asked = an_object(parameter)
    if "keep" not in asked:
        raise BadRequestError("'keep' has to be there: what keeps it, or null.")
    keep = read_keep(asked["keep"])
    services.registry.keep(_named(services, asked.get("identifier")), keep)


def _hold(services: Services, _caller: Caller, parameter: Any) -> None:
    """Have instances not give way for a while: a cell runs that may use them any moment."""
    asked = an_object(parameter)
    references, for_s = asked.get("instanceReferences"), seconds_from(asked.get("forMs"), "forMs")
    if not isinstance(references, list):
        raise BadRequestError("'instanceReferences' has to be a list.")
    until_s = now().monotonic_s + min(for_s or 0.0, MAX_HOLD_S)
    for instance in services.registry.instances:
        if instance.reference in references:
            instance.held_until_s = until_s


async def _forget(services: Services, _caller: Caller, _parameter: Any) -> None:
    """Remove all that is kept of prompts that instances have read which are gone."""
    await services.registry.forget()


async def _cancel_load(services: Services, _caller: Caller, parameter: Any) -> None:
    """Stop a load, whoever began it."""
    load_id = text(an_object(parameter), "loadId")
    for instance in services.registry.loads:
        if instance.load_id == load_id:
            using.get().check_ending(instance.identifier, instance.plan.user)
            await services.registry.cancel_load(instance)
            return
    raise NoModelMatchingQueryError({"loadId": load_id})


def _get_departure(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Tell why an instance went; "unknown" also for one that is still there."""
    departure = services.registry.departures.of(text(an_object(parameter), "instanceReference"))
    if departure is None:
        return {"why": "unknown"}
    at = milliseconds(departure.at.unix_s)
    return {"why": departure.why, "at": at} | ({"by": departure.by} if departure.by else {})


def _named(services: Services, identifier: Any) -> Instance:
    if not isinstance(identifier, str):
        raise BadRequestError(f"'identifier' has to be text, not {identifier!r:.100}.")
    instances = services.registry.instances
    query = selection.Query(identifier=identifier)
    instance = selection.select(instances, query, None, sole=True)
    using.get().check_ending(instance.identifier, instance.plan.user)
    return instance
