"""Anthropic's format where llama.cpp, which speaks `/v1/messages`, leaves something out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.wire.sse import Event, event

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}
_SERVER_ERRORS: Final = 500


def error_body(error: EngineError) -> dict[str, Any]:
    """Write an error as Anthropic does."""
    other = "api_error" if error.http_status >= _SERVER_ERRORS else "invalid_request_error"
    message = f"{error.title} {error.hint}".strip()
    return {
        "type": "error",
        "error": {"type": _TYPES.get(error.http_status, other), "message": message},
    }


def error_event(error: EngineError) -> Event:
    """Write an error into a stream that has begun."""
    return event(error_body(error))


def whole_message(message: dict[str, Any]) -> dict[str, Any]:
    """Say that a stop sequence ended a message, where llama.cpp only tells which."""
    return message | _stopped(message)


def _stopped(delta: Mapping[str, Any]) -> dict[str, Any]:
    is_word = delta.get("stop_sequence") and delta.get("stop_reason") == "end_turn"
    return {"stop_reason": "stop_sequence"} if is_word else {}


def new_message(model: str) -> dict[str, Any]:
    """Return a message of which nothing has been said yet."""
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": model,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


class MessageEvents:
    """Makes every streamed message begin with its start.

    llama.cpp leaves it out when the first token is only a part of a letter.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._has_started = False

    def complete(self, incoming: Event) -> Sequence[Event]:
        """Return the event, with the start before it if that is missing."""
        if incoming.name == "message_delta":
            content = incoming.decode()
            content["delta"] |= _stopped(content["delta"])
            incoming = event(content)
        is_first, self._has_started = not self._has_started, True
        if not is_first or incoming.name == "message_start":
            return (incoming,)
        message = new_message(self._model)
        return (event({"type": "message_start", "message": message}), incoming)
