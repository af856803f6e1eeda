"""Carries out commands: one coroutine per command, chosen by its type."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import singledispatch
from typing import Literal

import msgspec

from lms_jupyter.errors import (
    CommandError,
    HostReplyError,
    InstanceExistsError,
    InstanceNotFoundError,
    LoadCancelledError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.base import Loaded, LoadRequest
from lms_jupyter.manager.events import (
    InstanceLoaded,
    InstanceUnloaded,
    LoadCancelling,
    LoadEnded,
    LoadProgressed,
    LoadStarted,
    Looked,
    ModelsListed,
    ProblemDismissed,
)
from lms_jupyter.manager.manager import Manager
from lms_jupyter.protocol.commands import (
    Attend,
    CancelLoad,
    DismissProblem,
    EnsureModel,
    EstimateLoad,
    LoadModel,
    PinInstance,
    Refresh,
    SetTtl,
    UnloadInstance,
)
from lms_jupyter.protocol.models import Estimate, Instance, Load, LoadConfig, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The instance that a load or an ensure ended with, and how it came about."""

    instance: Instance
    how: Literal["loaded", "used", "reloaded"]


@singledispatch
async def run(command: object, _manager: Manager) -> Outcome | Estimate | Instance | None:
    """Carry out a command to the end, or raise an `LmsError`."""
    raise CommandError(f"Nothing knows how to run {command!r}.")


@run.register
async def load(command: LoadModel, manager: Manager) -> Outcome:
    """Make a new instance; cancelling this coroutine calls the load off on the host."""
    _check_ttl(command.ttl_s)
    model = await _model(command.model_key, manager)
    _check_context(command.config, model)
    load = Load(
        load_id=manager.new_load_id(),
        identifier=command.identifier,
        model_key=command.model_key,
        kind=model.kind,
        fraction=0.0,
        started_at=manager.host_now(),
    )
    manager.apply(LoadStarted(load=load))
    task = manager.spawn(_drive(command, load.load_id, manager))
    manager.loads[load.load_id] = task
    try:
        instance = await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise LoadCancelledError(f"The load of {command.model_key!r} was cancelled.") from None
    finally:
        del manager.loads[load.load_id]
        manager.apply(LoadEnded(load_id=load.load_id))
        manager.wake.set()
    manager.own_references.add(instance.instance_reference)
    manager.apply(InstanceLoaded(instance=instance))
    return Outcome(instance=instance, how="loaded")


@run.register
async def ensure(command: EnsureModel, manager: Manager) -> Outcome:
    """Use the instance that fits; load one if there is none; reload one of ours that differs."""
    _check_ttl(command.ttl_s)
    candidates = await _candidates(command, manager)
    differing: list[tuple[Instance, str]] = []
    for instance in candidates:
        effective = await manager.connected_host.load_config(instance)
        difference = ", ".join(_differences(command.config, effective))
        if not difference:
            return Outcome(instance=instance, how="used")
        differing.append((instance, difference))
    wanted = LoadModel(
        model_key=command.model_key,
        identifier=command.identifier,
        ttl_s=command.ttl_s,
        config=command.config,
    )
    if not differing:
        return await load(wanted, manager)
    own = [i for i, _ in differing if i.instance_reference in manager.own_references]
    if not own:
        instance, difference = differing[0]
        raise InstanceExistsError(instance.identifier, difference)
    _check_context(command.config, await _model(command.model_key, manager))
    await run(UnloadInstance(identifier=own[0].identifier), manager)
    wanted = msgspec.structs.replace(wanted, identifier=own[0].identifier)
    outcome = await load(wanted, manager)
    return Outcome(instance=outcome.instance, how="reloaded")


@run.register
async def unload(command: UnloadInstance, manager: Manager) -> Instance:
    """End an instance. The host is asked which one it is: our picture may be old."""
    instance = await _instance(command.identifier, manager)
    await manager.connected_host.unload(instance)
    manager.own_references.discard(instance.instance_reference)
    manager.apply(InstanceUnloaded(instance_reference=instance.instance_reference))
    manager.wake.set()
    return instance


@run.register
async def cancel_load(command: CancelLoad, manager: Manager) -> None:
    """Call off a load: ours by ending its task, another client's through the host."""
    manager.apply(LoadCancelling(load_id=command.load_id))
    if (task := manager.loads.get(command.load_id)) is not None:
        task.cancel()
    elif "cancelLoad" in manager.connected_host.info.features:
        await manager.connected_host.cancel_load(command.load_id)
    else:
        raise CommandError(
            "This load was begun elsewhere, and the host cannot stop it from here.",
            hint="Cancel it where it was started.",
        )


@run.register
async def set_ttl(command: SetTtl, manager: Manager) -> None:
    """Give an instance another TTL, where the host can."""
    _check_ttl(command.ttl_s)
    _check_feature("ttl", "change the TTL of a loaded instance", manager)
    instance = await _instance(command.identifier, manager)
    await manager.connected_host.set_ttl(instance, command.ttl_s)
    manager.wake.set()


@run.register
async def pin(command: PinInstance, manager: Manager) -> None:
    """Pin an instance or let it go, where the host can."""
    _check_feature("pin", "pin an instance", manager)
    instance = await _instance(command.identifier, manager)
    await manager.connected_host.pin(instance, pinned=command.pinned)
    manager.wake.set()


@run.register
async def estimate(command: EstimateLoad, manager: Manager) -> Estimate:
    """Ask the host what a load would take."""
    model = await _model(command.model_key, manager)
    return await manager.connected_host.estimate(model, command.config)


@run.register
async def dismiss(command: DismissProblem, manager: Manager) -> None:
    """Take a problem off the list."""
    manager.apply(ProblemDismissed(problem_id=command.problem_id))


@run.register
async def attend(command: Attend, manager: Manager) -> None:
    """Take note that somebody looks, and look with them."""
    manager.attendance.note(command.viewer, visible=command.visible)
    if command.visible:
        manager.wake.set()


@run.register
async def refresh(_command: Refresh, manager: Manager) -> None:
    """Read the host now, the disk included."""
    manager.apply(ModelsListed(models=await manager.connected_host.models()))
    manager.apply(Looked(sight=await manager.connected_host.look()))


async def _drive(command: LoadModel, load_id: str, manager: Manager) -> Instance:
    """Follow a load on the host to its end."""
    request = LoadRequest(
        model_key=command.model_key,
        load_id=load_id,
        identifier=command.identifier,
        ttl_s=command.ttl_s,
        config=command.config,
        owner=manager.owner,
    )
    async with aclosing(manager.connected_host.load(request)) as steps:  # type: ignore[type-var]
        async for step in steps:
            if isinstance(step, Loaded):
                return step.instance
            manager.apply(LoadProgressed(load_id=load_id, fraction=step.fraction))
    raise HostReplyError(f"The host ended loading {command.model_key!r} without an instance.")


async def _model(model_key: str, manager: Manager) -> Model:
    """Find a model by key, variant or path on the host's disk as it is now."""
    models = await manager.connected_host.models()
    manager.apply(ModelsListed(models=models))
    for model in models:
        if model_key in (model.model_key, model.path, *model.variants):
            return model
    raise ModelNotFoundError(model_key, [model.model_key for model in models])


async def _instance(identifier: str, manager: Manager) -> Instance:
    sight = await manager.connected_host.look()
    for instance in sight.instances:
        if instance.identifier == identifier:
            return instance
    raise InstanceNotFoundError(identifier, [known.identifier for known in sight.instances])


async def _candidates(command: EnsureModel, manager: Manager) -> tuple[Instance, ...]:
    """Return the instances that could serve an ensure, the named one alone if one is named."""
    model = await _model(command.model_key, manager)
    instances = (await manager.connected_host.look()).instances
    fitting = tuple(i for i in instances if i.model_key in (model.model_key, command.model_key))
    if command.identifier is None:
        return fitting
    named = tuple(i for i in instances if i.identifier == command.identifier)
    if named and named[0] not in fitting:
        raise InstanceExistsError(command.identifier)
    return named


def _differences(asked: LoadConfig, effective: LoadConfig) -> Iterator[str]:
    """Say where what is in effect is not what was asked, for the settings that were named."""
    for name in LoadConfig.__struct_fields__:
        wanted, got = getattr(asked, name), getattr(effective, name)
        if wanted is not None and wanted != got:
            yield f"{name} is {got}, not {wanted}"


def _check_ttl(ttl_s: float | None) -> None:
    if ttl_s is not None and not ttl_s >= 1:
        raise CommandError(
            f"A TTL of {ttl_s:g} s makes no sense.",
            hint="Give at least 1 second, or no TTL at all to keep it until it is unloaded.",
        )


def _check_context(config: LoadConfig, model: Model) -> None:
    """Refuse before anything is attempted what the model cannot do."""
    length = config.context_length
    if length is not None and not 1 <= length <= model.max_context_length:
        raise CommandError(
            f"{model.model_key} has a context of at most {model.max_context_length:,} tokens, "
            f"not {length:,}.",
            hint=f"Ask for a context length from 1 to {model.max_context_length}.",
        )


def _check_feature(feature: str, what: str, manager: Manager) -> None:
    host = manager.connected_host
    if feature not in host.info.features:
        raise CommandError(
            f"{manager.activity.host.name} cannot {what}.", hint="The embedded engine can."
        )
