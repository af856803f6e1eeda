"""The SDK's own handles to instances of our host, ready for `.respond()` or `.embed()`."""

import contextlib
from collections.abc import Callable
from typing import Any

import lmstudio

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.addressed import Addressed
from lms_jupyter.hosts.credentials import let_in, new_client
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.hosts.healing import HealingEmbeddingModel, HealingLLM
from lms_jupyter.hosts.healing_async import HealingAsyncEmbeddingModel, HealingAsyncLLM
from lms_jupyter.hosts.lifeline import AsyncRevive, AsyncWhere, Lifeline, Revive, Seen
from lms_jupyter.hosts.sdk_sockets import QuickClient, QuickSyncClient
from lms_jupyter.protocol.models import Instance

Handle = lmstudio.LLM | lmstudio.EmbeddingModel
AsyncHandle = lmstudio.AsyncLLM | lmstudio.AsyncEmbeddingModel
Place = Callable[[], tuple[str, str | None]]
"""Returns where the host is now, and the token that it wants."""


def sync_client(address: str, token: str | None = None) -> lmstudio.Client:
    """Return a client of the SDK's sync API; it connects with its first use."""
    return new_client(QuickSyncClient, address, token)


async def async_client(address: str, token: str | None = None) -> lmstudio.AsyncClient:
    """Return a connected client of the SDK's async API, for the loop that runs now."""
    client = new_client(QuickClient, address, token)
    with let_in(address, token):
        await client.__aenter__()
    return client


class Handles:
    """Makes handles, over one client for each host."""

    def __init__(self) -> None:
        self._clients: dict[str, lmstudio.Client] = {}
        self._lock = fork_safe_lock()
        self._is_closed = False

    def handle(
        self,
        address: str,
        instance: Instance,
        token: str | None = None,
        *,
        revive: Revive | None = None,
        place: Place | None = None,
    ) -> Handle:
        """Return the SDK's handle of an instance.

        Args:
            address: Where the host is.
            instance: What the handle is for.
            token: The host's API token, if it wants one.
            revive: Brings the instance back when it is gone; the handle then heals itself.
            place: Says where the host is when the handle is used; by default, where it is now.
        """

        def where() -> Any:
            client = self._client(*(place() if place is not None else (address, token)))
            return client.embedding if instance.kind == "embedding" else client.llm

        identifier, device = instance.identifier, instance.device
        seen = Seen(instance.instance_reference, device=instance.device)

        def plain() -> Any:
            # The SDK's own way is by name, and its errors go with that.
            if device is None:
                return where()
            return Addressed(where(), identifier, device, lambda: seen.instance_reference)

        if instance.kind == "embedding":
            if revive is not None:
                return HealingEmbeddingModel(identifier, where, revive, seen)
            return lmstudio.EmbeddingModel(identifier, plain())
        if revive is not None:
            return HealingLLM(identifier, where, revive, seen)
        return lmstudio.LLM(identifier, plain())

    def _client(self, address: str, token: str | None) -> lmstudio.Client:
        with self._lock:
            if self._is_closed:
                raise CommandError(
                    "This handle was closed together with the extension.", hint="Load it again."
                )
            client = self._clients.get(address)
            if client is None:
                client = self._clients[address] = sync_client(address, token)
            return client

    def close(self) -> None:
        """Close the clients; handles that were given out stop working."""
        with self._lock:
            clients = tuple(self._clients.values())
            self._clients.clear()
            self._is_closed = True
        for client in clients:
            # A host that is gone cannot be said goodbye to.
            with contextlib.suppress(lmstudio.LMStudioError, OSError):
                client.close()


def async_handle(
    client: lmstudio.AsyncClient,
    instance: Instance,
    revive: AsyncRevive | None = None,
    where: AsyncWhere | None = None,
) -> AsyncHandle:
    """Return the SDK's async handle of an instance; with `revive` it heals itself.

    Args:
        client: Of the host.
        instance: What the handle is for.
        revive: Brings the instance back when it is gone.
        where: Returns the client of the host as it is when the handle is used.
    """

    async def here(_lost: object) -> lmstudio.AsyncClient:
        return client

    where = where or here
    kind = HealingAsyncEmbeddingModel if instance.kind == "embedding" else HealingAsyncLLM
    session = client.embedding if instance.kind == "embedding" else client.llm
    seen = Seen(instance.instance_reference, device=instance.device)
    return kind(instance.identifier, session, revive, where, seen)


def just_loaded(handle: Handle | AsyncHandle) -> None:
    """Tell a handle that heals itself that its instance has been there until now for sure."""
    if isinstance(handle, Lifeline):
        handle.was_used()


def shown_as(handle: Handle | AsyncHandle, card: Callable[[Seen], str]) -> None:
    """Have a handle that heals itself show this where it is the value of a cell."""
    if isinstance(handle, Lifeline):
        handle.card = card
