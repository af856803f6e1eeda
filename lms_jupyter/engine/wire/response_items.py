"""The items of a request for a response, as llama.cpp reads them.

OpenAI's clients may write an item in more ways than one: the text of a message as a text or as
parts, what an assistant said as `input_text`, a message without its type. llama.cpp reads one way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError

_TEXTS: Final = ("input_text", "output_text", "text", "refusal")
_THOUGHTS: Final = ("reasoning_text", "summary_text", "text")
_ASKING: Final = ("user", "system", "developer")


def settle_items(items: list[Any]) -> list[Any]:
    """Return the items in llama.cpp's way; what is no object is left to the check of types.

    Raises:
        BadRequestError: The model would not get to see an item; the message says which.
    """
    settled: list[Any] = []
    for at, item in enumerate(items):
        settled += _item(item, f"input.{at}") if isinstance(item, Mapping) else [item]
    return settled


def _item(item: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Return one item; none for thoughts that say nothing."""
    kind = item.get("type") or ("message" if "role" in item else None)
    if kind == "message":
        return [_message(item, where)]
    if kind == "function_call":
        return [dict(item)]
    if kind == "function_call_output":
        return [{**item, "output": _content(item.get("output"), f"{where}.output")}]
    if kind == "reasoning":
        thoughts = item.get("content") or item.get("summary")
        content = _thoughts(thoughts, where) if thoughts else []
        return [{"type": "reasoning", "summary": [], "content": content}] if content else []
    if kind == "item_reference" or (kind is None and "id" in item):
        raise BadRequestError(
            f"There is no item {item.get('id')!r:.100} to refer to ({where}).",
            hint="Send the item itself, or 'previous_response_id'.",
        )
    raise BadRequestError(f"An item of type {kind!r:.100} cannot be read ({where}).")


def _message(item: Mapping[str, Any], where: str) -> dict[str, Any]:
    role, content = item.get("role"), item.get("content")
    if role == "assistant":
        # Also an empty text: llama.cpp reads no message of an assistant that is not in parts.
        parts = [{"type": "output_text", "text": content}] if isinstance(content, str) else content
        return {**item, "type": "message", "content": _parts(parts, "output_text", where)}
    if role in _ASKING:
        return {**item, "type": "message", "content": _content(content, f"{where}.content")}
    raise BadRequestError(f"{role!r:.100} is not the role of a message ({where}.role).")


def _content(content: Any, where: str) -> Any:
    """Return what a user or a tool says: a text, or parts."""
    return content if isinstance(content, str) else _parts(content, "input_text", where)


def _parts(parts: Any, kind: str, where: str) -> list[dict[str, Any]]:
    """Return the parts of a content, those that are text with this type."""
    if not isinstance(parts, list):
        raise BadRequestError(f"This has to be text or parts, not {parts!r:.100} ({where}).")
    return [_part(part, kind, f"{where}.{at}") for at, part in enumerate(parts)]


def _part(part: Any, kind: str, where: str) -> dict[str, Any]:
    found = part.get("type") if isinstance(part, Mapping) else None
    if found in _TEXTS:
        name = "refusal" if found == "refusal" else "text"
        return {"type": kind, "text": _text(part, name, where)}
    if kind == "input_text" and found == "input_image":
        return dict(part)
    raise BadRequestError(
        f"A part of type {found!r:.100} cannot be read ({where}).",
        hint="Send what it says as text.",
    )


def _thoughts(thoughts: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(thoughts, list):
        raise BadRequestError(f"Thoughts have to be parts, not {thoughts!r:.100} ({where}).")
    for part in thoughts:
        if not isinstance(part, Mapping) or part.get("type") not in _THOUGHTS:
            raise BadRequestError(f"A thought has to be text, not {part!r:.100} ({where}).")
    return [{"type": "reasoning_text", "text": _text(part, "text", where)} for part in thoughts]


def _text(part: Mapping[str, Any], name: str, where: str) -> str:
    text = part.get(name)
    if not isinstance(text, str):
        raise BadRequestError(f"The text of a part has to be text, not {text!r:.100} ({where}).")
    return text
