"""Opens the SDK's connections quickly.

A client of the SDK opens six connections at once and lets httpx prepare each for TLS, which none
of them speaks (`plain_http`). The SDK has no setting for it, so its one function that opens
sockets is replaced; where a later SDK does it in another way, it stays as it is.
"""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import httpx_ws
import lmstudio

from lms_jupyter.hosts.plain_http import NO_TLS

PROBE_TIMEOUT_S = 1.0
"""How long the SDK itself waits for the answer to its probe."""


class QuickClient(lmstudio.AsyncClient):
    """The SDK's asynchronous client; its probe is not prepared for TLS either."""

    @staticmethod
    async def _query_probe_url(url: str) -> httpx.Response:
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            return await client.get(url, timeout=PROBE_TIMEOUT_S)


def open_plain(url: str) -> AbstractAsyncContextManager[httpx_ws.AsyncWebSocketSession]:
    """Open a websocket at a `ws://` address, as `httpx_ws.aconnect_ws` does."""
    # It keeps no connection, so that there is nothing to close when the websocket is closed.
    client = httpx.AsyncClient(verify=NO_TLS, limits=httpx.Limits(max_keepalive_connections=0))
    return httpx_ws.aconnect_ws(url, client)


def open_quickly() -> None:
    """Have the SDK open its sockets with `open_plain` from now on."""
    sockets: Any = getattr(lmstudio, "_ws_impl", None)
    if getattr(sockets, "aconnect_ws", None) is httpx_ws.aconnect_ws:
        sockets.aconnect_ws = open_plain
