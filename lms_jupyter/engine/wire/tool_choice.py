"""Which tools a model may or has to call, in the ways of OpenAI and of Anthropic.

llama.cpp understands `auto`, `none` and `required`, and takes every other value for `auto`. So one
tool is asked for by offering only that one, and none by offering none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, ConstraintError
from lms_jupyter.engine.prediction.strict_tools import check_strict

_MODES: Final = ("auto", "none", "required")
_OPENAIS: Final = (None, "function")
_ANTHROPICS: Final = (None, "custom")
"""The types of tools that a client calls itself."""


def settle_openai(body: dict[str, Any]) -> None:
    """Rewrite the tools of a chat or of a request for a response; raises for what cannot be had."""
    tools = [{"type": "function"} | tool for tool in _tools(body, _OPENAIS)]
    choice = body.pop("tool_choice", None)
    match choice:
        case None | "auto" | "none" | "required":
            mode, names = choice or "auto", None
        case {"type": "function"}:
            mode, names = "required", [_name(choice)]
        case {"type": "allowed_tools"}:
            allowed = choice.get("allowed_tools") or choice
            if not isinstance(allowed, Mapping):
                raise _unknown(choice)
            mode, names = allowed.get("mode"), _names(allowed.get("tools"))
        case _:
            raise _unknown(choice)
    if mode not in _MODES:
        raise _unknown(choice)
    kept = _offered(tools, mode, names)
    if kept:
        body["tools"] = kept
        body["tool_choice"] = mode
    else:
        body.pop("tools", None)
        body.pop("parallel_tool_calls", None)


def settle_anthropic(body: dict[str, Any]) -> None:
    """Rewrite the tools of a message; raises for what cannot be had."""
    tools = _tools(body, _ANTHROPICS)
    choice = body.pop("tool_choice", None)
    match choice:
        case None | {"type": "auto"}:
            mode, names = "auto", None
        case {"type": "none"}:
            mode, names = "none", None
        case {"type": "any"}:
            mode, names = "required", None
        case {"type": "tool"}:
            mode, names = "required", [_name(choice)]
        case _:
            raise _unknown(choice)
    kept = _offered(tools, mode, names)
    if kept:
        body["tools"] = kept
        body["tool_choice"] = {"type": "any" if mode == "required" else "auto"}
    else:
        body.pop("tools", None)


def _tools(body: Mapping[str, Any], kinds: Sequence[str | None]) -> list[dict[str, Any]]:
    """Return the tools; those that a host would have to bring along cannot be had."""
    tools = body.get("tools") or []
    for at, tool in enumerate(tools):
        kind = tool.get("type")
        if kind not in kinds:
            raise ConstraintError("tools", f"/{at}/type", f"there is no tool of type {kind!r:.100}")
        function = tool.get("function") or tool
        if not isinstance(function.get("name"), str):
            raise ConstraintError("tools", f"/{at}", "a tool needs a name")
        if tool.get("strict") or function.get("strict"):
            check_strict(function, f"/{at}")
    return [dict(tool) for tool in tools]


def _offered(tools: list[Any], mode: str, names: Iterable[str] | None) -> list[Any]:
    """Return the tools to offer."""
    if mode == "none":
        return []
    if names is not None:
        wanted = list(names)
        there = {_tool_name(tool) for tool in tools}
        for name in wanted:
            if name not in there:
                raise ConstraintError("tool_choice", "", f"there is no tool {name!r:.100}")
        tools = [tool for tool in tools if _tool_name(tool) in wanted]
    if mode == "required" and not tools:
        raise ConstraintError("tool_choice", "", "there are no tools")
    return tools


def _tool_name(tool: Mapping[str, Any]) -> Any:
    return (tool.get("function") or tool).get("name")


def _name(choice: Mapping[str, Any]) -> str:
    named = choice.get("function")
    name = named.get("name") if isinstance(named, Mapping) else choice.get("name")
    if not isinstance(name, str):
        raise _unknown(choice)
    return name


def _names(tools: Any) -> list[str]:
    if not isinstance(tools, list) or not all(isinstance(tool, Mapping) for tool in tools):
        raise BadRequestError("The 'tools' of 'tool_choice' have to be a list of objects.")
    return [_name(tool) for tool in tools]


def _unknown(choice: Any) -> ConstraintError:
    return ConstraintError("tool_choice", "", f"{choice!r:.200} is not understood")
