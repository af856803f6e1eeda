"""Runs `unload`, `extend`, `pin` and `free`."""

from typing import TypeVar

from msgspec.structs import replace as changed

from lms_jupyter.api import memory
from lms_jupyter.api.duration import format_duration
from lms_jupyter.api.sizes import format_size
from lms_jupyter.errors import CommandError, InstanceNotFoundError
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.memory import Free, OnDevice, Request, Unload
from lms_jupyter.manager import lookup
from lms_jupyter.protocol.commands import PinInstance, ReloadInstance, SetTtl, UnloadInstance
from lms_jupyter.protocol.models import Instance

Aimed = TypeVar("Aimed", bound=Request)


@perform.register
def unload(request: Unload, context: MagicContext) -> None:
    """End one instance, or all."""
    context.connect()
    if request.identifier is not None:
        _end(context.session.instance(request.identifier, request.device), context)
        return
    known = context.session.run(lookup.instances_on(request.device, context.manager))
    if request.everything:
        if not known:
            context.say("Nothing is in memory.")
            return
        for instance in known:
            try:
                _end(instance, context)
            except InstanceNotFoundError:
                # It went by itself in the meantime: that is what was wanted.
                continue
        return
    if len(known) == 1:
        _end(known[0], context)
        return
    names = ", ".join(sorted(instance.identifier for instance in known))
    raise CommandError(
        "%lms unload: which instance? "
        + (f"There are {len(known)}." if known else "Nothing is in memory."),
        hint=f"Name one of {names}, or say --all." if known else "`%lms load KEY` loads a model.",
    )


@perform.register
def extend(request: SetTtl, context: MagicContext) -> None:
    """Give an instance another TTL that counts from now."""
    request = _aimed(request, context)
    context.session.run(memory.extend(context.manager, request))
    context.say(f"{request.identifier} {_leaves(request.ttl_s)}.")


@perform.register
def extend_by_reload(request: ReloadInstance, context: MagicContext) -> None:
    """Load an instance again as it is, with another TTL."""
    request = _aimed(request, context)
    context.command(request)
    context.say(f"{request.identifier} is loaded again, and {_leaves(request.ttl_s)}.")


@perform.register
def on_device(asked: OnDevice, context: MagicContext) -> None:
    """Do to the instance on one device what is asked."""
    perform(_aimed(asked.request, context, asked.device), context)


def _leaves(ttl_s: float | None) -> str:
    if ttl_s is None:
        return "has no TTL"
    return f"unloads when idle for {format_duration(ttl_s)}, counted from now"


@perform.register
def pin(request: PinInstance, context: MagicContext) -> None:
    """Keep an instance from expiring, or no longer."""
    request = _aimed(request, context)
    context.command(request)
    state = (
        "is pinned: it stays in memory until it is unloaded"
        if request.pinned
        else "is no longer pinned"
    )
    context.say(f"{request.identifier} {state}.")


@perform.register
def free(request: Free, context: MagicContext) -> None:
    """Unload what is idle and ours, and empty the caches that this kernel keeps on a GPU."""
    context.connect()
    gone = context.session.run(memory.free(context.manager, everything=request.everything))
    for instance in gone:
        context.say(f"{instance.identifier} is unloaded.")
    for sentence in memory.left(context.manager, everything=request.everything):
        context.say(sentence)
    given_back = memory.taken_bytes(gone) + memory.empty_caches()
    context.say(f"{format_size(given_back)} given back." if given_back else "Nothing to give back.")


def _aimed(request: Aimed, context: MagicContext, device: str | None = None) -> Aimed:
    """Return what is asked of the one instance that is meant, whatever form of its name is used."""
    if request.instance_reference is not None:
        return request
    context.connect()
    instance = context.session.instance(request.identifier, device)
    reference = instance.instance_reference
    return changed(request, identifier=instance.identifier, instance_reference=reference)


def _end(instance: Instance, context: MagicContext) -> None:
    context.command(memory.exactly(UnloadInstance, instance))
    context.say(f"{instance.identifier} is unloaded.")
