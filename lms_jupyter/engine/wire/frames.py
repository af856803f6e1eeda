"""The envelope of LM Studio's WebSocket protocol: what one frame from the engine looks like."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import msgspec

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.safe_text import sendable
from lms_jupyter.engine.wire import nesting

HEAD: Final = 4096
"""Within how many characters a frame says what it is."""

_encode: Final = msgspec.json.Encoder().encode


def encode(frame: Any) -> bytes:
    """Write a frame; texts that no JSON can carry are written so that it can."""
    try:
        return _encode(frame)
    except UnicodeEncodeError:
        return _encode(sendable(frame))


def rpc_result(call_id: int, result: Any) -> bytes:
    """Answer a call; a result of `None` is left out, for null is not the same to clients."""
    frame = {"type": "rpcResult", "callId": call_id}
    if result is not None:
        frame["result"] = result
    return encode(frame)


def rpc_error(call_id: int, error: EngineError) -> bytes:
    """Answer a call that failed."""
    return encode({"type": "rpcError", "callId": call_id, "error": error.envelope()})


def channel_send(channel_id: int, message: dict[str, Any] | msgspec.Raw) -> bytes:
    """Send one packet of a channel."""
    return encode({"type": "channelSend", "channelId": channel_id, "message": message})


def channel_close(channel_id: int) -> bytes:
    """End a channel."""
    return encode({"type": "channelClose", "channelId": channel_id})


def channel_error(channel_id: int, error: EngineError) -> bytes:
    """End a channel that failed."""
    return encode({"type": "channelError", "channelId": channel_id, "error": error.envelope()})


def warning(text: str, kind: str) -> bytes:
    """Complain about a frame that cannot be answered."""
    return encode({"type": "communicationWarning", "warning": text, "kind": kind})


KEEP_ALIVE_ACK: Final = encode({"type": "keepAliveAck"})


def decode(data: str | bytes) -> dict[str, Any] | None:
    """Read a frame; `None` if it is not a JSON object.

    Raises:
        TooDeepError: It is nested too deep.
    """
    try:
        frame = nesting.decode(data)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) else None


def refusal(data: str, error: EngineError) -> bytes:
    """Answer a frame of which only the outermost members can be read; else complain about it."""
    begin, end = data.find("[", 1, HEAD), data.find("{", 1, HEAD)
    places = [place for place in (begin, end) if place > 0]
    head = data[: min(places, default=0)].rpartition(",")[0] + "}"
    tail = "{" + data[max(data.rfind("]"), data.rfind("}", 0, -1)) + 1 :].lstrip(" ,")
    message: dict[str, Any] = {}
    for part in (head, tail):
        with contextlib.suppress(ValueError, RecursionError):
            message |= msgspec.json.decode(part, type=dict[str, Any])
    match message:
        case {"type": "rpcCall", "callId": int(call_id)}:
            return rpc_error(call_id, error)
        case {"type": "channelCreate", "channelId": int(channel_id)}:
            return channel_error(channel_id, error)
    return warning(error.title, "unknown")
