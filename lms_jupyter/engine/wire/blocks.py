"""The blocks of Anthropic's messages: llama.cpp silently leaves out those that it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError

_KNOWN: Final = ("text", "image", "tool_use", "tool_result", "thinking", "redacted_thinking")
"""A tuple, as what a client writes there need not be hashable."""


def settle_blocks(body: dict[str, Any]) -> None:
    """Write documents that are text as text; raises for what the model would not get to see."""
    body["messages"] = [
        {**message, "content": _blocks(message["content"], f"messages.{at}.content")}
        if isinstance(message, Mapping) and isinstance(message.get("content"), list)
        else message
        for at, message in enumerate(body.get("messages") or ())
    ]
    if isinstance(body.get("system"), list):
        body["system"] = _blocks(body["system"], "system")


def _blocks(blocks: list[Any], where: str) -> list[Any]:
    return [_block(block, f"{where}.{at}") for at, block in enumerate(blocks)]


def _block(block: Any, where: str) -> Any:
    if not isinstance(block, Mapping):
        raise BadRequestError(f"A block has to be an object, not {block!r:.100} ({where}).")
    kind = block.get("type")
    if kind == "tool_result" and isinstance(block.get("content"), list):
        return {**block, "content": _blocks(block["content"], f"{where}.content")}
    if kind == "text" and not _is_text(block):
        shown = block.get("text")
        raise BadRequestError(f"The text of a block has to be text, not {shown!r:.100} ({where}).")
    if kind in _KNOWN:
        return block
    if kind == "document":
        return {"type": "text", "text": _document(block, where)}
    raise BadRequestError(f"A block of type {kind!r:.100} cannot be read ({where}).")


def _document(block: Mapping[str, Any], where: str) -> str:
    match block.get("source"):
        case {"type": "text", "data": str(text)}:
            pass
        case {"type": "content", "content": str(text)}:
            pass
        case {"type": "content", "content": list(parts)} if all(map(_is_text, parts)):
            text = "".join(part["text"] for part in parts)
        case source:
            kind = source.get("type") if isinstance(source, Mapping) else source
            raise BadRequestError(
                f"A document has to be text; a source of type {kind!r:.100} cannot be read "
                f"({where}.source).",
                hint="Send what it says as text.",
            )
    about = [str(block[name]) for name in ("title", "context") if block.get(name)]
    return "\n".join([*about, text]) + "\n"


def _is_text(part: Any) -> bool:
    return (
        isinstance(part, Mapping)
        and part.get("type") == "text"
        and isinstance(part.get("text"), str)
    )
