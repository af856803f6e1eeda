"""The verbs for `await`: the same as in `lms_jupyter`, with the SDK's async handles.

from lms_jupyter import aio
llm = await aio.load("qwen3-4b")
print(await llm.respond("Hello"))
"""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from lms_jupyter.api import calls, deleting, freeing, memory, tutorial, views
from lms_jupyter.api import host_calls as sync
from lms_jupyter.api import host_verbs as verbs
from lms_jupyter.api import lock as locks
from lms_jupyter.api.answers import Answer
from lms_jupyter.api.argument_types import checked
from lms_jupyter.api.async_clients import close_clients
from lms_jupyter.api.async_clients import handle_of as _handle
from lms_jupyter.api.async_clients import wait as _wait
from lms_jupyter.api.drift import check
from lms_jupyter.api.estimating import estimated
from lms_jupyter.api.events import Listener, What, begin, on_this_loop
from lms_jupyter.api.host_verbs import (
    HostWord,
    LinkWord,
    LogSource,
    RuntimeWord,
    SamplingOptions,
)
from lms_jupyter.api.load_requests import (
    Options,
    read_keep,
    read_request,
    read_ttl,
    warn_of_differences,
)
from lms_jupyter.api.named import Named
from lms_jupyter.api.pause import Paused
from lms_jupyter.api.session import session
from lms_jupyter.api.settings import DEFAULT_TTL_S
from lms_jupyter.api.tables import Table
from lms_jupyter.api.usage import DAYS, UsageBy
from lms_jupyter.api.usage import usage as read_usage
from lms_jupyter.doctor import examine as doctor
from lms_jupyter.doctor.finding import Finding
from lms_jupyter.hosts.base import LogEntry
from lms_jupyter.protocol.diary import DiaryLoad, DiarySum
from lms_jupyter.protocol.loads import LoadMode
from lms_jupyter.protocol.models import Estimate, Instance, Model

if TYPE_CHECKING:
    from lms_jupyter.api.all_hosts import InstanceOnHost
    from lms_jupyter.hosts.deletion import Deleted
    from lms_jupyter.hosts.handles import AsyncHandle
    from lms_jupyter.hosts.link_status import LinkStatus

__all__ = [
    "chat",
    "close",
    "delete",
    "drift",
    "ensure",
    "estimate",
    "examine",
    "extend",
    "free",
    "get",
    "host",
    "link",
    "llm",
    "load",
    "lock",
    "log",
    "ls",
    "model",
    "on",
    "openai",
    "paused",
    "pin",
    "preset",
    "ps",
    "restore",
    "runtime",
    "serve",
    "status",
    "tutorial_model",
    "unload",
    "usage",
]


def __dir__() -> list[str]:
    """Name what is offered, and nothing that is only imported."""
    return __all__


async def load(
    key: str, *, new: bool = False, reload: bool = False, **options: Unpack[Options]
) -> "AsyncHandle":
    """Use the instance of a model that has the settings named here, else load it."""
    return await _get(key, "new" if new else "ensure", reload=reload, **options)


async def ensure(key: str, *, reload: bool = False, **options: Unpack[Options]) -> "AsyncHandle":
    """Do what `load` does without `new`."""
    return await _get(key, "ensure", reload=reload, **options)


async def model(key: str, **options: Unpack[Options]) -> "AsyncHandle":
    """Use what is in memory under this key or identifier as it is, else load it."""
    return await _get(key, "use", reload=False, **options)


async def llm(key: str | None = None, **options: Unpack[Options]) -> "AsyncHandle":
    """Use this notebook's model, loaded if need be; see `lms_jupyter.llm`."""
    here = session()
    asked = read_request(here.folder, key or "", "use", reload=False, **options)
    instance, result = await _wait(verbs.answering(here, asked))
    if result is not None:
        warn_of_differences(result)
    return await _handle(instance, None if result is None else result.request, heal=asked.heal)


async def unload(identifier: Named, *, forget: bool = False) -> None:
    """End an instance, or several, and give the memory back; no handle brings it back."""
    await _wait(memory.unload(session().local.manager, identifier, forget=forget))


@overload
async def ps(*, all_hosts: Literal[False] = False) -> Table[Instance]: ...
@overload
async def ps(*, all_hosts: Literal[True]) -> "Table[InstanceOnHost]": ...
async def ps(*, all_hosts: bool = False) -> "Table[Instance] | Table[InstanceOnHost]":
    """List what is in memory, of every host with `all_hosts`."""
    if all_hosts:
        from lms_jupyter.api.all_hosts import instances_everywhere  # noqa: PLC0415 - few ask

        looking = instances_everywhere(session().local.manager)
        return (await _wait(looking, needs_host=False))[0]
    return await _wait(views.instances(session().local.manager))


async def ls() -> Table[Model]:
    """List what is downloaded."""
    return await _wait(views.models(session().local.manager))


async def estimate(key: str, **options: Unpack[Options]) -> Estimate:
    """Estimate how much memory a load would take; nothing is loaded."""
    here = session()
    asked = read_request(here.folder, key, "ensure", reload=False, **options)
    return (await _wait(estimated(asked, here.local.manager))).estimate


async def extend(
    identifier: Named, ttl: float | str | timedelta | None, *, reload: bool = False
) -> None:
    """Give an instance another TTL that counts from now; with `reload` where it has to be."""
    manager, ttl_s = session().local.manager, read_ttl(ttl)
    await _wait(memory.extend_all(manager, identifier, ttl_s, with_reload=reload))


async def pin(identifier: Named, *, pinned: bool = True, keep: str | None = None) -> None:
    """Keep an instance from expiring and from being evicted, or unpin it."""
    manager, what = session().local.manager, read_keep(keep)
    await _wait(memory.pin(manager, identifier, pinned=pinned, keep=what))


async def free(*, everything: bool = False, until: str | None = None, main: bool = False) -> int:
    """Unload what is idle and ours, empty this process's GPU caches, and return the bytes."""
    here = session()
    if until is not None:
        goal = freeing.goal(until, main=main)
        freed = await _wait(freeing.until(here.local.manager, goal, everything=everything))
        here.say(freed.sentence)
        return memory.taken_bytes(freed.gone)
    gone = await _wait(memory.free(here.local.manager, everything=everything))
    for sentence in memory.left(here.local.manager, everything=everything):
        here.say(sentence)
    return memory.taken_bytes(gone) + await asyncio.to_thread(memory.empty_caches)


async def lock(path: str | Path | None = None) -> Path:
    """Write down which models this notebook uses and how, and return the file."""
    here = session()
    place = locks.lock_path(here.folder, here.notebook) if path is None else Path(path)
    await _wait(locks.write_lock(place, here.local.manager))
    return place


async def drift(path: str | Path | None = None) -> tuple[str, ...]:
    """Say, in a sentence each, what is not as a lock says; empty if everything is."""
    here = session()
    place = locks.lock_path(here.folder, here.notebook) if path is None else Path(path)
    return (await _wait(check(locks.read_lock(place), here.local.manager))).lines


async def restore(path: str | Path | None = None) -> list["AsyncHandle"]:
    """Load what a lock names; return the handles, and warn of what is not as it was."""
    here = session()
    place = locks.lock_path(here.folder, here.notebook) if path is None else Path(path)
    found, manager = locks.read_lock(place), here.local.manager
    drifted = await _wait(locks.drift(found, manager))
    instances = await _wait(locks.restore(found, manager))
    for line in (*drifted, *await _wait(locks.differs(found, instances, manager.connected_host))):
        warnings.warn(line, stacklevel=2)
    return [await _handle(instance) for instance in instances]


async def status() -> Table[Instance]:
    """Return what is in memory, as a table that says which host is used and why."""
    return await _wait(verbs.status(session().local.manager))


async def chat(
    prompt: str,
    key: str | None = None,
    *,
    system: str | None = None,
    ttl: float | str | timedelta | None = DEFAULT_TTL_S,
    **sampling: Unpack[SamplingOptions],
) -> Answer:
    """Say one thing to a model; cancelling this stops the host."""
    messages = verbs.messages_of(prompt, system)
    return await _wait(verbs.chat(session(), messages, key, ttl, sampling))


async def get(
    name: str, quantization: str | None = None, *, yes: bool = False, cancel: bool = False
) -> str:
    """Download a model and return its key; cancelling this pauses it."""
    manager = session().local.manager
    return await _wait(verbs.get(manager, name, quantization, yes=yes, cancel=cancel))


async def delete(key: str, *, permanently: bool = False) -> "Deleted":
    """Delete a model from the host's disk: to the bin of its machine, where it has one."""
    return await _wait(deleting.delete(key, session().local.manager, permanently=permanently))


async def host(what: HostWord | str | None = None) -> str | tuple[str, ...]:
    """Return the address of the host, after going to another one if asked to."""
    manager = session().local.manager
    if what == "list":
        return await _wait(verbs.known_hosts(manager.activity.host.address), needs_host=False)
    if what is not None:
        return await _wait(verbs.go_to_host(manager, what), needs_host=False)
    await _wait(asyncio.sleep(0))
    return manager.activity.host.address


async def serve(
    what: Literal["start", "stop"], *, port: int | None = None, cors: bool = False
) -> None:
    """Start or stop LM Studio's HTTP server."""
    await _wait(verbs.serve(session().local.manager.connected_host, what, port=port, cors=cors))


async def link(what: LinkWord = "status", name: str = "") -> "LinkStatus":
    """Return how the host stands on LM Link, after changing what is asked for."""
    answer: LinkStatus = await _wait(verbs.link(session().local.manager.connected_host, what, name))
    return answer


async def runtime(what: RuntimeWord = "ls", name: str = "", *, latest: bool = False) -> Any:
    """List the builds of llama.cpp, select one for new loads, or survey the hardware."""
    return await _wait(
        verbs.runtime(session().local.manager.connected_host, what, name, latest=latest)
    )


async def preset(name: str | None = None, *, profile: str | None = None) -> Any:
    """List LM Studio's presets, return one, or write a profile as one."""
    return await asyncio.to_thread(partial(sync.preset, name, profile=profile))


async def usage(
    by: UsageBy | None = None, *, days: float = DAYS
) -> Table[DiaryLoad] | Table[DiarySum]:
    """Return what was in memory, when, for whom, and what it was asked."""
    return await _wait(read_usage(session().local.manager.diary, by, days))


async def log(
    last: int = 50, *, source: LogSource = "model", seconds: float = 0.0
) -> Table[LogEntry]:
    """Return what the host has logged, and what it logs in the seconds that follow."""
    return await _wait(verbs.log(session().local.manager.connected_host, last, source, seconds))


async def examine(named: str = "") -> tuple[Finding, ...]:
    """Look at host, versions, extensions, ports, engine, disk and memory."""
    return await asyncio.to_thread(doctor.examine, named)


async def openai() -> dict[str, str]:
    """Return what OpenAI's client needs to talk to this host."""
    return await asyncio.to_thread(calls.openai)


async def tutorial_model() -> str:
    """Return the key of the model for the tutorials."""
    return await asyncio.to_thread(tutorial.tutorial_model)


@contextlib.asynccontextmanager
async def paused(*identifiers: Named, everything: bool = False) -> AsyncIterator[None]:
    """Give the memory of models to something else for the length of an `async with` block.

    Args:
        *identifiers: Which instances, as for `unload`; by default those that this kernel loaded.
        everything: All instances of the host, whoever loaded them.
    """
    pause = Paused(session(), identifiers, everything=everything)
    try:
        await _wait(pause.unload())
        yield
    finally:
        await _wait(pause.load_again())


async def on(what: What, listener: Listener) -> Callable[[], None]:
    """Call a function on this loop whenever something happens; return a function that ends it.

    Args:
        what: As for `lms_jupyter.on`.
        listener: Called with a `ModelEvent`; it may be a coroutine function.

    Raises:
        CommandError: There is no such event.
    """
    await _wait(asyncio.sleep(0))  # there has to be a host
    return begin(session().local, what, on_this_loop(listener))


async def close() -> None:
    """Close the SDK's async clients of this loop; their handles stop working."""
    await close_clients()


async def _get(
    key: str, mode: LoadMode, *, reload: bool, **options: Unpack[Options]
) -> "AsyncHandle":
    here = session()
    asked = read_request(here.folder, key, mode, reload=reload, **options)
    result = await _wait(here.load(asked))
    warn_of_differences(result)
    from lms_jupyter.hosts.handles import just_loaded  # noqa: PLC0415 - brings the SDK

    handle = await _handle(result.instance, result.request, heal=asked.heal)
    if result.how != "used":
        just_loaded(handle)
    return handle


for _verb in __all__:
    globals()[_verb] = checked(globals()[_verb])
