"""Tools that a model may call: what it is told of them, its calls, and what came of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from lms_jupyter.hosts.reading import noun, table, text


class ToolDefinition(Struct, frozen=True, kw_only=True):
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """A JSON Schema of its arguments."""


class ToolCall(Struct, frozen=True, kw_only=True):
    """A model asks for a tool."""

    name: str
    arguments: Mapping[str, Any] = {}
    call_id: str | None = None


class ToolCallFailed(Struct, frozen=True, kw_only=True):
    """A model wanted to call a tool, and what it wrote cannot be read."""

    reason: str


class ToolResult(Struct, frozen=True, kw_only=True):
    """What a tool answered."""

    content: str
    call_id: str | None = None


def tool_array(tools: Sequence[ToolDefinition]) -> Any:
    """Write tools as a prediction config has them; `None` if there are none."""
    if not tools:
        return None
    functions = [
        {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
        for tool in tools
    ]
    return {
        "type": "toolArray",
        "tools": [{"type": "function", "function": function} for function in functions],
    }


def call_part(call: ToolCall) -> dict[str, Any]:
    """Write a call as a part of the message that made it."""
    request: dict[str, Any] = {
        "type": "function",
        "name": call.name,
        "arguments": dict(call.arguments),
    }
    if call.call_id is not None:
        request["id"] = call.call_id
    return {"type": "toolCallRequest", "toolCallRequest": request}


def result_part(result: ToolResult) -> dict[str, Any]:
    """Write a result as a part of the message that answers the call."""
    part = {"type": "toolCallResult", "content": result.content}
    return part if result.call_id is None else part | {"toolCallId": result.call_id}


def read_call(raw: object) -> ToolCall:
    """Read a call.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    request = table(raw)
    fields = {
        "name": text(request.get("name")),
        "arguments": table(request.get("arguments") or {}),
        "call_id": request.get("id"),
    }
    return noun(fields, ToolCall)


def read_failure(packet: Mapping[str, Any]) -> ToolCallFailed:
    """Read why a call could not be read by the host."""
    error = packet.get("error")
    title = error.get("title") if isinstance(error, Mapping) else None
    return ToolCallFailed(reason=title if isinstance(title, str) else "it is no JSON")
