"""`with lms_jupyter.paused():` unloads, lets the block run, and brings back what was there."""

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

from msgspec import Struct

from lms_jupyter.api.named import Named, named
from lms_jupyter.api.session import Session
from lms_jupyter.hosts.base import LOCAL
from lms_jupyter.manager import Manager, loading, lookup
from lms_jupyter.manager.loading import Order
from lms_jupyter.protocol.models import Instance, LoadConfig


class Resting(Struct, frozen=True, kw_only=True):
    """An instance that was unloaded for a while, and how to get it back."""

    instance: Instance
    config: LoadConfig
    """What was in effect."""
    asked: LoadConfig | None
    """What had been asked, if this kernel loaded it."""


class Paused(AbstractContextManager[None]):
    """The length of a block in which instances are out of memory."""

    def __init__(
        self, session: Session, identifiers: tuple[Named, ...] = (), *, everything: bool = False
    ) -> None:
        self._session = session
        self._identifiers = identifiers
        self._everything = everything
        self._resting: list[Resting] = []
        self._turn = asyncio.Lock()

    def __enter__(self) -> None:
        """Unload; if that is interrupted, what went already comes back."""
        try:
            self._session.run(self.rest())
        except BaseException:
            self._session.run(self.wake())
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Load the same instances again, also after an error in the block."""
        self._session.run(self.wake())

    async def rest(self) -> None:
        """Unload; called on the manager's loop."""
        async with self._turn:
            await self._rest()

    async def wake(self) -> None:
        """Load again what was unloaded, once that has ended; called on the manager's loop."""
        async with self._turn:
            await self._wake()

    async def _rest(self) -> None:
        manager = self._session.local.manager
        for instance in await self._chosen(manager):
            resting = Resting(
                instance=instance,
                config=await manager.connected_host.load_config(instance),
                asked=manager.own.get(instance.instance_reference),
            )
            # Noted first: an interrupt may come when the host has ended it and we do not know yet.
            self._resting.append(resting)
            await loading.end(instance, manager)

    async def _wake(self) -> None:
        manager = self._session.local.manager
        while self._resting:
            resting = self._resting[0]
            instance = resting.instance
            order = Order(
                name=instance.model_key,
                how="ensure",
                identifier=instance.identifier,
                ttl_s=instance.ttl_s,
                config=resting.config,
                device=instance.device or LOCAL,
            )
            outcome = await loading.carry_out(order, manager)
            if resting.asked is not None:
                manager.own[outcome.instance.instance_reference] = resting.asked
            self._resting.pop(0)

    async def _chosen(self, manager: Manager) -> tuple[Instance, ...]:
        if self._identifiers:
            return await named(self._identifiers, manager)
        known, own = await lookup.instances(manager), manager.own
        return tuple(i for i in known if self._everything or i.instance_reference in own)
