"""OpenAI's formats: what llama.cpp does not write itself."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.library.catalog import DownloadedModel
from lms_jupyter.engine.wire.sse import Event, event

SERVER_ERRORS: Final = 500
PROGRESS: Final = b'"prompt_progress":'
"""Cannot stand in a text, where its quotation marks would be escaped."""

_ROLE: Final = b'"delta":{"role":'

_KEPT_ITEMS: Final = ("message", "function_call", "function_call_output")
_ECHOED: Final = (
    *("instructions", "max_output_tokens", "metadata", "parallel_tool_calls"),
    *("previous_response_id", "reasoning", "service_tier", "store", "temperature", "text"),
    *("tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user"),
)
_USAGE_DETAILS: Final[Mapping[str, dict[str, int]]] = {
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
_CREATED: Final = int(time.time())


def error_body(error: EngineError) -> dict[str, Any]:
    """Write an error as OpenAI does."""
    kind = "server_error" if error.http_status >= SERVER_ERRORS else "invalid_request_error"
    message = f"{error.title} {error.hint}".strip()
    return {"error": {"message": message, "type": kind, "param": error.param, "code": error.code}}


def error_event(error: EngineError) -> Event:
    """Write an error into a stream that has begun."""
    return Event(msgspec.json.encode(error_body(error)))


def model_list(models: Iterable[DownloadedModel], identifiers: Iterable[str]) -> dict[str, Any]:
    """List the models by key, and what is loaded under another name."""
    owners = {model.model_key: model.publisher for model in models}
    names = dict.fromkeys([*owners, *identifiers])
    return {"object": "list", "data": [model_entry(name, owners.get(name)) for name in names]}


def model_entry(name: str, owner: str | None) -> dict[str, Any]:
    """Describe one model."""
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": owner or "organization_owner",
    }


def without_progress(incoming: Event) -> Sequence[Event]:
    """Drop llama.cpp's reports about the prompt, which OpenAI's clients do not know."""
    return () if PROGRESS in incoming.data else (incoming,)


class ChatEvents:
    """Makes the first event of a chat tell the role, and no other one.

    llama.cpp leaves that event out when the first token is only a part of a letter. Its reports
    about the prompt bear the role, too, and the first one comes in any case.
    """

    def __init__(self) -> None:
        self._has_sent_role = False

    def complete(self, incoming: Event) -> Sequence[Event]:
        """Return the event as OpenAI sends it."""
        is_report = PROGRESS in incoming.data
        if self._has_sent_role and (is_report or _ROLE in incoming.data):
            return ()
        self._has_sent_role = True
        if not is_report:
            return (incoming,)
        content = incoming.decode()
        content.pop("prompt_progress", None)
        return (Event(msgspec.json.encode(content)),)


def input_items(body: Mapping[str, Any]) -> list[Any]:
    """Return the `input` of a request for a response as a list of items."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list):
        raise BadRequestError("'input' has to be text or a list of items.")
    return given


def kept_items(items: Sequence[Any]) -> list[Any]:
    """Return what of a conversation the next request has to repeat; thoughts are not."""
    return [
        item
        for item in items
        if isinstance(item, dict) and item.get("type", "message") in _KEPT_ITEMS
    ]


def echo(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a response repeats of its request."""
    echoed = {name: body[name] for name in _ECHOED if body.get(name) is not None}
    written = echoed.get("text") or {}
    if not isinstance(written, Mapping):
        raise BadRequestError(f"'text' has to be an object, not {written!r:.100}.")
    return echoed | {"text": {"format": {"type": "text"}, **written}}


def whole_response(
    response: Mapping[str, Any], instance: Instance, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Add what OpenAI's clients expect of a response and llama.cpp leaves out.

    `asked` is what the request said, as far as it is repeated.
    """
    completed = {
        "created_at": int(time.time()),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": instance.identifier,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **asked,
    } | dict(response)
    usage = completed.get("usage")
    if isinstance(usage, dict):
        completed["usage"] = usage | {
            name: details | (usage.get(name) or {}) for name, details in _USAGE_DETAILS.items()
        }
        limit = asked.get("max_output_tokens")
        is_cut = limit is not None and usage.get("output_tokens", 0) >= limit
        is_full = usage.get("total_tokens", 0) >= instance.context_length
        if (is_cut or is_full) and completed.get("status") == "completed":
            completed |= {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
            }
    return completed


class ResponseEvents:
    """Completes the events of a streamed response: positions, numbers, whole responses."""

    def __init__(
        self,
        instance: Instance,
        asked: Mapping[str, Any],
        on_response: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._instance = instance
        self._asked = asked
        self._on_response = on_response
        self._numbers = itertools.count()
        self._items: list[str] = []
        self._is_in_progress = False

    def complete(self, incoming: Event) -> Sequence[Event]:
        """Return the event as OpenAI sends it; none if it is not one of theirs."""
        content = incoming.decode()
        kind = content.get("type")
        if kind == "response.in_progress":
            if self._is_in_progress:
                return ()
            self._is_in_progress = True
        content.pop("prompt_progress", None)
        if isinstance(content.get("response"), dict):
            content["response"] = whole_response(content["response"], self._instance, self._asked)
            if kind in {"response.completed", "response.incomplete"}:
                content["type"] = f"response.{content['response']['status']}"
                self._on_response(content["response"])
        item_id = content.get("item_id") or (content.get("item") or {}).get("id")
        if item_id is not None:
            if item_id not in self._items:
                self._items.append(item_id)
            content.setdefault("output_index", self._items.index(item_id))
        if "item_id" in content:
            content.setdefault("content_index", 0)
        if kind in {"response.output_text.delta", "response.output_text.done"}:
            content.setdefault("logprobs", [])
        part = content.get("part") or {}
        if part.get("type") == "output_text":
            part.setdefault("annotations", [])
        content["sequence_number"] = next(self._numbers)
        return (event(content),)
