"""Longer lives and shorter ones: another TTL for an instance, the end for what is idle."""

import gc
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from lms_jupyter.api.named import Named, named
from lms_jupyter.api.pools import gpu_bytes
from lms_jupyter.errors import CommandError, InstanceNotFoundError
from lms_jupyter.hosts import keeping
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.protocol.commands import (
    KeepInstance,
    PinInstance,
    ReloadInstance,
    SetTtl,
    UnloadInstance,
)
from lms_jupyter.protocol.models import Instance, Keep

Command = TypeVar("Command", UnloadInstance, SetTtl, ReloadInstance, PinInstance, KeepInstance)


async def unload(manager: Manager, what: Named, *, forget: bool = False) -> None:
    """End one instance or several; none of them if one of them is not there."""
    for instance in await named(what, manager):
        try:
            await run(exactly(UnloadInstance, instance, forget=forget), manager)
        except InstanceNotFoundError:
            # It went by itself in the meantime: that is what was wanted.
            continue


def exactly(kind: type[Command], instance: Instance, **fields: Any) -> Command:
    """Return a command about one instance, whatever others are called on other devices."""
    return kind(
        identifier=instance.identifier, instance_reference=instance.instance_reference, **fields
    )


async def extend(manager: Manager, request: SetTtl | ReloadInstance) -> None:
    """Give an instance another TTL that counts from now; with a reload where it has to be.

    Raises:
        CommandError: The host cannot change the TTL of what is loaded.
        InstanceNotFoundError: No instance has this identifier.
    """
    host = manager.activity.host
    if isinstance(request, SetTtl) and "ttl" not in host.features:
        raise CommandError(
            f"{host.name} cannot change the TTL of a loaded instance.",
            hint="With --reload it is loaded again, with the same settings and this TTL.",
        )
    await run(request, manager)


async def extend_all(
    manager: Manager, what: Named, ttl_s: float | None, *, with_reload: bool
) -> None:
    """Give one instance or several another TTL; see `extend`."""
    for instance in await named(what, manager):
        if with_reload:
            await extend(manager, exactly(ReloadInstance, instance, ttl_s=ttl_s))
        else:
            await extend(manager, exactly(SetTtl, instance, ttl_s=ttl_s))


async def forget_prompts(manager: Manager) -> None:
    """Remove all that the host keeps of prompts that ended instances have read.

    Raises:
        CommandError: The host cannot.
    """
    if "forget" not in manager.activity.host.features:
        raise CommandError(
            f"{manager.activity.host.name} cannot be asked to forget what models have read.",
            hint="The embedded engine can.",
        )
    await keeping.forget_prompts(manager.connected_host)


async def pin(manager: Manager, what: Named, *, pinned: bool, keep: Keep | None = None) -> None:
    """Pin one instance or several, keep them for a while, or let them go."""
    can_keep = "keep" in manager.activity.host.features
    for instance in await named(what, manager):
        if keep is not None or (can_keep and not pinned):
            await run(exactly(KeepInstance, instance, keep=keep), manager)
        if keep is not None:
            continue
        await run(exactly(PinInstance, instance, pinned=pinned), manager)


async def free(manager: Manager, *, everything: bool) -> tuple[Instance, ...]:
    """Unload what nobody uses now and no pin keeps, and return it.

    Args:
        manager: Whose host it is.
        everything: Also what other kernels loaded.
    """
    gone = []
    for instance in await lookup.instances(manager):
        is_ours = everything or instance.instance_reference in manager.own
        if instance.status != "idle" or instance.pinned or not is_ours:
            continue
        try:
            await run(exactly(UnloadInstance, instance), manager)
        except InstanceNotFoundError:
            # It went by itself in the meantime: that is what was wanted.
            continue
        gone.append(instance)
    return tuple(gone)


def left(manager: Manager, *, everything: bool) -> Iterator[str]:
    """Say what `free` has left in memory because nobody knows whether it is in use.

    Args:
        manager: Whose host it is; it has just been looked at.
        everything: As for `free`.
    """
    for instance in manager.activity.instances:
        is_ours = everything or instance.instance_reference in manager.own
        if instance.status == "unknown" and is_ours and not instance.pinned:
            yield (
                f"{instance.identifier} is left as it is: {manager.activity.host.name} does not "
                f"say whether it is in use. `%lms unload {instance.identifier}` ends it."
            )


def taken_bytes(instances: Iterable[Instance]) -> int:
    """Add up the memory of instances, as far as it is known."""
    return sum(
        (instance.memory_bytes or instance.size_bytes) + gpu_bytes(instance)
        for instance in instances
    )


def empty_caches() -> int:
    """Give back the GPU memory that this process caches, and return how many bytes that were."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return 0
    before = torch.cuda.memory_reserved()
    torch.cuda.empty_cache()
    return int(before - torch.cuda.memory_reserved())
