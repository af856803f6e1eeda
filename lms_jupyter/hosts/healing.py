"""Handles of the SDK that bring their instance back when a TTL or a neighbour has unloaded it.

They are the SDK's own classes, so `isinstance` and everything else holds. Before each use they ask
whether the instance is there, which costs one small question. A host that was restarted is
connected to again, and where another host has taken its place, the handle goes there. What
somebody has unloaded on purpose stays away: the use says so.
"""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import lmstudio

from lms_jupyter.errors import CommandError, InstanceUnloadedError
from lms_jupyter.hosts.addressed import Addressed
from lms_jupyter.hosts.credentials import let_in, token_for
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.hosts.handle_streams import translating, translating_async
from lms_jupyter.hosts.sdk_errors import asked, broken_off, is_gone


@dataclass(frozen=True, slots=True)
class Seen:
    """What a handle knows of its instance."""

    instance_reference: str
    at: float | None = None
    """When it was surely in use the last time, by our clock."""
    device: str | None = None
    """A machine on the host's LM Link; `None` is the host itself."""


Revive = Callable[[Seen], str]
"""Brings an instance back and returns its reference, or raises why it stays away."""
AsyncRevive = Callable[[Seen], Awaitable[str]]
Where = Callable[[], Any]
"""Returns the SDK's session on the host that is ours now."""


class Lifeline:
    """What all handles that heal themselves keep."""

    identifier: str
    _session: Any
    _revive: Any
    _seen: Seen
    _ended: bool
    """Whether it was unloaded through this handle."""

    def __eq__(self, other: object) -> bool:
        """Whether both are of one identifier on one device of one host."""
        if not isinstance(other, Lifeline):
            return NotImplemented
        mine, others = ((handle.identifier, handle._seen.device) for handle in (self, other))
        return _own(self._session) is _own(other._session) and mine == others

    __hash__ = None  # type: ignore[assignment]

    def _point(self, session: Any) -> None:
        """Use a session from now on, for this instance alone."""
        if self._revive is None and self._seen.device is None:
            # The SDK's own way is by name, and its errors go with that.
            self._session = session
            return
        self._session = Addressed(
            session, self.identifier, self._seen.device, lambda: self._seen.instance_reference
        )

    @property
    def _address(self) -> str:
        return str(self._session._client.api_host)

    def _keep(self, seen: Seen) -> None:
        self._seen = seen
        self._ended = False

    def _is_it(self, info: Any) -> bool:
        """Whether this is our instance; some hosts answer with another of the same model."""
        if info.identifier != self.identifier:
            return False
        if info.instance_reference != self._seen.instance_reference:
            # It was loaded anew under the same name.
            self._keep(replace(self._seen, instance_reference=info.instance_reference, at=None))
        self._ended = False
        return True

    def _came_back(self, reference: str) -> None:
        self._keep(replace(self._seen, instance_reference=reference, at=time.time()))

    def was_used(self) -> None:
        """Take note that the instance has been there until now."""
        self._seen = replace(self._seen, at=time.time())

    def _check_end(self) -> None:
        if self._ended:
            raise InstanceUnloadedError(self.identifier)


def _own(session: Any) -> Any:
    return session.session if isinstance(session, Addressed) else session


class _Healing(Lifeline):
    """What both kinds of handles do before they are used."""

    _revive: Revive | None
    _where: Where
    _healing: threading.Lock

    def _make_sure(self) -> None:
        """Go where the host is now, and bring the instance back if it is gone, once."""
        if self._revive is None:
            return
        with self._healing:
            self._point(self._where())
            if not self._is_there():
                self._check_end()
                self._came_back(self._revive(self._seen))
                self._point(self._where())

    def _is_there(self) -> bool:
        try:
            return self._asks()
        except lmstudio.LMStudioWebsocketError:
            # The session believes itself connected until it is told otherwise.
            self._session.disconnect()
        try:
            return self._asks()
        except (lmstudio.LMStudioClientError, OSError):
            # Who brings the instance back finds the host first, wherever it is by now.
            return False

    def _asks(self) -> bool:
        # The session connects with its first use.
        with asked(self.identifier), let_in(self._address, token_for(self._address)):
            try:
                info = self._session.get_model_info(self.identifier)
            except lmstudio.LMStudioServerError as error:
                if not is_gone(error):
                    raise
                info = self._find_anew()
        return info is not None and self._is_it(info)

    def _find_anew(self) -> Any:
        """Return what somebody may have loaded under the same name meanwhile."""
        try:
            return self._session.read(self._session.ask_by_name())
        except lmstudio.LMStudioModelNotFoundError:
            return None


class HealingLLM(_Healing, lmstudio.LLM):
    """An `lmstudio.LLM` that heals itself."""

    def __init__(self, identifier: str, where: Where, revive: Revive, seen: Seen) -> None:
        session = where()
        super().__init__(identifier, session)
        self._keep(seen)
        self._revive = revive
        self._point(session)
        self._where = where
        self._healing = fork_safe_lock()

    def __repr__(self) -> str:
        return f"LLM(identifier={self.identifier!r})"


class HealingEmbeddingModel(_Healing, lmstudio.EmbeddingModel):
    """An `lmstudio.EmbeddingModel` that heals itself."""

    def __init__(self, identifier: str, where: Where, revive: Revive, seen: Seen) -> None:
        session = where()
        super().__init__(identifier, session)
        self._keep(seen)
        self._revive = revive
        self._point(session)
        self._where = where
        self._healing = fork_safe_lock()

    def __repr__(self) -> str:
        return f"EmbeddingModel(identifier={self.identifier!r})"


SHARED = ("get_info", "get_load_config", "tokenize", "count_tokens", "get_context_length")
USES: dict[type, tuple[str, ...]] = {
    HealingLLM: (
        *SHARED,
        "complete",
        "complete_stream",
        "respond",
        "respond_stream",
        "act",
        "apply_prompt_template",
    ),
    HealingEmbeddingModel: (*SHARED, "embed"),
}
"""What counts as a use. `unload` does not: who ends an instance does not want it back."""
ONCE = frozenset({"act"})
"""What has called the user's tools by the time it fails, and is not begun a second time."""


def _healing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def use(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._make_sure()
        try:
            with broken_off(self._address):
                return translating(original(self, *args, **kwargs), self._address)
        except lmstudio.LMStudioServerError as error:
            if self._revive is None or not is_gone(error):
                raise
            # It went between our question and the use: nothing has come of it yet.
            self._make_sure()
            if name in ONCE:
                raise
            with broken_off(self._address):
                return translating(original(self, *args, **kwargs), self._address)
        finally:
            self.was_used()

    use.__name__, use.__doc__ = name, original.__doc__
    return use


def _unload(self: Any) -> None:
    """Unload this model, for good."""
    lmstudio.LLM.unload(self)
    self._ended = True


for _class, _names in USES.items():
    for _name in _names:
        setattr(_class, _name, _healing(_name, getattr(_class, _name)))
    _class.unload = _unload  # type: ignore[attr-defined]


AsyncWhere = Callable[[Any], Awaitable[Any]]
"""Returns the SDK's client on the host that is ours now; it is given one that is of no use now."""


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
        client = self._session._client
        try:
            await self._go()
            client = self._session._client
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


class HealingAsyncLLM(_AsyncHealing, lmstudio.AsyncLLM):
    """An `lmstudio.AsyncLLM` that heals itself."""

    def __init__(
        self,
        identifier: str,
        session: Any,
        revive: AsyncRevive | None,
        where: AsyncWhere,
        seen: Seen,
    ) -> None:
        super().__init__(identifier, session)
        self._keep(seen)
        self._revive = revive
        self._point(session)
        self._where = where
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"AsyncLLM(identifier={self.identifier!r})"


class HealingAsyncEmbeddingModel(_AsyncHealing, lmstudio.AsyncEmbeddingModel):
    """An `lmstudio.AsyncEmbeddingModel` that heals itself."""

    def __init__(
        self,
        identifier: str,
        session: Any,
        revive: AsyncRevive | None,
        where: AsyncWhere,
        seen: Seen,
    ) -> None:
        super().__init__(identifier, session)
        self._keep(seen)
        self._revive = revive
        self._point(session)
        self._where = where
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"AsyncEmbeddingModel(identifier={self.identifier!r})"


ASYNC_USES: dict[type, tuple[str, ...]] = {
    HealingAsyncLLM: USES[HealingLLM],
    HealingAsyncEmbeddingModel: USES[HealingEmbeddingModel],
}


def _async_healing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
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


async def _async_unload(self: Any) -> None:
    """Unload this model, for good."""
    await lmstudio.AsyncLLM.unload(self)
    self._ended = True


for _class, _names in ASYNC_USES.items():
    for _name in _names:
        if hasattr(_class, _name):
            setattr(_class, _name, _async_healing(_name, getattr(_class, _name)))
    _class.unload = _async_unload  # type: ignore[attr-defined]
