"""A response with the probabilities of its tokens, which llama.cpp tells of chats only.

The request for a response is written as one for a chat, and the answer as a response again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, ConstraintError
from lms_jupyter.engine.wire.sse import Event, event

PROBABILITIES: Final = "message.output_text.logprobs"
_NOT_FOR_CHATS: Final = ("input", "instructions", "include", "max_output_tokens", "reasoning")


def wants_probabilities(body: Mapping[str, Any]) -> bool:
    """Whether a request asks for them; raises for a number of them without the rest."""
    included = body.get("include") or []
    if not isinstance(included, list):
        raise BadRequestError(f"'include' has to be a list of names, not {included!r:.100}.")
    many = body.get("top_logprobs")
    if many is not None and (isinstance(many, bool) or not isinstance(many, int) or many < 0):
        raise BadRequestError(f"'top_logprobs' has to be a whole number, not {many!r:.100}.")
    return PROBABILITIES in included or bool(many) or body.get("logprobs") is True


def chat_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for a chat that says the same; its items have been settled."""
    asked = {name: value for name, value in body.items() if name not in _NOT_FOR_CHATS}
    instructions = body.get("instructions")
    first = [{"role": "system", "content": instructions}] if instructions else []
    asked["messages"] = first + [message for item in body["input"] for message in _messages(item)]
    if body.get("max_output_tokens") is not None:
        asked["max_tokens"] = body["max_output_tokens"]
    if body.get("tools"):
        raise ConstraintError("include", "", "the calls of tools have no probabilities")
    return asked | {
        "logprobs": True,
        "top_logprobs": max(1, body.get("top_logprobs") or 0),
        "stream_options": {"include_usage": True},
    }


def _messages(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kind = item["type"]
    if kind == "message":
        role = "system" if item["role"] == "developer" else item["role"]
        yield {"role": role, "content": _content(item["content"])}
    elif kind == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments") or "{}"}
        call = {"id": item.get("call_id"), "type": "function", "function": function}
        yield {"role": "assistant", "content": "", "tool_calls": [call]}
    elif kind == "function_call_output":
        output = _content(item["output"])
        yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": output}


def _content(content: str | Sequence[Mapping[str, Any]]) -> Any:
    """Return what an item says, its parts as those of a chat."""
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "input_image":
        return {"type": "image_url", "image_url": {"url": part.get("image_url")}}
    return {"type": "text", "text": part["text"]}


class ResponseOfChat:
    """Writes the answer of a chat as a response, whole or in events."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._response_id = f"resp_{secrets.token_hex(16)}"
        self._item_id = f"msg_{secrets.token_hex(16)}"
        self._text = ""
        self._probabilities: list[dict[str, Any]] = []
        self._has_begun = False
        self._end = "completed"

    def whole(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response of a whole answer."""
        (choice,) = answer["choices"]
        self._note_end(choice)
        self._hear(choice["message"].get("content") or "", choice)
        return self._response(self._end, [self._item(self._end)], answer.get("usage"))

    def complete(self, incoming: Event) -> Sequence[Event]:
        """Return the events for one event of the chat."""
        return tuple(map(event, self._events(incoming.decode())))

    def _events(self, content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if "prompt_progress" in content:
            return
        if not self._has_begun:
            self._has_begun = True
            yield from self._beginning()
        for choice in content.get("choices") or ():
            self._note_end(choice)
            text = choice["delta"].get("content") or ""
            if text or choice.get("logprobs"):
                new = self._hear(text, choice)
                yield self._part("output_text.delta", delta=text, logprobs=new)
        if content.get("usage"):
            yield from self._ending(content["usage"])

    def _beginning(self) -> Iterator[dict[str, Any]]:
        response = self._response("in_progress", [], None)
        yield {"type": "response.created", "response": response}
        yield {"type": "response.in_progress", "response": response}
        item = self._item("in_progress") | {"content": []}
        yield {"type": "response.output_item.added", "item": item}
        yield self._part("content_part.added", part=self._content())

    def _ending(self, usage: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        item = self._item(self._end)
        yield self._part("output_text.done", text=self._text, logprobs=self._probabilities)
        yield self._part("content_part.done", part=self._content())
        yield {"type": "response.output_item.done", "item": item}
        response = self._response(self._end, [item], usage)
        yield {"type": "response.completed", "response": response}

    def _note_end(self, choice: Mapping[str, Any]) -> None:
        if choice.get("finish_reason") == "length":
            self._end = "incomplete"

    def _hear(self, text: str, choice: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._text += text
        probabilities = (choice.get("logprobs") or {}).get("content") or ()
        new = [self._probability(probability) for probability in probabilities]
        self._probabilities += new
        return new

    def _probability(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        top = entry.get("top_logprobs") or []
        return _token(entry) | {
            "top_logprobs": [_token(candidate) for candidate in top[: self._top]]
        }

    def _part(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"type": f"response.{kind}", "item_id": self._item_id, **more}

    def _content(self) -> dict[str, Any]:
        return {
            "type": "output_text",
            "text": self._text,
            "annotations": [],
            "logprobs": self._probabilities,
        }

    def _item(self, status: str) -> dict[str, Any]:
        return {
            "type": "message",
            "id": self._item_id,
            "role": "assistant",
            "status": status,
            "content": [self._content()],
        }

    def _response(
        self, status: str, output: list[Any], usage: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        response: dict[str, Any] = {
            "id": self._response_id,
            "object": "response",
            "created_at": int(time.time()),
            "status": status,
            "output": output,
        }
        if status == "incomplete":
            response["incomplete_details"] = {"reason": "max_output_tokens"}
        if usage:
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
            response["usage"] = {
                "input_tokens": usage["prompt_tokens"],
                "output_tokens": usage["completion_tokens"],
                "total_tokens": usage["total_tokens"],
                "input_tokens_details": {"cached_tokens": cached},
            }
        return response


def _token(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry.get(name) for name in ("token", "bytes", "logprob")}
