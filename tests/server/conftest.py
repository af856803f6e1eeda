"""A Jupyter Server with our extension, a host made of lists, and ways to ask it things."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import msgspec
import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures are for this folder alone
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect
from traitlets.config import Config

from lms_jupyter.hosts.base import Found
from lms_jupyter.server import LmsExtension
from lms_jupyter.server.manager_pool import ManagerPool
from tests.hosts.fake import FakeHost, fake_model

MODULE = "lms_jupyter.server"
WAIT_S = 20.0
QWEN = "qwen/qwen3-4b"


@pytest.fixture
def jp_server_config() -> Config:
    return Config({"ServerApp": {"jpserver_extensions": {MODULE: True}}})


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(fake_model())


@pytest.fixture
def extension(jp_serverapp: Any, host: FakeHost) -> LmsExtension:
    """Return the extension of a running server, its switchboard connected to the fake host."""

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    (app,) = jp_serverapp.extension_manager.extension_apps[MODULE]
    app.switchboard.find = find
    return app


@pytest.fixture
def board(extension: LmsExtension) -> ManagerPool:
    return extension.switchboard


@dataclass(frozen=True, slots=True)
class Door:
    """The server as somebody sees it who may or may not be let in."""

    origin: str
    base_url: str
    token: str
    sockets: list[WebSocketClientConnection] = field(default_factory=list)

    def url(self, path: str, query: str = "") -> str:
        return f"{self.origin}{self.base_url}{path}{query}"

    @property
    def key(self) -> dict[str, str]:
        """Return the header that lets in."""
        return {"Authorization": f"token {self.token}"}

    async def ask(
        self, path: str, query: str = "", *, headers: Mapping[str, str], body: Any = None
    ) -> HTTPResponse:
        """Send one request, POST if it has a body."""
        request = HTTPRequest(
            self.url(path, query),
            method="GET" if body is None else "POST",
            body=None if body is None else json.dumps(body),
            headers=dict(headers),
            follow_redirects=False,
        )
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    async def knock(
        self, query: str = "", *, headers: Mapping[str, str]
    ) -> WebSocketClientConnection:
        """Open the websocket; raises what the server answers if it does not let in."""
        url = self.url("lms/slices", query).replace("http", "ws", 1)
        socket = await websocket_connect(HTTPRequest(url, headers=dict(headers)))
        self.sockets.append(socket)
        return socket

    async def cookie(self) -> dict[str, str]:
        """Log in as a browser does and return its cookies, the one against XSRF among them."""
        jar: SimpleCookie = SimpleCookie()
        for path, query in (("tree", f"?token={self.token}"), ("login", "")):
            for line in (await self.ask(path, query, headers={})).headers.get_list("Set-Cookie"):
                jar.load(line)
        return {name: morsel.value for name, morsel in jar.items()}

    async def listen(self, query: str = "") -> "Listener":
        """Open the websocket as somebody who may."""
        return Listener(await self.knock(query, headers=self.key))


@pytest.fixture
def door(
    extension: LmsExtension,
    http_server: Any,
    http_server_port: Any,
    jp_base_url: str,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Door]:
    """Return the door of a running server; its base URL is not the root."""
    assert http_server is not None
    token = extension.serverapp.identity_provider.token
    door = Door(f"http://127.0.0.1:{http_server_port[1]}", jp_base_url, token)
    yield door
    # Tornado looks the loop up, and pytest-asyncio may have taken it away by now.
    asyncio.set_event_loop(jp_asyncio_loop)
    for socket in door.sockets:
        socket.close()


def cookies(jar: Mapping[str, str]) -> dict[str, str]:
    """Return the header that carries cookies."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}


class Listener:
    """A page's end of the websocket."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket
        self.slices: dict[str, dict[str, Any]] = {}
        self._rid = 0

    async def send(self, **command: Any) -> dict[str, Any]:
        """Send a command and wait for its reply."""
        self._rid += 1
        rid = f"{id(self)}-{self._rid}"
        await self.socket.write_message(json.dumps({"rid": rid, "command": command}))
        return await self.until(lambda message: message.get("rid") == rid)

    async def until(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Read until a message is as wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                text = await self.socket.read_message()
                assert text is not None, "the socket was closed"
                message = msgspec.json.decode(text)
                if "kind" in message:
                    self.slices[message["kind"]] = message
                if wanted(message):
                    return message

    async def sees(self, wanted: Callable[[dict[str, Any]], object]) -> None:
        """Read until the activity is as wanted, unless it is already."""
        activity = self.slices.get("activity")
        if activity is None or not wanted(activity):
            await self.until(lambda m: m.get("kind") == "activity" and wanted(m))

    async def connected(self) -> None:
        """Wait until the host is there."""
        await self.sees(lambda activity: activity["host"]["link"] == "connected")
