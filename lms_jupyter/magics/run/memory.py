"""Runs `unload`, `extend`, `pin` and `free`."""

import time
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from msgspec.structs import replace as changed

from lms_jupyter.api import freeing, memory
from lms_jupyter.api.sizes import format_size
from lms_jupyter.errors import CommandError, InstanceNotFoundError
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.memory import Free, OnDevice, Request, Unload
from lms_jupyter.manager import lookup
from lms_jupyter.manager.duration import format_duration
from lms_jupyter.manager.keep_words import say_keep
from lms_jupyter.protocol.commands import (
    KeepInstance,
    PinInstance,
    ReloadInstance,
    SetTtl,
    UnloadInstance,
)
from lms_jupyter.protocol.models import Instance

Aimed = TypeVar("Aimed", bound=Request)


@perform.register
def unload(request: Unload, context: MagicContext) -> None:
    """End one instance, or all."""
    context.connect()
    ending = partial(_end, context=context, forget=request.forget)
    if request.identifier is not None:
        for instance in context.session.instances(request.identifier, request.device):
            ending(instance)
        return
    known = context.session.run(lookup.instances_on(request.device, context.manager))
    if request.everything:
        _end_all(known, request, context)
        return
    if len(known) == 1:
        ending(known[0])
        return
    names = ", ".join(sorted(instance.identifier for instance in known))
    raise CommandError(
        "%lms unload: which instance? "
        + (f"There are {len(known)}." if known else "Nothing is in memory."),
        hint=f"Name one of {names}, or say --all." if known else "`%lms load KEY` loads a model.",
    )


def _end_all(known: Sequence[Instance], request: Unload, context: MagicContext) -> None:
    """End all instances; with `--forget`, forget also what was kept of those before them."""
    for instance in known:
        try:
            _end(instance, context, forget=request.forget)
        except InstanceNotFoundError:
            # It went by itself in the meantime: that is what was wanted.
            continue
    if request.forget:
        context.session.run(memory.forget_prompts(context.manager))
        context.say("Nothing is kept of what models have read.")
    elif not known:
        context.say("Nothing is in memory.")


@perform.register
def extend(request: SetTtl, context: MagicContext) -> None:
    """Give an instance another TTL that counts from now."""
    for command in (aimed := _aimed(request, context)):
        context.session.run(memory.extend(context.manager, command))
    context.say(f"{_with_replicas(aimed)} {_leaves(request.ttl_s)}.")


@perform.register
def extend_by_reload(request: ReloadInstance, context: MagicContext) -> None:
    """Load an instance again as it is, with another TTL."""
    # Loaded again, a replica would be one no more: each is named by its device.
    (request,) = _aimed(request, context, together=False)
    context.command(request)
    context.say(f"{request.identifier} is loaded again, and {_leaves(request.ttl_s)}.")


@perform.register
def on_device(asked: OnDevice, context: MagicContext) -> None:
    """Do to the instance on one device what is asked."""
    (request,) = _aimed(asked.request, context, asked.device)
    perform(request, context)


def _leaves(ttl_s: float | None) -> str:
    if ttl_s is None:
        return "has no TTL"
    return f"unloads when idle for {format_duration(ttl_s)}, counted from now"


@perform.register
def pin(request: PinInstance, context: MagicContext) -> None:
    """Keep an instance from expiring, or no longer."""
    can_keep = "keep" in context.manager.activity.host.features
    for command in (aimed := _aimed(request, context)):
        context.command(command)
        if not request.pinned and can_keep:
            reference = command.instance_reference
            context.command(
                KeepInstance(identifier=command.identifier, instance_reference=reference, keep=None)
            )
    state = (
        "is pinned: it stays in memory until it is unloaded"
        if request.pinned
        else "is no longer pinned"
    )
    context.say(f"{_with_replicas(aimed)} {state}.")


@perform.register
def keep(request: KeepInstance, context: MagicContext) -> None:
    """Keep an instance while this notebook is open, or until a time."""
    for command in (aimed := _aimed(request, context)):
        context.command(command)
    if request.keep is not None:
        kept = "while this notebook is open"
        if request.keep.until is not None:
            kept = say_keep(request.keep, time.time())
        context.say(f"{_with_replicas(aimed)} stays in memory {kept}.")


@perform.register
def free(request: Free, context: MagicContext) -> None:
    """Unload what is idle and ours, and empty the caches that this kernel keeps on a GPU."""
    context.connect()
    if request.until_bytes is not None:
        _free_until(request, request.until_bytes, context)
        return
    gone = context.session.run(memory.free(context.manager, everything=request.everything))
    for instance in gone:
        context.say(f"{instance.identifier} is unloaded.")
    for sentence in memory.left(context.manager, everything=request.everything):
        context.say(sentence)
    given_back = memory.taken_bytes(gone) + memory.empty_caches()
    context.say(f"{format_size(given_back)} given back." if given_back else "Nothing to give back.")


def _free_until(request: Free, wanted_bytes: int, context: MagicContext) -> None:
    """Unload what is idle until so much memory is free, and say how far that came."""
    goal = freeing.Goal(wanted_bytes=wanted_bytes, main=request.main)
    work = freeing.until(
        context.manager, goal, everything=request.everything, when_idle=request.when_idle
    )
    freed = context.session.run(work)
    for instance in freed.gone:
        context.say(f"{instance.identifier} is unloaded.")
    context.say(freed.sentence)


def _aimed(
    request: Aimed, context: MagicContext, device: str | None = None, *, together: bool = True
) -> list[Aimed]:
    """Return what is asked of each instance that is meant, whatever form of its name is used.

    Args:
        request: Names the instance.
        context: Whose host it is on.
        device: The device that it is on; `None`: any.
        together: Whether a name that the replicas of a load have means all of them.
    """
    if request.instance_reference is not None:
        return [request]
    context.connect()
    found = (
        context.session.instances(request.identifier, device)
        if together
        else (context.session.instance(request.identifier, device),)
    )
    return [
        changed(
            request,
            identifier=instance.identifier,
            instance_reference=instance.instance_reference,
        )
        for instance in found
    ]


def _with_replicas(aimed: Sequence[Request]) -> str:
    """Name what was asked for; all have one name."""
    replicas = f" with its {len(aimed)} replicas" if len(aimed) > 1 else ""
    return f"{aimed[0].identifier}{replicas}"


def _end(instance: Instance, context: MagicContext, *, forget: bool = False) -> None:
    context.command(memory.exactly(UnloadInstance, instance, forget=forget))
    forgotten = ", and nothing is kept of what its model has read" if forget else ""
    context.say(f"{instance.identifier} is unloaded{forgotten}.")
