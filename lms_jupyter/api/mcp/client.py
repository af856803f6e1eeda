"""Asks an MCP server for its tools, and has it carry them out."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from lms_jupyter.api.mcp.channel import McpChannel, Message, is_answer
from lms_jupyter.api.mcp.http import HttpChannel
from lms_jupyter.api.mcp.servers import McpServer
from lms_jupyter.api.mcp.stdio import StdioChannel
from lms_jupyter.api.tool_functions import as_text
from lms_jupyter.errors import McpError

PACKAGE: Final = "lms-jupyter"
VERSION: Final = "2025-06-18"
"""Of the protocol, as we speak it; a server may answer with an older one."""
START_S: Final = 60.0
"""A program that is fetched before it runs, by npx or uvx, needs a while."""
LIST_S: Final = 30.0
MOST_PAGES: Final = 100
NOT_FOUND: Final = -32601


class McpTool(Struct, frozen=True, kw_only=True):
    """A tool as its server describes it."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class McpToolError(Exception):
    """A tool was called and has failed; the model is told why."""


class McpClient:
    """A conversation with one server; `close` ends it."""

    def __init__(self, server: McpServer, folder: Path) -> None:
        self.name = server.name
        self._numbers = itertools.count(1)
        self._channel: McpChannel = (
            HttpChannel(server) if server.url else StdioChannel(server, folder)
        )
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def tools(self) -> tuple[McpTool, ...]:
        """Return all tools that the server has.

        Raises:
            McpError: It does not list them.
        """
        found: list[McpTool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = self._ask("tools/list", {"cursor": cursor} if cursor else {}, LIST_S)
            listed = page.get("tools")
            if not isinstance(listed, list):
                raise self._odd("lists no tools")
            found += [self._tool(tool) for tool in listed]
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or not cursor:
                return tuple(found)
        raise self._odd("lists tools without end")

    def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Have a tool carried out; return what it says, as a model can read it.

        Raises:
            McpToolError: It has failed.
            McpError: The server has.
        """
        asked = {"name": name, "arguments": dict(arguments)}
        result = self._ask("tools/call", asked, None)
        content = result.get("content")
        parts = [_as_text(part) for part in content] if isinstance(content, list) else []
        text = "\n".join(parts)
        if not parts and "structuredContent" in result:
            text = as_text(result["structuredContent"])
        if result.get("isError") is True:
            raise McpToolError(text or "it does not say why")
        return text

    def close(self) -> None:
        """End the conversation, and the program if there is one."""
        self._channel.close()

    def _begin(self) -> None:
        client = {"name": PACKAGE, "version": version(PACKAGE)}
        wanted = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
        begun = self._ask("initialize", wanted, START_S)
        chosen = begun.get("protocolVersion")
        if not isinstance(chosen, str):
            raise self._odd("does not say which version of the protocol it speaks")
        self._channel.agree(chosen)
        self._channel.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _ask(
        self, method: str, params: Mapping[str, Any], timeout_s: float | None
    ) -> Mapping[str, Any]:
        number = next(self._numbers)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            answer = self._answer(self._channel.exchange(request, timeout_s=timeout_s), number)
        except KeyboardInterrupt:
            # So that a server elsewhere does not go on for nobody.
            stopped = {"requestId": number, "reason": "stopped by the user"}
            with contextlib.suppress(McpError):
                self._channel.send(
                    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": stopped}
                )
            raise
        error, result = answer.get("error"), answer.get("result")
        if isinstance(error, Mapping):
            reason = str(error.get("message") or "no reason given")
            if method == "tools/call":
                raise McpToolError(reason)
            raise self._odd(f"refuses {method}: {reason}")
        if not isinstance(result, Mapping):
            raise self._odd(f"answers {method} with nothing that can be read")
        return result

    def _answer(self, messages: Iterator[Message], number: int) -> Message:
        """Read until the answer is there; what the server asks meanwhile is replied to."""
        for message in messages:
            if is_answer(message, number):
                return message
            if "id" in message and isinstance(message.get("method"), str):
                self._channel.send(_reply(message))
        raise self._odd("has ended without an answer")

    def _tool(self, spec: object) -> McpTool:
        if not isinstance(spec, Mapping) or not isinstance(spec.get("name"), str):
            raise self._odd("lists a tool that has no name")
        schema = spec.get("inputSchema")
        about = spec.get("description")
        return McpTool(
            name=spec["name"],
            description=about if isinstance(about, str) and about else spec["name"],
            parameters=schema if isinstance(schema, Mapping) else {"type": "object"},
        )

    def _odd(self, what: str) -> McpError:
        return McpError(f"The MCP server {self.name!r} {what}.")


def _reply(asked: Message) -> dict[str, Any]:
    """Answer what a server asks of us: we have nothing but that we are here."""
    reply: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
    if asked["method"] == "ping":
        return {**reply, "result": {}}
    refusal = f"{asked['method']}: a notebook's cell does not do this"
    return {**reply, "error": {"code": NOT_FOUND, "message": refusal}}


def _as_text(part: object) -> str:
    """Write a part of a result for a model that reads text."""
    if not isinstance(part, Mapping):
        return ""
    kind = part.get("type")
    if kind == "text":
        return str(part.get("text", ""))
    if kind == "resource" and isinstance(part.get("resource"), Mapping):
        resource = part["resource"]
        return str(resource.get("text") or f"[{resource.get('uri', 'a file')}]")
    if kind == "resource_link":
        return f"[{part.get('name', 'a file')}: {part.get('uri', '')}]"
    size = len(part["data"]) * 3 // 4 if isinstance(part.get("data"), str) else 0
    return f"[{kind}, {part.get('mimeType', 'of unknown type')}, {size:,} bytes: not shown to you]"
