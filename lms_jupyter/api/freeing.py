"""Unloads no more than it takes until so much memory is free."""

import asyncio

from msgspec import Struct

from lms_jupyter.api import memory
from lms_jupyter.api.pools import gpu_bytes
from lms_jupyter.api.sizes import format_size, parse_size
from lms_jupyter.errors import CommandError, InstanceNotFoundError
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.protocol.commands import UnloadInstance
from lms_jupyter.protocol.models import Instance
from lms_jupyter.protocol.slices import Activity

LOOK_AGAIN_S = 0.5
"""Between two looks at what is in use."""


class Goal(Struct, frozen=True, kw_only=True):
    """How much is to be free, and where."""

    wanted_bytes: int
    main: bool = False
    """Of main memory, also where there are GPUs."""


class Freed(Struct, frozen=True, kw_only=True):
    """What was unloaded, and how far that came."""

    gone: tuple[Instance, ...]
    free_bytes: int
    goal: Goal
    where: str

    @property
    def sentence(self) -> str:
        """Say whether there is as much as was wanted."""
        now = f"{format_size(self.free_bytes)} of {self.where} are free"
        if self.free_bytes >= self.goal.wanted_bytes:
            return f"{now}."
        wanted = format_size(self.goal.wanted_bytes)
        return (
            f"{now}, less than {wanted}: nothing else may go that is idle and not pinned or kept."
        )


def goal(text: str, *, main: bool = False) -> Goal:
    """Read how much is to be free.

    Raises:
        CommandError: It is no size.
    """
    return Goal(wanted_bytes=parse_size(text), main=main)


async def until(manager: Manager, to: Goal, *, everything: bool, when_idle: bool = False) -> Freed:
    """Unload what is idle, the longest idle first, until so much memory is free.

    Args:
        manager: Whose host it is.
        to: How much, and where.
        everything: Also what other kernels loaded.
        when_idle: Wait for what is in use; cancelling this ends the wait.

    Raises:
        CommandError: The host does not tell how much is free.
    """
    gone: list[Instance] = []
    while True:
        found = await lookup.instances(manager)
        free_bytes, where, on_gpus = _free(manager.activity, to)
        freed = Freed(gone=tuple(gone), free_bytes=free_bytes, goal=to, where=where)
        ours = [
            instance
            for instance in found
            if (everything or instance.instance_reference in manager.own)
            and not instance.pinned
            and instance.keep is None
            and (not on_gpus or gpu_bytes(instance) > 0)
        ]
        idle = [instance for instance in ours if instance.status == "idle" and not instance.queued]
        if free_bytes >= to.wanted_bytes or not ours or not (idle or when_idle):
            return freed
        if not idle:
            await asyncio.sleep(LOOK_AGAIN_S)
            continue
        first = min(idle, key=lambda instance: instance.idle_since or 0.0)
        try:
            await run(memory.exactly(UnloadInstance, first), manager)
            gone.append(first)
        except InstanceNotFoundError:
            # It went by itself in the meantime: that is what was wanted.
            continue


def _free(activity: Activity, to: Goal) -> tuple[int, str, bool]:
    """Return how much is free, of what, and whether that is on GPUs."""
    memory_now = activity.memory
    if memory_now is None:
        raise CommandError(
            f"{activity.host.name} does not tell how much memory is free.",
            hint="`%lms free` unloads all that is idle.",
        )
    if memory_now.gpus and not to.main:
        return sum(gpu.available_bytes for gpu in memory_now.gpus), "the GPUs' memory", True
    return memory_now.available_bytes, "main memory", False
