"""What happens to a small LM Studio while somebody uses it."""

import asyncio
from collections.abc import Callable

from tests.hosts.studio import Studio


def stop(studio: Studio) -> None:
    """Break its connections and listen no more; what was in memory is gone."""
    studio.port = int(studio.address.rpartition(":")[2])
    studio.__exit__()
    studio.memory.clear()


def restart(studio: Studio) -> None:
    """Stop it and start it again on its port."""
    stop(studio)
    studio.__enter__()


def drop(studio: Studio, wanted: Callable[[str], bool] = lambda _: True) -> None:
    """Break the websockets of some namespaces; it goes on, with all that is in memory."""

    async def abort() -> None:
        for socket in tuple(studio._sockets):
            request = socket._req
            if request.transport is not None and wanted(request.match_info["namespace"]):
                request.transport.abort()

    asyncio.run_coroutine_threadsafe(abort(), studio._loop).result(10)
