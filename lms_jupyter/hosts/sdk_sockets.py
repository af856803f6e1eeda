"""Opens the SDK's connections quickly.

A client of the SDK opens six connections at once and lets httpx prepare each for TLS, which none
of them speaks (`plain_http`). The SDK has no setting for it, so its one function that opens
sockets is replaced; where a later SDK does it in another way, it stays as it is.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def open_plain(url: str) -> AsyncIterator[httpx_ws.AsyncWebSocketSession]:
    """Open a websocket at a `ws://` address, as `httpx_ws.aconnect_ws` does."""
    session: httpx_ws.AsyncWebSocketSession
    async with (
        httpx.AsyncClient(verify=NO_TLS) as client,
        httpx_ws.aconnect_ws(url, client) as session,
    ):
        yield session


def open_quickly() -> None:
    """Have the SDK open its sockets with `open_plain` from now on."""
    sockets: Any = getattr(lmstudio, "_ws_impl", None)
    if getattr(sockets, "aconnect_ws", None) is httpx_ws.aconnect_ws:
        sockets.aconnect_ws = open_plain
