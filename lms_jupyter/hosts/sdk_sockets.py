"""Opens the SDK's connections quickly, and straight to the host.

A client of the SDK opens six connections at once and lets httpx prepare each for TLS, which none
of them speaks. Each would also go through whatever proxy the environment names, or fail over what
the environment holds there, while a host of ours is reached straight. The SDK has no setting for
either, so its one function that opens sockets is replaced; where a later SDK does it in another
way, it stays as it is.

The SDK knows of no TLS either, and puts `ws://` and `http://` before whatever address it is given:
what stands there for an address with TLS is read as the URL that is meant.
"""

import socket
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from ipaddress import ip_address
from typing import Any
from weakref import WeakSet

import httpx
import httpx_ws
import lmstudio

from lms_jupyter.hosts import sdk_private
from lms_jupyter.hosts.addresses import TLS, is_secure, real_url, url_of
from lms_jupyter.hosts.certificates import trust
from lms_jupyter.hosts.forks import fork_safe_lock, in_child

GREETED_TIMEOUT_S = 10.0
"""How long the SDK's own greeting may take: ours has been answered before."""

UNHEARD_S = 8
"""How long nothing of a host may come, not even that something arrived, before it is gone."""
IDLE_S = 10
"""How long nobody says anything before the system asks whether the other side is there."""
_WANTED = {
    # macOS calls the second otherwise and has no first: there it takes as long as the system says.
    "TCP_USER_TIMEOUT": UNHEARD_S * 1000,
    "TCP_KEEPIDLE": IDLE_S,
    "TCP_KEEPALIVE": IDLE_S,
    "TCP_KEEPINTVL": UNHEARD_S // 2,
    "TCP_KEEPCNT": 2,
}
SOCKET_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _WANTED.items()
        if hasattr(socket, name)
    ),
)
"""A connection through a router that has forgotten it, or to a machine that sleeps, is dead without
a word. The system finds that out, also where nobody asks, and the next question begins anew."""

_ours: set[str] = set()
"""The addresses of hosts that we have made clients for."""
_starting = fork_safe_lock()
_clients: "WeakSet[QuickSyncClient]" = WeakSet()


class QuickClient(lmstudio.AsyncClient):
    """The SDK's asynchronous client; its probe goes straight to the host too."""

    @staticmethod
    async def _query_probe_url(url: str) -> httpx.Response:
        address = _address_in(url)
        with _lost_if_silent(url):
            async with httpx.AsyncClient(trust_env=False, verify=trust(address)) as client:
                return await client.get(real_url(url), timeout=GREETED_TIMEOUT_S)


class QuickSyncClient(lmstudio.Client):
    """The SDK's client for threads; its probe goes straight to the host too.

    In a forked child it begins anew: the thread that it works with is not there, and its sockets
    are the parent's. The handles that were made with it work there too.
    """

    _thread: Any = None
    _inherited: Any = None

    def __init__(self, api_host: str | None = None) -> None:
        super().__init__(api_host)
        _clients.add(self)

    @property
    def _ws_thread(self) -> Any:
        """The thread that the sessions work with; in a child it starts with its first use."""
        with _starting:
            if self._thread is None:
                self._thread = type(self._inherited)({"client": repr(self)})
                self._thread.start()
                sdk_private.end_with(self, self._thread.terminate)
            return self._thread

    @_ws_thread.setter
    def _ws_thread(self, thread: Any) -> None:
        self._thread = thread

    def begin_anew(self) -> None:
        """Forget what is of the parent alone; called in a forked child."""
        if self._thread is None:
            return
        self._inherited, self._thread = self._thread, None
        sdk_private.forget_parent(self, self._inherited)

    @staticmethod
    def _query_probe_url(url: str) -> httpx.Response:
        address = _address_in(url)
        with (
            _lost_if_silent(url),
            httpx.Client(trust_env=False, verify=trust(address)) as client,
        ):
            return client.get(real_url(url), timeout=GREETED_TIMEOUT_S)


def open_plain(url: str) -> AbstractAsyncContextManager[httpx_ws.AsyncWebSocketSession]:
    """Open a websocket as `httpx_ws.aconnect_ws` does.

    What is neither on this machine nor a host of ours is opened as the SDK would: a client that
    somebody made for another host may need its proxy.
    """
    address = _address_in(url)
    parsed = httpx.URL(real_url(url))
    if not is_secure(address) and parsed.netloc.decode() not in _ours and not _is_here(parsed.host):
        return httpx_ws.aconnect_ws(url)
    # It keeps no connection, so that there is nothing to close when the websocket is closed.
    transport = httpx.AsyncHTTPTransport(
        trust_env=False,
        verify=trust(address),
        limits=httpx.Limits(max_keepalive_connections=0),
        socket_options=SOCKET_OPTIONS,
    )
    client = httpx.AsyncClient(trust_env=False, transport=transport)
    return httpx_ws.aconnect_ws(str(parsed), client)


def open_quickly(address: str) -> None:
    """Have the SDK open its sockets with `open_plain` from now on; those of this host directly."""
    _ours.add(httpx.URL(url_of(address)).netloc.decode())
    sockets = sdk_private.sockets(lmstudio)
    if sockets is not None and sockets.aconnect_ws is httpx_ws.aconnect_ws:
        sockets.aconnect_ws = open_plain


@contextmanager
def _lost_if_silent(url: str) -> Iterator[None]:
    """Say of a host that has been greeted and answers no more what the SDK says of a lost one."""
    try:
        yield
    except httpx.HTTPError as error:
        raise lmstudio.LMStudioWebsocketError(f"Nothing answers at {url}: {error}") from error


def _begin_anew() -> None:
    for client in tuple(_clients):
        client.begin_anew()


in_child(_begin_anew)


def _address_in(url: str) -> str:
    """Return the address of ours that the SDK has made a URL of; the last name is the SDK's."""
    address = url.partition("://")[2].rpartition("/")[0]
    return address if address.startswith(TLS) else address.partition("/")[0]


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
