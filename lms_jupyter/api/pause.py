"""`with lms_jupyter.paused():` unloads, lets the block run, and brings back what was there."""

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

from lms_jupyter.api.named import Named, named
from lms_jupyter.api.session import Session
from lms_jupyter.manager import Manager, loading, lookup
from lms_jupyter.manager.former import Former, remember
from lms_jupyter.manager.restore import restore
from lms_jupyter.protocol.models import Instance


class Paused(AbstractContextManager[None]):
    """The length of a block in which instances are out of memory."""

    def __init__(
        self, session: Session, identifiers: tuple[Named, ...] = (), *, everything: bool = False
    ) -> None:
        self._session = session
        self._identifiers = identifiers
        self._everything = everything
        self._unloaded: list[Former] = []
        self._turn = asyncio.Lock()

    def __enter__(self) -> None:
        """Unload; if that is interrupted, what went already comes back."""
        try:
            self._session.run(self.unload())
        except BaseException:
            self._session.run(self.load_again())
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Load the same instances again, also after an error in the block."""
        self._session.run(self.load_again())

    async def unload(self) -> None:
        """Unload; called on the manager's loop."""
        async with self._turn:
            await self._unload()

    async def load_again(self) -> None:
        """Load again what was unloaded, once that has ended; called on the manager's loop."""
        async with self._turn:
            await self._load_again()

    async def _unload(self) -> None:
        manager = self._session.local.manager
        for instance in await self._chosen(manager):
            # Noted first: an interrupt may come when the host has ended it and we do not know yet.
            self._unloaded.append(await remember(instance, manager.connected_host, manager.own))
            await loading.end(instance, manager)

    async def _load_again(self) -> None:
        while self._unloaded:
            await restore(self._unloaded[0], self._session.local.manager, "ensure")
            self._unloaded.pop(0)

    async def _chosen(self, manager: Manager) -> tuple[Instance, ...]:
        if self._identifiers:
            return await named(self._identifiers, manager)
        known, own = await lookup.instances(manager), manager.own
        return tuple(i for i in known if self._everything or i.instance_reference in own)
