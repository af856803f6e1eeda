"""Anthropic's format of errors; llama.cpp writes everything else of `/v1/messages` itself."""

from __future__ import annotations

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
