"""The asynchronous handles of the SDK that bring their instance back; see `healing`."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import lmstudio

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.handle_streams import translating_async
from lms_jupyter.hosts.lifeline import (
    EMBEDDING_USES,
    LLM_USES,
    ONCE,
    AsyncRevive,
    AsyncWhere,
    Lifeline,
    Seen,
    healing,
)
from lms_jupyter.hosts.sdk_errors import asked, broken_off, is_gone
from lms_jupyter.hosts.sdk_private import client_of


def _is_in_a_loop() -> bool:
    """Whether an event loop of this process runs: one that was inherited does not count."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _AsyncHealing(Lifeline):
    """What both kinds of async handles do before they are used."""

    _revive: AsyncRevive | None
    _where: AsyncWhere
    _pid: int

    def __init__(
        self,
        identifier: str,
        session: Any,
        revive: AsyncRevive | None,
        where: AsyncWhere,
        seen: Seen,
    ) -> None:
        super().__init__(identifier, session)  # type: ignore[call-arg] # the SDK's class is next
        self._keep(seen)
        self._revive = revive
        self._point(session)
        self._where = where
        self._pid = os.getpid()

    async def unload(self) -> None:
        """Unload this model, for good."""
        await super().unload()  # type: ignore[misc] # the SDK's class is next
        self._ended = True

    async def _make_sure(self) -> None:
        """Go where the host is now, and bring the instance back if it is gone, once.

        Raises:
            CommandError: The handle was made in the process that this one was forked from, and
                cannot go anywhere from here.
        """
        if self._pid != os.getpid() and (self._revive is None or not _is_in_a_loop()):
            raise CommandError(
                f"This handle of {self.identifier!r} is of process {self._pid}, which this one was "
                "forked from.",
                hint="Get one here: llm = await lms_jupyter.aio.load(...)",
            )
        if self._revive is not None and not await self._is_there():
            self._check_end()
            self._came_back(await self._revive(self._seen))
            await self._go()

    async def _go(self, lost: Any = None) -> None:
        """Take the session of the host that is ours now."""
        client = await self._where(lost)
        self._point(getattr(client, self._session.API_NAMESPACE))

    async def _is_there(self) -> bool:
        client = client_of(self._session)
        try:
            await self._go()
            client = client_of(self._session)
            return await self._asks()
        except (lmstudio.LMStudioClientError, OSError):
            # A session of the SDK never connects again by itself.
            pass
        try:
            await self._go(client)
            return await self._asks()
        except (lmstudio.LMStudioClientError, OSError):
            # Who brings the instance back finds the host first, wherever it is by now.
            return False

    async def _asks(self) -> bool:
        with asked(self.identifier):
            try:
                info = await self._session.get_model_info(self.identifier)
            except lmstudio.LMStudioServerError as error:
                if not is_gone(error):
                    raise
                info = await self._find_anew()
        return info is not None and self._is_it(info)

    async def _find_anew(self) -> Any:
        """Return what somebody may have loaded under the same name meanwhile."""
        try:
            return self._session.read(await self._session.ask_by_name())
        except lmstudio.LMStudioModelNotFoundError:
            return None


def _use(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    async def use(self: Any, *args: Any, **kwargs: Any) -> Any:
        await self._make_sure()
        try:
            with broken_off(self._address):
                return translating_async(await original(self, *args, **kwargs), self._address)
        except lmstudio.LMStudioServerError as error:
            if self._revive is None or not is_gone(error):
                raise
            await self._make_sure()
            if name in ONCE:
                raise
            with broken_off(self._address):
                return translating_async(await original(self, *args, **kwargs), self._address)
        finally:
            self.was_used()

    use.__name__, use.__doc__ = name, original.__doc__
    return use


@healing(LLM_USES, _use)
class HealingAsyncLLM(_AsyncHealing, lmstudio.AsyncLLM):
    """An `lmstudio.AsyncLLM` that heals itself."""


@healing(EMBEDDING_USES, _use)
class HealingAsyncEmbeddingModel(_AsyncHealing, lmstudio.AsyncEmbeddingModel):
    """An `lmstudio.AsyncEmbeddingModel` that heals itself."""
