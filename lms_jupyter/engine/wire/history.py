"""A conversation as LM Studio writes it, turned into the messages that llama.cpp reads."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.prediction.uploads import Upload
from lms_jupyter.engine.wire.content import tool_arguments
from lms_jupyter.engine.wire.fields import an_object, text

FindUpload = Callable[[str], Upload | None]


_BLANK: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""An image of one point: what stands for an image whose place alone matters."""


def messages(history: Any, find: FindUpload, *, only_named: bool = False) -> list[dict[str, Any]]:
    """Return the messages; files are looked up by their identifier.

    With `only_named` a file need not have been uploaded: its place and its name are enough.
    """
    entries = an_object(history).get("messages")
    if not isinstance(entries, list):
        raise BadRequestError("A history needs a list of 'messages'.")
    look = partial(_content, find, only_named)
    return [message for entry in entries for message in _messages(an_object(entry), look)]


def _messages(
    message: Mapping[str, Any], look: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return one message, or one for each result of a tool."""
    role = message.get("role")
    if role not in ("system", "user", "assistant", "tool"):
        raise BadRequestError(
            f"A message is of the role system, user, assistant or tool, not {role!r:.100}."
        )
    content = message.get("content")
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    if not isinstance(content, list):
        raise BadRequestError("The content of a message has to be a list of parts.")
    parts = [an_object(part) for part in content]
    if role == "tool":
        return [_tool_result(part) for part in parts if part.get("type") == "toolCallResult"]
    calls = [_tool_call(part) for part in parts if part.get("type") == "toolCallRequest"]
    shown = [look(part) for part in parts if part.get("type") in ("text", "file")]
    result: dict[str, Any] = {"role": role, "content": _joined(shown)}
    if calls:
        result["tool_calls"] = calls
    return [result]


def _joined(parts: list[dict[str, Any]]) -> Any:
    """Return plain text where there is only text; templates like that better."""
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _content(find: FindUpload, only_named: bool, part: Mapping[str, Any]) -> dict[str, Any]:  # noqa: FBT001 - bound by `partial`
    if part["type"] == "text":
        return {"type": "text", "text": text(part, "text")}
    identifier = text(part, "identifier")
    upload = find(identifier)
    if upload is None and only_named:
        if part.get("fileType") == "image":
            return _image("image/png", _BLANK)
        return {"type": "text", "text": f"{text(part, 'name')}\n"}
    if upload is None:
        raise BadRequestError(
            f"There is no uploaded file {identifier!r}.", hint="Upload it again; it was forgotten."
        )
    if upload.is_image:
        return _image(upload.media_type, base64.b64encode(upload.content).decode())
    if upload.file_type == "text/plain":
        body = upload.content.decode(errors="replace")
        return {"type": "text", "text": f"{upload.name}:\n{body}\n"}
    raise BadRequestError(
        f"{upload.name!r} is a file of type {upload.media_type}; only images and text can be read."
    )


def _image(media_type: str, data: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}


def _tool_call(part: Mapping[str, Any]) -> dict[str, Any]:
    request = an_object(part.get("toolCallRequest"))
    call: dict[str, Any] = {
        "type": "function",
        "function": {
            "name": text(request, "name"),
            "arguments": msgspec.json.encode(
                tool_arguments(request.get("arguments"), repr(request.get("name")))
            ).decode(),
        },
    }
    if isinstance(request.get("id"), str):
        call["id"] = request["id"]
    return call


def _tool_result(part: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"role": "tool", "content": text(part, "content")}
    if isinstance(part.get("toolCallId"), str):
        result["tool_call_id"] = part["toolCallId"]
    return result
