"""What sync and async handles know of their instance, and what counts as a use of one."""

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from lms_jupyter.errors import InstanceUnloadedError
from lms_jupyter.hosts.addressed import Addressed
from lms_jupyter.hosts.sdk_private import client_of

_SHARED = ("get_info", "get_load_config", "tokenize", "count_tokens", "get_context_length")
LLM_USES = (
    *_SHARED,
    "complete",
    "complete_stream",
    "respond",
    "respond_stream",
    "act",
    "apply_prompt_template",
)
EMBEDDING_USES = (*_SHARED, "embed")
"""What counts as a use. `unload` does not: who ends an instance does not want it back."""
ONCE = frozenset({"act"})
"""What has called the user's tools by the time it fails, and is not begun a second time."""


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
AsyncWhere = Callable[[Any], Awaitable[Any]]
"""Returns the SDK's client on the host that is ours now; it is given one that is of no use now."""

_Handle = TypeVar("_Handle")


def healing(
    uses: Iterable[str], use: Callable[[str, Callable[..., Any]], Callable[..., Any]]
) -> Callable[[type[_Handle]], type[_Handle]]:
    """Have the methods of a class of handles heal themselves: those uses that the SDK has.

    Args:
        uses: The names of methods.
        use: Makes a method that heals of one by its name.
    """

    def dress(kind: type[_Handle]) -> type[_Handle]:
        for name in filter(partial(hasattr, kind), uses):
            setattr(kind, name, use(name, getattr(kind, name)))
        return kind

    return dress


class Lifeline:
    """What all handles that heal themselves keep."""

    identifier: str
    _session: Any
    _revive: Any
    _seen: Seen
    _ended: bool
    """Whether it was unloaded through this handle."""
    card: Callable[[Seen], str] | None = None
    """Draws it as HTML, where it is the value of a cell."""

    def __repr__(self) -> str:
        return f"{type(self).__name__.replace('Healing', '')}(identifier={self.identifier!r})"

    def _repr_html_(self) -> str | None:
        return None if self.card is None or self._ended else self.card(self._seen)

    def __eq__(self, other: object) -> bool:
        """Whether both are of one identifier on one device of one host."""
        if not isinstance(other, Lifeline):
            return NotImplemented
        return _own(self._session) is _own(other._session) and self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]

    def _key(self) -> tuple[str, str | None]:
        return self.identifier, self._seen.device

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
        return str(client_of(self._session).api_host)

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
