"""The SDK's own handles to instances of our host, ready for `.respond()` or `.embed()`."""

import contextlib
import threading

import lmstudio

from lms_jupyter.hosts.sdk import authentication
from lms_jupyter.protocol.models import Instance

Handle = lmstudio.LLM | lmstudio.EmbeddingModel


def sync_client(address: str, token: str | None = None) -> lmstudio.Client:
    """Return a client of the SDK's sync API; it connects with its first use."""
    client = lmstudio.Client(address)
    if token:
        client._auth_details = authentication(client, token)
    return client


class Handles:
    """Makes handles, over one client for each host."""

    def __init__(self) -> None:
        self._clients: dict[str, lmstudio.Client] = {}
        self._lock = threading.Lock()

    def handle(self, address: str, instance: Instance, token: str | None = None) -> Handle:
        """Return the SDK's handle of an instance."""
        with self._lock:
            client = self._clients.get(address)
            if client is None:
                client = self._clients[address] = sync_client(address, token)
        if instance.kind == "embedding":
            return lmstudio.EmbeddingModel(instance.identifier, client.embedding)
        return lmstudio.LLM(instance.identifier, client.llm)

    def close(self) -> None:
        """Close the clients; handles that were given out stop working."""
        with self._lock:
            clients = tuple(self._clients.values())
            self._clients.clear()
        for client in clients:
            # A host that is gone cannot be said goodbye to.
            with contextlib.suppress(lmstudio.LMStudioError, OSError):
                client.close()
