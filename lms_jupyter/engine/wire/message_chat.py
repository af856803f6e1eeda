"""A message in Anthropic's format, asked for and answered as a chat in OpenAI's.

llama.cpp holds no answer on `/v1/messages` to a form: it reads few fields there, and none for that.
Its chats can be held to one, so a message that has to have a form is asked for as a chat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lms_jupyter.engine.wire.anthropic import new_message
from lms_jupyter.engine.wire.sse import Event, event

MAX_TOKENS: Final = 4096
"""What llama.cpp takes for a message that does not say how long it may be."""
THINKING_TOKENS: Final = 10_000
"""What it takes for one that does not say how long the model may think."""

_SAME: Final = ("model", "ttl", "preset", "draft_model", "stream", "temperature", "top_p", "top_k")
_TEXTS: Final = {
    "reasoning_content": ("thinking", "thinking_delta"),
    "content": ("text", "text_delta"),
}


def chat_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for a chat that says the same as a message without tools or a form."""
    asked = {name: body[name] for name in _SAME if name in body}
    messages = [plain for message in body["messages"] for plain in _messages(message)]
    if body.get("system") is not None:
        messages.insert(0, {"role": "system", "content": _parts(body["system"])})
    thinking = body.get("thinking")
    if isinstance(thinking, Mapping) and thinking.get("type") == "enabled":
        asked["thinking_budget_tokens"] = thinking.get("budget_tokens", THINKING_TOKENS)
    limit = body.get("max_tokens")
    return asked | {
        "messages": messages,
        "max_tokens": MAX_TOKENS if limit is None else limit,
        "stream_options": {"include_usage": True},
    }


def _messages(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the messages of a chat for one message: what tools have said are ones of their own."""
    role, content = message["role"], message.get("content")
    if not isinstance(content, list):
        yield {"role": role, "content": content}
        return
    kinds: dict[Any, list[Any]] = {}
    for block in content:
        kinds.setdefault(block.get("type"), []).append(block)
    written: dict[str, Any] = {"role": role}
    if parts := _parts([block for block in content if block.get("type") in ("text", "image")]):
        written["content"] = parts
    if "thinking" in kinds:
        written["reasoning_content"] = "".join(
            str(block.get("thinking", "")) for block in kinds["thinking"]
        )
    if "tool_use" in kinds:
        written["tool_calls"] = [_call(block) for block in kinds["tool_use"]]
    if len(written) > 1:
        yield {"content": ""} | written
    for block in kinds.get("tool_result", ()):
        result = _parts(block.get("content") or "")
        yield {"role": "tool", "tool_call_id": block.get("tool_use_id", ""), "content": result}


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": block.get("name", ""), "arguments": block.get("input")}
    return {"id": block.get("id", ""), "type": "function", "function": function}


def _parts(content: Any) -> Any:
    return [_part(block) for block in content] if isinstance(content, list) else content


def _part(block: Mapping[str, Any]) -> Any:
    """Return a part of a chat's message; an image that is none is left to be refused."""
    source = block.get("source")
    if block.get("type") != "image" or not isinstance(source, Mapping):
        return {name: value for name, value in block.items() if name != "cache_control"}
    url = source.get("url")
    if source.get("type") == "base64":
        url = f"data:{source.get('media_type') or 'image/jpeg'};base64,{source.get('data') or ''}"
    return {"type": "image_url", "image_url": {"url": url}}


class MessageOfChat:
    """Writes the answer of a chat as a message, whole or in events.

    Args:
        model: The identifier of the instance.
        limit: How many tokens the answer may have.
    """

    def __init__(self, model: str, limit: int) -> None:
        self._message = new_message(model)
        self._limit = limit
        self._has_begun = False
        self._kind = ""
        """Of the block that is open."""
        self._blocks = 0
        self._reason = "end_turn"

    def whole(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message of a whole answer."""
        (choice,) = answer["choices"]
        self._note_end(choice)
        answered = choice["message"]
        blocks = [
            _block(kind) | {kind: answered[name]}
            for name, (kind, _) in _TEXTS.items()
            if answered.get(name)
        ]
        usage = _usage(answer.get("usage") or {})
        return self._message | {"content": blocks, "stop_reason": self._end(usage), "usage": usage}

    def complete(self, incoming: Event) -> Sequence[Event]:
        """Return the events for one event of the chat."""
        return tuple(map(event, self._events(incoming.decode())))

    def _events(self, content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if not self._has_begun:
            self._has_begun = True
            progress = content.get("prompt_progress") or {}
            read, cached = progress.get("total", 0), progress.get("cache", 0)
            usage = {"prompt_tokens": read, "prompt_tokens_details": {"cached_tokens": cached}}
            yield {"type": "message_start", "message": self._message | {"usage": _usage(usage)}}
        if "prompt_progress" in content:
            return
        for choice in content.get("choices") or ():
            self._note_end(choice)
            for name, (kind, delta_type) in _TEXTS.items():
                if text := (choice.get("delta") or {}).get(name):
                    yield from self._open(kind)
                    yield self._block_event("delta", delta={"type": delta_type, kind: text})
        if content.get("usage"):
            usage = _usage(content["usage"])
            yield from self._open("")
            delta = {"stop_reason": self._end(usage), "stop_sequence": None}
            yield {"type": "message_delta", "delta": delta, "usage": usage}
            yield {"type": "message_stop"}

    def _open(self, kind: str) -> Iterator[dict[str, Any]]:
        """Open a block of a kind, unless it is open, and close the one before; '' opens none."""
        if kind == self._kind:
            return
        if self._kind:
            yield self._block_event("stop")
            self._blocks += 1
        self._kind = kind
        if kind:
            yield self._block_event("start", content_block=_block(kind))

    def _block_event(self, what: str, **more: Any) -> dict[str, Any]:
        return {"type": f"content_block_{what}", "index": self._blocks, **more}

    def _note_end(self, choice: Mapping[str, Any]) -> None:
        if choice.get("finish_reason") == "length":
            self._reason = "max_tokens"

    def _end(self, usage: Mapping[str, int]) -> str:
        """Return why it ended: an answer cut off before its limit had no more room."""
        is_early = self._reason == "max_tokens" and 0 <= usage["output_tokens"] < self._limit
        return "model_context_window_exceeded" if is_early else self._reason


def _block(kind: str) -> dict[str, Any]:
    return {"type": kind, kind: ""} | ({"signature": ""} if kind == "thinking" else {})


def _usage(usage: Mapping[str, Any]) -> dict[str, int]:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return {
        "cache_read_input_tokens": cached,
        "input_tokens": usage.get("prompt_tokens", 0) - cached,
        "output_tokens": usage.get("completion_tokens", 0),
    }
