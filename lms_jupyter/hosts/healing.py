"""Handles of the SDK that bring their instance back when a TTL or a neighbour has unloaded it.

They are the SDK's own classes, so `isinstance` and everything else holds. Before each use they ask
whether the instance is there, which costs one small question. A host that was restarted is
connected to again, and where another host has taken its place, the handle goes there. What
somebody has unloaded on purpose stays away: the use says so.
"""

import threading
from collections.abc import Callable
from typing import Any

import lmstudio

from lms_jupyter.hosts.credentials import let_in, token_for
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.hosts.handle_streams import translating
from lms_jupyter.hosts.lifeline import (
    EMBEDDING_USES,
    LLM_USES,
    ONCE,
    Lifeline,
    Revive,
    Seen,
    Where,
    healing,
)
from lms_jupyter.hosts.sdk_errors import asked, broken_off, is_gone


class _Healing(Lifeline):
    """What both kinds of handles do before they are used."""

    _revive: Revive | None
    _where: Where
    _healing: threading.Lock

    def __init__(self, identifier: str, where: Where, revive: Revive, seen: Seen) -> None:
        session = where()
        super().__init__(identifier, session)  # type: ignore[call-arg] # the SDK's class is next
        self._keep(seen)
        self._revive = revive
        self._point(session)
        self._where = where
        self._healing = fork_safe_lock()

    def unload(self) -> None:
        """Unload this model, for good."""
        super().unload()  # type: ignore[misc] # the SDK's class is next
        self._ended = True

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


def _use(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
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


@healing(LLM_USES, _use)
class HealingLLM(_Healing, lmstudio.LLM):
    """An `lmstudio.LLM` that heals itself."""


@healing(EMBEDDING_USES, _use)
class HealingEmbeddingModel(_Healing, lmstudio.EmbeddingModel):
    """An `lmstudio.EmbeddingModel` that heals itself."""
