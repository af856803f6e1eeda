"""The SDK's async clients of each loop, and the handles that talk through them."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from lms_jupyter.api.session import session
from lms_jupyter.hosts.forks import in_child
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance

if TYPE_CHECKING:
    from lms_jupyter.hosts.handles import AsyncHandle

Result = TypeVar("Result")

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Any]] = WeakKeyDictionary()
"""The SDK's async clients belong to the loop that they were opened on, and to its process."""
_opening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Held while a client is opened, so that two handles never open two."""
_closing: set[asyncio.Task[Any]] = set()

in_child(_clients.clear)
in_child(_opening.clear)
in_child(_closing.clear)


async def close_clients() -> None:
    """Close those of this loop."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.__aexit__(None, None, None)


async def handle_of(
    instance: Instance, request: LoadRequest | None = None, *, heal: bool = True
) -> "AsyncHandle":
    """Return the SDK's handle of an instance for this loop; see `Session.handle_of`."""
    from lms_jupyter.hosts.handles import async_handle, shown_as  # noqa: PLC0415 - brings the SDK

    request = request or LoadRequest(model_key=instance.model_key)
    revival = session().revival(instance, request)
    revive = (lambda seen: wait(revival(seen))) if heal else None
    handle = async_handle(await client_here(), instance, revive, client_here)
    shown_as(handle, session().card_of(instance.identifier))
    return handle


async def client_here(lost: Any = None) -> Any:
    """Return the SDK's client on the host that is ours now, for this loop.

    Args:
        lost: A client whose connection is gone: another takes its place.
    """
    from lms_jupyter.hosts.credentials import token_for  # noqa: PLC0415 - brings the SDK
    from lms_jupyter.hosts.handles import async_client  # noqa: PLC0415 - as above

    loop = asyncio.get_running_loop()
    if not session().local.manager.activity.host.address:
        # In a forked worker a handle is often the first that needs the host.
        await wait(asyncio.sleep(0))
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
            clients[address] = await async_client(
                address, await asyncio.to_thread(token_for, address)
            )
        return clients[address]


async def wait(work: Coroutine[Any, Any, Result], *, needs_host: bool = True) -> Result:
    """Await work on the manager's loop from this one; cancelling cancels it there."""
    local = session().local

    async def connected() -> Result:
        try:
            if needs_host:
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
