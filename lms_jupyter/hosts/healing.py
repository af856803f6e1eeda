"""Handles of the SDK that bring their instance back when a TTL or a neighbour has unloaded it.

They are the SDK's own classes, so `isinstance` and everything else holds. Before each use they ask
whether the instance is there, which costs one small question; a host that was restarted is
connected to again.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import lmstudio

from lms_jupyter.hosts.sdk_errors import translated

Revive = Callable[[], None]


class _Healing:
    """What both kinds of handles do before they are used."""

    identifier: str
    _session: Any
    _revive: Revive | None
    _healing: threading.Lock

    def _make_sure(self) -> None:
        """Bring the instance back if it is gone, once."""
        if self._revive is None:
            return
        with self._healing:
            if not self._is_there():
                self._revive()

    def _is_there(self) -> bool:
        try:
            info = self._session.get_model_info(self.identifier)
        except lmstudio.LMStudioModelNotFoundError:
            return False
        except lmstudio.LMStudioWebsocketError:
            # The session believes itself connected until it is told otherwise.
            self._session.disconnect()
            with translated(self._session._client.api_host):
                return self._is_there_now()
        # Some hosts answer with another instance of the same model.
        return bool(info.identifier == self.identifier)

    def _is_there_now(self) -> bool:
        try:
            info = self._session.get_model_info(self.identifier)
        except lmstudio.LMStudioModelNotFoundError:
            return False
        return bool(info.identifier == self.identifier)

    def stop_healing(self) -> None:
        """Let the handle fail from now on when its instance is gone."""
        self._revive = None


class HealingLLM(_Healing, lmstudio.LLM):
    """An `lmstudio.LLM` that heals itself."""

    def __init__(self, identifier: str, session: Any, revive: Revive) -> None:
        super().__init__(identifier, session)
        self._revive = revive
        self._healing = threading.Lock()

    def __repr__(self) -> str:
        return f"LLM(identifier={self.identifier!r})"


class HealingEmbeddingModel(_Healing, lmstudio.EmbeddingModel):
    """An `lmstudio.EmbeddingModel` that heals itself."""

    def __init__(self, identifier: str, session: Any, revive: Revive) -> None:
        super().__init__(identifier, session)
        self._revive = revive
        self._healing = threading.Lock()

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


def _healing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def use(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._make_sure()
        return original(self, *args, **kwargs)

    use.__name__, use.__doc__ = name, original.__doc__
    return use


def _unload(self: Any) -> None:
    """Unload this model, for good."""
    self.stop_healing()
    lmstudio.LLM.unload(self)


for _class, _names in USES.items():
    for _name in _names:
        setattr(_class, _name, _healing(_name, getattr(_class, _name)))
    _class.unload = _unload  # type: ignore[attr-defined]


AsyncRevive = Callable[[], Awaitable[None]]


class _AsyncHealing:
    """What both kinds of async handles do before they are used."""

    identifier: str
    _session: Any
    _revive: AsyncRevive | None

    async def _make_sure(self) -> None:
        """Bring the instance back if it is gone, once."""
        if self._revive is not None and not await self._is_there():
            await self._revive()

    async def _is_there(self) -> bool:
        try:
            info = await self._session.get_model_info(self.identifier)
        except lmstudio.LMStudioModelNotFoundError:
            return False
        return bool(info.identifier == self.identifier)

    def stop_healing(self) -> None:
        """Let the handle fail from now on when its instance is gone."""
        self._revive = None


class HealingAsyncLLM(_AsyncHealing, lmstudio.AsyncLLM):
    """An `lmstudio.AsyncLLM` that heals itself."""

    def __init__(self, identifier: str, session: Any, revive: AsyncRevive) -> None:
        super().__init__(identifier, session)
        self._revive = revive

    def __repr__(self) -> str:
        return f"AsyncLLM(identifier={self.identifier!r})"


class HealingAsyncEmbeddingModel(_AsyncHealing, lmstudio.AsyncEmbeddingModel):
    """An `lmstudio.AsyncEmbeddingModel` that heals itself."""

    def __init__(self, identifier: str, session: Any, revive: AsyncRevive) -> None:
        super().__init__(identifier, session)
        self._revive = revive

    def __repr__(self) -> str:
        return f"AsyncEmbeddingModel(identifier={self.identifier!r})"


ASYNC_USES: dict[type, tuple[str, ...]] = {
    HealingAsyncLLM: USES[HealingLLM],
    HealingAsyncEmbeddingModel: USES[HealingEmbeddingModel],
}


def _async_healing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    async def use(self: Any, *args: Any, **kwargs: Any) -> Any:
        await self._make_sure()
        return await original(self, *args, **kwargs)

    use.__name__, use.__doc__ = name, original.__doc__
    return use


async def _async_unload(self: Any) -> None:
    """Unload this model, for good."""
    self.stop_healing()
    await lmstudio.AsyncLLM.unload(self)


for _class, _names in ASYNC_USES.items():
    for _name in _names:
        if hasattr(_class, _name):
            setattr(_class, _name, _async_healing(_name, getattr(_class, _name)))
    _class.unload = _async_unload  # type: ignore[attr-defined]
