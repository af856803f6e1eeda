"""`lms_jupyter.on("unloaded", listener)`: subscribe to what happens to the models of the host."""

import asyncio
import warnings
from collections.abc import Callable, Iterator
from inspect import isawaitable
from itertools import count
from typing import Literal, get_args

from msgspec import Struct
from traitlets import Bunch

from lms_jupyter.api.session import session
from lms_jupyter.errors import CommandError
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.manager.viewers import VIEWER_TIMEOUT_S
from lms_jupyter.protocol.commands import Attend
from lms_jupyter.protocol.models import Instance
from lms_jupyter.protocol.slices import Activity

What = Literal["loaded", "unloaded", "expired", "busy", "idle", "lost", "connected"]
Listener = Callable[["ModelEvent"], object]

EARLY_S = 1.0
"""A host may reckon a TTL a little shorter than we do."""


_serial = count(1)


class ModelEvent(Struct, frozen=True, kw_only=True):
    """Something that happened on the host, by whomever."""

    what: What
    instance: Instance | None = None
    """Which one; `None` if it happened to the host itself."""


def on(what: What, listener: Listener) -> Callable[[], None]:
    """Call a function whenever something happens; it runs on the manager's thread.

    Args:
        what: "loaded", "unloaded", "expired" (its TTL was over; it is "unloaded" too), "busy",
            "idle", "lost" or "connected".
        listener: Called with a `ModelEvent`. It should return soon; what it raises becomes a
            warning.

    Returns:
        A function that ends it.

    Raises:
        CommandError: There is no such event.

    Example:
        >>> stop = lms_jupyter.on("loaded", print)
    """
    _check(what)
    local = session().local
    local.connect()
    return begin(local, what, listener)


def begin(local: LocalManager, what: What, listener: Listener) -> Callable[[], None]:
    """Do what `on` does, once there is a host.

    Raises:
        CommandError: There is no such event.
    """
    stop = listen(local.manager, what, listener)
    looking = local.submit(_look_on(f"on-{next(_serial)}", local.manager))

    def end() -> None:
        stop()
        if not looking.done():
            local.stop(looking)

    return end


def on_this_loop(listener: Listener) -> Listener:
    """Return a listener that has another one called on the loop that runs now.

    What that returns is awaited if it can be.
    """
    loop = asyncio.get_running_loop()
    calls: set[asyncio.Task[None]] = set()

    async def call(event: ModelEvent) -> None:
        try:
            result = listener(event)
            if isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - as for every listener
            _warn(event, error)

    def schedule(event: ModelEvent) -> None:
        task = loop.create_task(call(event))
        calls.add(task)
        task.add_done_callback(calls.discard)

    def relay(event: ModelEvent) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(schedule, event)

    return relay


async def _look_on(viewer: str, manager: Manager) -> None:
    """Have the host watched until cancelled: a viewer that keeps silent counts as gone."""
    try:
        while True:
            await run(Attend(viewer=viewer, visible=True), manager)
            await asyncio.sleep(VIEWER_TIMEOUT_S / 2)
    finally:
        manager.viewers.note(viewer, visible=False)


def listen(manager: Manager, what: What, listener: Listener) -> Callable[[], None]:
    """Do what `on` does for any manager, as far as somebody else has it watch its host."""
    _check(what)
    ended = False

    def observe(change: Bunch) -> None:
        for event in events_between(change.old, change.new):
            if event.what == what:
                _call(listener, event)

    def end() -> None:
        nonlocal ended
        if not ended:
            manager.unobserve(observe, "activity")
        ended = True

    manager.observe(observe, "activity")
    return end


def events_between(old: Activity, new: Activity) -> Iterator[ModelEvent]:
    """Say what happened between two looks at the same host."""
    if old.epoch != new.epoch:
        return
    if old.host.link != new.host.link and new.host.link in ("lost", "connected"):
        yield ModelEvent(what="lost" if new.host.link == "lost" else "connected")
    before = {instance.instance_reference: instance for instance in old.instances}
    after = {instance.instance_reference: instance for instance in new.instances}
    for reference, instance in before.items():
        if reference not in after:
            yield ModelEvent(what="unloaded", instance=instance)
            if _was_over(instance, new.now):
                yield ModelEvent(what="expired", instance=instance)
    for reference, instance in after.items():
        if reference not in before:
            yield ModelEvent(what="loaded", instance=instance)
        elif "unknown" in (instance.status, before[reference].status):
            # What it did in between nobody knows.
            continue
        elif (instance.status == "idle") != (before[reference].status == "idle"):
            what: What = "idle" if instance.status == "idle" else "busy"
            yield ModelEvent(what=what, instance=instance)


def _check(what: str) -> None:
    if what not in get_args(What):
        raise CommandError(
            f"There is no event {what!r}.",
            hint=f"Events are: {', '.join(get_args(What))}.",
        )


def _was_over(instance: Instance, now: float) -> bool:
    """Whether its TTL was over when it was last seen to be gone."""
    if instance.ttl_s is None or instance.idle_since is None:
        return False
    return now >= instance.idle_since + instance.ttl_s - EARLY_S


def _call(listener: Listener, event: ModelEvent) -> None:
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001 - a listener's failure must not end the watch
        _warn(event, error)


def _warn(event: ModelEvent, error: Exception) -> None:
    warnings.warn(f"A listener for {event.what!r} failed: {error!r}", stacklevel=3)
