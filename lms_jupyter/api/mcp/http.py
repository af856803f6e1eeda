"""An MCP server at an address, asked by the protocol's "streamable HTTP"."""

import contextlib
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx

from lms_jupyter.api.mcp.channel import MOST_BYTES, Message, is_answer
from lms_jupyter.api.mcp.servers import McpServer
from lms_jupyter.errors import McpError

CONNECT_S: Final = 10.0
END_S: Final = 2.0
SESSION: Final = "Mcp-Session-Id"
VERSION: Final = "MCP-Protocol-Version"
HERE: Final = ("localhost", "127.0.0.1", "::1")
LOGIN_OFFERED: Final = "resource_metadata="
"""How a server says where a login by OAuth begins."""
_REFUSALS: Final = (401, 403)
_OLD: Final = (404, 405)


class HttpChannel:
    """Posts each message; an answer is JSON, or a stream of events in which it comes."""

    def __init__(self, server: McpServer) -> None:
        self._server = server
        self._own: dict[str, str] = {}
        # A proxy of the environment cannot reach this machine's own servers.
        try:
            is_near = urlsplit(server.url).hostname in HERE
        except ValueError as error:
            raise McpError(
                f"The MCP server {server.name!r} cannot be reached: {error}.",
                hint="Its `url` is none.",
            ) from None
        try:
            self._client = httpx.Client(headers=dict(server.headers), trust_env=not is_near)
        except (ValueError, TypeError, UnicodeError):
            raise McpError(
                f"The MCP server {server.name!r} has `headers` that HTTP does not allow."
            ) from None

    def exchange(self, message: Message, *, timeout_s: float | None) -> Iterator[Message]:
        """Post a request, and yield what comes until it is answered."""
        with self._posted(message, timeout_s) as response:
            for reply in self._messages(response):
                yield reply
                if is_answer(reply, message["id"]):
                    return
        raise McpError(f"The MCP server {self._server.name!r} has ended its stream unanswered.")

    def send(self, message: Message) -> None:
        """Post what needs no answer."""
        with self._posted(message, CONNECT_S):
            pass

    def agree(self, version: str) -> None:
        """Say the version with each message from now on."""
        self._own[VERSION] = version

    def close(self) -> None:
        """End the session, if the server has one."""
        if SESSION in self._own:
            with contextlib.suppress(httpx.HTTPError):
                self._client.delete(self._server.url, headers=self._own, timeout=END_S)
        self._client.close()

    @contextlib.contextmanager
    def _posted(self, message: Message, timeout_s: float | None) -> Iterator[httpx.Response]:
        accept = {"Accept": "application/json, text/event-stream"}
        try:
            with self._client.stream(
                "POST",
                self._server.url,
                json=message,
                headers=accept | self._own,
                timeout=httpx.Timeout(timeout_s, connect=CONNECT_S),
            ) as response:
                self._check(response)
                if session := response.headers.get(SESSION):
                    self._own[SESSION] = session
                yield response
        except (httpx.TimeoutException, httpx.TransportError, httpx.InvalidURL) as error:
            kind = "has not answered in time" if _is_late(error) else "cannot be reached"
            raise McpError(
                f"The MCP server {self._server.name!r} {kind}: {str(error) or 'no reason given'}.",
                hint="Is it running, and is its `url` the right one?",
            ) from None

    def _check(self, response: httpx.Response) -> None:
        code = response.status_code
        if response.is_success:
            return
        name = self._server.name
        if code in _REFUSALS and LOGIN_OFFERED in response.headers.get("WWW-Authenticate", ""):
            raise McpError(
                f"The MCP server {name!r} wants a login in a browser (OAuth); cells have none.",
                hint="If it gives tokens too, one goes into its `headers` in the file.",
            )
        if code in _REFUSALS:
            raise McpError(
                f"The MCP server {name!r} refuses ({code}).",
                hint="What it wants, a token for example, goes into its `headers` in the file.",
            )
        if code in _OLD and SESSION not in self._own:
            raise McpError(
                f"The MCP server {name!r} does not take messages at its address ({code}).",
                hint="Many have a path, as /mcp; servers of 2024 that have only /sse are too old.",
            )
        raise McpError(f"The MCP server {name!r} answers with HTTP status {code}.")

    def _messages(self, response: httpx.Response) -> Iterator[Message]:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            texts = _events(self._bounded_lines(response))
        else:
            texts = iter(["\n".join(self._bounded_lines(response))])
        for text in texts:
            try:
                reply = json.loads(text)
            except (ValueError, RecursionError):
                raise McpError(
                    f"The MCP server {self._server.name!r} answers what is no JSON.",
                    hint="Is its `url` the address of an MCP server?",
                ) from None
            for message in reply if isinstance(reply, list) else [reply]:
                if isinstance(message, dict):
                    yield message

    def _bounded_lines(self, response: httpx.Response) -> Iterator[str]:
        """Read lines, of which none is without end."""
        rest, length = "", 0
        for part in response.iter_text():
            *lines, rest = (rest + part).split("\n")
            for line in lines:
                yield line.removesuffix("\r")
            length = length + len(part) if not lines else len(rest)
            if length > MOST_BYTES:
                raise McpError(f"The MCP server {self._server.name!r} sends without end.")
        if rest:
            yield rest


def _is_late(error: Exception) -> bool:
    return isinstance(error, httpx.TimeoutException)


def _events(lines: Iterator[str]) -> Iterator[str]:
    r"""Return the data of server-sent events.

    >>> list(_events(iter(["event: message", "data: {", "data: }", "", ": still here", ""])))
    ['{\n}']
    """
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []
    if data:
        yield "\n".join(data)
