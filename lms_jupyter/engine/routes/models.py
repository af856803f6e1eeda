"""The calls that manage models; the same for LLMs and for embedding models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, get_args

from lms_jupyter.engine.errors import (
    BadRequestError,
    DomainMismatchError,
    LoadCancelledError,
    ModelUnloadedError,
    NoModelMatchingQueryError,
)
from lms_jupyter.engine.instances import selection
from lms_jupyter.engine.instances.departures import Reason
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.instances.loader import LoadRequest
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.routes.connection import Channel, ChannelHandler, Rpc
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, optional_flag, optional_text, text
from lms_jupyter.engine.wire.load_config import load_config, load_settings
from lms_jupyter.engine.wire.sdk import (
    instance_info,
    model_info,
    processing_state,
    seconds_from,
)
from lms_jupyter.engine.wire.specifiers import specifier
from lms_jupyter.engine.wire.virtual_models import load_above
from lms_jupyter.engine.worker.load_settings import Domain

NOT_THERE = (NoModelMatchingQueryError, ModelUnloadedError, DomainMismatchError)


def rpcs(services: Services, domain: Domain) -> dict[str, Rpc]:
    """Return the calls of a namespace for this type of model."""
    calls: dict[str, Callable[..., Any]] = {
        "listLoaded": _list_loaded,
        "unloadModel": _unload,
        "getModelInfo": _get_info,
        "getLoadConfig": _get_load_config,
        "getInstanceProcessingState": _get_processing_state,
        "estimateModelUsage": _estimate,
    }
    return {name: partial(call, services, domain) for name, call in calls.items()}


def channels(services: Services, domain: Domain) -> dict[str, ChannelHandler]:
    """Return the channels of a namespace for this type of model."""
    return {
        "loadModel": partial(_load, services, domain),
        "getOrLoad": partial(_get_or_load, services, domain),
    }


def find(services: Services, domain: Domain, value: Any) -> Instance:
    """Return the instance that a specifier means, or raise what the client is to be told."""
    wanted = specifier(value)
    instances = services.registry.instances
    if isinstance(wanted, str):
        return selection.by_reference(instances, wanted, domain)
    return selection.select(instances, wanted, domain)


def _list_loaded(
    services: Services, domain: Domain, _caller: Caller, _parameter: Any
) -> list[dict[str, Any]]:
    return [
        instance_info(instance)
        for instance in services.registry.instances
        if instance.domain == domain
    ]


async def _unload(services: Services, domain: Domain, caller: Caller, parameter: Any) -> None:
    asked = an_object(parameter)
    why = optional_text(asked, "why") or "unloaded"
    if why not in get_args(Reason):
        raise BadRequestError(f"'why' is one of {', '.join(get_args(Reason))}, not {why!r:.100}.")
    by = optional_text(asked, "owner")
    identifier = text(asked, "identifier")
    query = selection.Query(identifier=identifier)
    instance = selection.select(services.registry.instances, query, domain, sole=True)
    using.get().check_ending(identifier, instance.plan.user)
    await services.registry.unload(instance, why, caller.kind if by is None else by)


def _get_info(
    services: Services, domain: Domain, _caller: Caller, parameter: Any
) -> dict[str, Any] | None:
    asked = an_object(parameter)
    try:
        return instance_info(find(services, domain, asked.get("specifier")))
    except NOT_THERE:
        if optional_flag(asked, "throwIfNotFound"):
            raise
        return None


def _get_load_config(
    services: Services, domain: Domain, _caller: Caller, parameter: Any
) -> dict[str, Any]:
    instance = find(services, domain, an_object(parameter).get("specifier"))
    return load_config(instance.settings, domain)


def _get_processing_state(
    services: Services, domain: Domain, _caller: Caller, parameter: Any
) -> dict[str, Any]:
    return processing_state(find(services, domain, an_object(parameter).get("specifier")))


async def _estimate(
    services: Services, domain: Domain, _caller: Caller, parameter: Any
) -> dict[str, Any]:
    asked = an_object(parameter)
    _check_device(asked)
    request = LoadRequest(
        name=text(asked, "modelKey"),
        domain=domain,
        settings=load_settings(asked.get("loadConfigStack"), domain),
        above=load_above(asked.get("loadConfigStack")),
    )
    plan = await services.loader.plan(request)
    others = (*services.registry.instances, *services.registry.loads)
    usage = services.guardrail.usage(plan)
    return {
        "memory": {
            "confidence": usage.confidence,
            "modelVramBytes": usage.model_vram_bytes,
            "contextVramBytes": usage.context_vram_bytes,
            "totalVramBytes": usage.total_vram_bytes,
            "modelBytes": usage.model_bytes + usage.model_vram_bytes,
            "contextBytes": usage.context_bytes + usage.context_vram_bytes,
            "totalBytes": usage.total_bytes + usage.total_vram_bytes,
        },
        "passesGuardrails": services.guardrail.passes(plan, others),
    } | ({"source": usage.source} if optional_flag(asked, "withSource") else {})


async def _load(services: Services, domain: Domain, channel: Channel) -> None:
    """`loadModel`: always a new instance, unless the client says that it would join."""
    asked = an_object(channel.parameter)
    request = _request(domain, channel, asked, text(asked, "modelKey"), "ttlMs")
    loader = services.loader
    begin = loader.join if optional_flag(asked, "join") else loader.load
    instance: Instance | None = None
    while instance is None:
        begun = await begin(request)
        resolved: dict[str, Any] = {"type": "resolved", "info": model_info(begun.instance.model)}
        if not begun.is_new:
            resolved["joined"] = begun.instance.load_id
        channel.send(resolved)
        async with _cancellable(services, channel, begun.instance, owns=begun.is_new):
            async for fraction in begun.instance.progress():
                channel.send({"type": "progress", "progress": fraction})
            instance = await begun.settled()
    channel.send({"type": "progress", "progress": 1.0})
    channel.send({"type": "success", "info": instance_info(instance)})


async def _get_or_load(services: Services, domain: Domain, channel: Channel) -> None:
    """`getOrLoad`: the instance that fits, else a just-in-time load."""
    asked = an_object(channel.parameter)
    request = _request(domain, channel, asked, text(asked, "identifier"), "loadTtlMs")
    instance: Instance | None = None
    while instance is None:
        begun = await services.loader.ensure(request)
        if not begun.is_new and begun.instance.is_ready:
            channel.send({"type": "alreadyLoaded", "info": instance_info(begun.instance)})
            return
        for evicted in begun.evicted:
            channel.send({"type": "unloadingOtherJITModel", "info": instance_info(evicted)})
        channel.send(
            {
                "type": "startLoading",
                "identifier": begun.instance.identifier,
                "info": model_info(begun.instance.model),
            }
        )
        async with _cancellable(services, channel, begun.instance):
            async for fraction in begun.instance.progress():
                channel.send({"type": "loadProgress", "progress": fraction})
            instance = await begun.settled()
    channel.send({"type": "loadProgress", "progress": 1.0})
    channel.send({"type": "loadSuccess", "info": instance_info(instance)})


def _check_device(asked: Mapping[str, Any]) -> None:
    if asked.get("deviceIdentifier") is not None:
        raise BadRequestError("This engine is not part of an LM Link; it has no other devices.")
    for name in ("where", "replicas"):
        if asked.get(name) not in (None, "", 1):
            raise BadRequestError(f"This engine is no gateway of a fleet: it has no {name!r}.")


def _request(
    domain: Domain, channel: Channel, asked: Mapping[str, Any], name: str, ttl_name: str
) -> LoadRequest:
    owner = optional_text(asked, "owner")
    identifier = optional_text(asked, "identifier") if ttl_name == "ttlMs" else None
    _check_device(asked)
    return LoadRequest(
        name=name,
        domain=domain,
        settings=load_settings(asked.get("loadConfigStack"), domain),
        above=load_above(asked.get("loadConfigStack")),
        identifier=identifier,
        ttl_s=seconds_from(asked.get(ttl_name), ttl_name),
        owner=channel.caller.kind if owner is None else owner,
        load_id=optional_text(asked, "loadId") or "",
        replica=optional_flag(asked, "replica"),
    )


@asynccontextmanager
async def _cancellable(
    services: Services, channel: Channel, instance: Instance, *, owns: bool = False
) -> AsyncIterator[None]:
    """Wait for a load until it ends or the client cancels; a client that leaves has cancelled."""
    async with services.registry.waiting(instance, owns=owns):
        async with channel.interrupted_by("cancel") as scope:
            yield
        if scope.expired():
            raise LoadCancelledError(instance.identifier)
