"""The verbs for `await`: the same as in `lms_jupyter`, with the SDK's async handles.

from lms_jupyter import aio
llm = await aio.load("qwen3-4b")
print(await llm.respond("Hello"))
"""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack
from weakref import WeakKeyDictionary

from lms_jupyter.api import lock as locks
from lms_jupyter.api import memory, views
from lms_jupyter.api.drift import check
from lms_jupyter.api.estimating import estimated
from lms_jupyter.api.events import Listener, What, begin, on_this_loop
from lms_jupyter.api.load_requests import (
    Options,
    read_request,
    read_ttl,
    warn_of_differences,
)
from lms_jupyter.api.named import Named
from lms_jupyter.api.pause import Paused
from lms_jupyter.api.session import session
from lms_jupyter.api.tables import Table
from lms_jupyter.hosts.forks import in_child
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import Estimate, Instance, Model

if TYPE_CHECKING:
    from lms_jupyter.hosts.handles import AsyncHandle

__all__ = [
    "close",
    "drift",
    "ensure",
    "estimate",
    "extend",
    "free",
    "load",
    "lock",
    "ls",
    "model",
    "on",
    "paused",
    "pin",
    "ps",
    "restore",
    "unload",
]

Result = TypeVar("Result")

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Any]] = WeakKeyDictionary()
"""The SDK's async clients belong to the loop that they were opened on, and to its process."""
_opening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Held while a client is opened, so that two handles never open two."""
_closing: set[asyncio.Task[Any]] = set()

in_child(_clients.clear)
in_child(_opening.clear)
in_child(_closing.clear)


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


async def unload(identifier: Named) -> None:
    """End an instance, or several, and give the memory back; no handle brings it back."""
    await _wait(memory.unload(session().local.manager, identifier))


async def ps() -> Table[Instance]:
    """List what is in memory."""
    return await _wait(views.instances(session().local.manager))


async def ls() -> Table[Model]:
    """List what is downloaded."""
    return await _wait(views.models(session().local.manager))


async def estimate(key: str, **options: Unpack[Options]) -> Estimate:
    """Estimate how much memory a load would take; nothing is loaded."""
    here = session()
    asked = read_request(here.folder, key, "ensure", reload=False, **options)
    return (await _wait(estimated(asked, here.local.manager)))[1]


async def extend(
    identifier: Named, ttl: float | str | timedelta | None, *, reload: bool = False
) -> None:
    """Give an instance another TTL that counts from now; with `reload` where it has to be."""
    manager, ttl_s = session().local.manager, read_ttl(ttl)
    await _wait(memory.extend_all(manager, identifier, ttl_s, with_reload=reload))


async def pin(identifier: Named, *, pinned: bool = True) -> None:
    """Keep an instance from expiring and from being evicted, or unpin it."""
    await _wait(memory.pin(session().local.manager, identifier, pinned=pinned))


async def free(*, everything: bool = False) -> int:
    """Unload what is idle and ours, empty this process's GPU caches, and return the bytes."""
    here = session()
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
    for line in (*drifted, *await _wait(locks.differs(found, instances, manager))):
        warnings.warn(line, stacklevel=2)
    return [await _handle(instance) for instance in instances]


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
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.__aexit__(None, None, None)


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


async def _handle(
    instance: Instance, request: LoadRequest | None = None, *, heal: bool = True
) -> "AsyncHandle":
    """Return the SDK's handle of an instance for this loop; see `Session.handle_of`."""
    from lms_jupyter.hosts.handles import async_handle  # noqa: PLC0415 - brings the SDK

    request = request or LoadRequest(model_key=instance.model_key)
    revival = session().revival(instance, request)
    revive = (lambda seen: _wait(revival(seen))) if heal else None
    return async_handle(await _client(), instance, revive, _client)


async def _client(lost: Any = None) -> Any:
    """Return the SDK's client on the host that is ours now, for this loop.

    Args:
        lost: A client whose connection is gone: another takes its place.
    """
    from lms_jupyter.hosts.credentials import token_for  # noqa: PLC0415 - brings the SDK
    from lms_jupyter.hosts.handles import async_client  # noqa: PLC0415 - as above

    loop = asyncio.get_running_loop()
    if not session().local.manager.activity.host.address:
        # In a forked worker a handle is often the first that needs the host.
        await _wait(asyncio.sleep(0))
    address = session().local.manager.activity.host.address
    async with _opening.setdefault(loop, asyncio.Lock()):
        clients = _clients.setdefault(loop, {})
        if lost is not None and clients.get(address) is lost:
            gone = clients.pop(address)
            # Its sockets may take long to find out that nobody is there.
            closing = loop.create_task(gone.__aexit__(None, None, None))
            _closing.add(closing)
            closing.add_done_callback(_closing.discard)
        if address not in clients:
            clients[address] = await async_client(address, token_for(address))
        return clients[address]


async def _wait(work: Coroutine[Any, Any, Result]) -> Result:
    """Await work on the manager's loop from this one; cancelling cancels it there."""
    local = session().local

    async def connected() -> Result:
        try:
            await connect(local.manager)
        except BaseException:
            work.close()
            raise
        return await work

    submitted = local.submit(connected())
    try:
        return await asyncio.shield(asyncio.wrap_future(submitted))
    except asyncio.CancelledError:
        if not submitted.done():
            local.stop(submitted)
        raise
