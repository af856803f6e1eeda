"""Streamed answers put together again: to answer them whole, and to end them early in their form.

llama.cpp is always asked for a stream, so that a request can be ended, with what it has said, when
others need the room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from lms_jupyter.engine.wire import anthropic
from lms_jupyter.engine.wire.sse import DONE, Event, event

SENT_IN_PARTS = ("choices", "prompt_progress")


class Parts(Protocol):
    """What has been said so far, in one format."""

    def hear(self, content: Mapping[str, Any]) -> None:
        """Take in one event."""

    def ending(self) -> Sequence[Event]:
        """Return the events that end the answer for want of room."""

    def whole(self) -> dict[str, Any]:
        """Return the whole answer."""


class ChatParts:
    """OpenAI's chats and completions."""

    def __init__(self, *, is_chat: bool, tells_usage: bool) -> None:
        self._is_chat = is_chat
        self._tells_usage = tells_usage
        self._head: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._usage: Any = None
        self._timings: Any = None

    def hear(self, content: Mapping[str, Any]) -> None:
        """Take in one chunk."""
        head = {name: value for name, value in content.items() if name not in SENT_IN_PARTS}
        self._usage = head.pop("usage", None) or self._usage
        self._timings = head.pop("timings", None) or self._timings
        self._head |= head
        for part in content.get("choices") or ():
            choice = self._choices.setdefault(part.get("index", 0), {})
            self._add(choice, part)

    def ending(self) -> Sequence[Event]:
        """Return a last chunk for each choice that is not at its end, and the usage if wanted."""
        events = []
        # Whoever ends before its first word ends all the same.
        self._choices = self._choices or {0: {}}
        for index, choice in self._choices.items():
            if choice.get("finish_reason"):
                continue
            choice["finish_reason"] = "length"
            last: dict[str, Any] = {"index": index, "finish_reason": "length"}
            if self._is_chat:
                last["delta"] = {}
            else:
                last |= {"text": "", "logprobs": None}
            events.append(self._chunk([last]))
        timings = self._timings or {}
        read = timings.get("cache_n", 0) + timings.get("prompt_n", 0)
        written = timings.get("predicted_n", 0)
        self._usage = {
            "completion_tokens": written,
            "prompt_tokens": read,
            "total_tokens": read + written,
            "prompt_tokens_details": {"cached_tokens": timings.get("cache_n", 0)},
        }
        if self._tells_usage:
            events.append(self._chunk([], usage=self._usage))
        return (*events, Event(DONE))

    def whole(self) -> dict[str, Any]:
        """Return the answer as llama.cpp writes it at once."""
        choices = [self._choice(index) for index in sorted(self._choices)]
        answer: dict[str, Any] = {"choices": choices} | self._head
        if self._is_chat:
            answer["object"] = "chat.completion"
        figures = {"usage": self._usage, "timings": self._timings}
        return answer | {name: value for name, value in figures.items() if value is not None}

    def _chunk(self, choices: list[Any], **more: Any) -> Event:
        chunk = {"choices": choices, **self._head, **more}
        if choices and self._timings:
            chunk["timings"] = self._timings
        return Event(msgspec.json.encode(chunk))

    def _add(self, choice: dict[str, Any], part: Mapping[str, Any]) -> None:
        choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
        probabilities = part.get("logprobs")
        if isinstance(probabilities, Mapping):
            gathered = choice.setdefault("logprobs", {})
            for name, values in probabilities.items():
                gathered[name] = (gathered.get(name) or []) + (values or [])
        delta = part.get("delta") or {"content": part.get("text")}
        for name in ("content", "reasoning_content"):
            if delta.get(name):
                choice[name] = choice.get(name, "") + delta[name]
        for call in delta.get("tool_calls") or ():
            calls = choice.setdefault("tool_calls", {})
            _add_call(calls.setdefault(call.get("index", 0), {}), call)

    def _choice(self, index: int) -> dict[str, Any]:
        choice = self._choices[index]
        written: dict[str, Any] = {"finish_reason": choice.get("finish_reason"), "index": index}
        if self._is_chat:
            message = {"role": "assistant", "content": choice.get("content", "")}
            if "reasoning_content" in choice:
                message["reasoning_content"] = choice["reasoning_content"]
            if "tool_calls" in choice:
                message["tool_calls"] = list(choice["tool_calls"].values())
            written["message"] = message
            if "logprobs" in choice:
                written["logprobs"] = choice["logprobs"]
            return written
        return written | {"text": choice.get("content", ""), "logprobs": choice.get("logprobs")}


def _add_call(call: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Add a piece of a tool's call."""
    function = call.setdefault("function", {"name": "", "arguments": ""})
    for name, value in (part.get("function") or {}).items():
        function[name] = function.get(name, "") + (value or "")
    call |= {name: part[name] for name in ("id", "type") if part.get(name)}


class MessageParts:
    """Anthropic's messages.

    llama.cpp leaves their start out if the first token is only a part of a letter.
    """

    def __init__(self, model: str) -> None:
        self._message = anthropic.new_message(model)
        self._blocks: list[dict[str, Any]] = []
        self._json = ""
        self._is_open = False
        self._tokens = 0

    def hear(self, content: Mapping[str, Any]) -> None:
        """Take in one event."""
        match content.get("type"):
            case "message_start":
                self._message = dict(content["message"])
            case "content_block_start":
                self._blocks.append(dict(content["content_block"]))
                self._is_open, self._json = True, ""
            case "content_block_delta":
                self._tokens += 1
                self._add(content["delta"])
            case "content_block_stop":
                self._close()
            case "message_delta":
                self._message |= content["delta"]
                self._message["usage"] = {**self._message["usage"], **content["usage"]}

    def ending(self) -> Sequence[Event]:
        """Return the events that close what is open, and the message."""
        events = []
        if self._is_open:
            events.append(event({"type": "content_block_stop", "index": len(self._blocks) - 1}))
            self._close()
        delta = {"stop_reason": "model_context_window_exceeded", "stop_sequence": None}
        usage = {"output_tokens": self._tokens}
        last = {"type": "message_delta", "delta": delta, "usage": usage}
        self.hear(last)
        return (*events, event(last), event({"type": "message_stop"}))

    def whole(self) -> dict[str, Any]:
        """Return the whole message."""
        return self._message | {"content": self._blocks}

    def _add(self, delta: Mapping[str, Any]) -> None:
        if not self._blocks:
            self._blocks.append({"type": "text", "text": ""})
        block = self._blocks[-1]
        for name in ("text", "thinking", "signature"):
            if name in delta:
                block[name] = block.get(name, "") + delta[name]
        self._json += delta.get("partial_json", "")

    def _close(self) -> None:
        self._is_open = False
        if self._blocks and self._blocks[-1].get("type") == "tool_use":
            try:
                arguments = msgspec.json.decode(self._json or "{}")
            except msgspec.DecodeError:
                arguments = {}
            self._blocks[-1]["input"] = arguments


class ResponseParts:
    """OpenAI's responses."""

    def __init__(self) -> None:
        self._response: dict[str, Any] = {}
        self._items: list[dict[str, Any]] = []
        self._tokens = 0
        self._read = 0

    def hear(self, content: Mapping[str, Any]) -> None:
        """Take in one event."""
        kind = str(content.get("type"))
        timings = content.get("timings") or {}
        if timings:
            self._tokens = timings.get("predicted_n", 0)
            self._read = timings.get("cache_n", 0) + timings.get("prompt_n", 0)
        if isinstance(content.get("response"), dict):
            self._response |= content["response"]
        if kind == "response.output_item.added":
            self._items.append(dict(content["item"]))
        elif kind == "response.output_item.done" and self._items:
            self._items[-1] = dict(content["item"])
        elif kind.endswith(".delta") and self._items:
            self._tokens += not timings
            self._add(kind, str(content.get("delta", "")))

    def ending(self) -> Sequence[Event]:
        """Return the events that end what is open, and the response."""
        events = []
        if self._items and self._items[-1].get("status") != "completed":
            self._items[-1]["status"] = "incomplete"
            done = {"type": "response.output_item.done", "item": self._items[-1]}
            events.append(event(done))
        self._response |= {
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": self._items,
            "usage": {
                "input_tokens": self._read,
                "output_tokens": self._tokens,
                "total_tokens": self._read + self._tokens,
            },
        }
        return (*events, event({"type": "response.incomplete", "response": self._response}))

    def whole(self) -> dict[str, Any]:
        """Return the whole response."""
        return self._response

    def _add(self, kind: str, delta: str) -> None:
        item = self._items[-1]
        if item.get("type") == "function_call":
            item["arguments"] = item.get("arguments", "") + delta
            return
        if not item.get("content"):
            name = "reasoning_text" if "reasoning" in kind else "output_text"
            item["content"] = [{"type": name, "text": "", "annotations": [], "logprobs": []}]
        item["content"][-1]["text"] += delta
