"""A notebook's own functions as tools for a model: signature and docstring become the schema."""

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import msgspec

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.tool_calls import ToolDefinition

MOST_CHARACTERS = 20_000
"""Of a result that a model is told: more would push the question out of its context."""
SHOWN_CHARACTERS = 120
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_ARGUMENT = re.compile(r"^\*{0,2}(?P<name>\w+)(?:\s*\([^)]*\))?\s*:\s*(?P<about>.*)$")
"""A line below "Args:" that begins what is said of an argument."""
_SECTION = re.compile(r"^(?P<name>[A-Z]\w*):$")
TYPES = "str, int, float, bool, list, dict, Literal, Enum, dataclass or a union of these"


class ArgumentsError(Exception):
    """A model's arguments do not fit the tool."""


@dataclass(frozen=True, slots=True)
class ToolFunction:
    """A function that a model may call."""

    definition: ToolDefinition
    function: Callable[..., Any]
    arguments: type[msgspec.Struct] | None
    """Nothing where somebody else checks them."""

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self.definition.name

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Turn what a model wrote into what the function takes.

        Raises:
            ArgumentsError: It does not fit the signature.
        """
        if self.arguments is None:
            return dict(arguments)
        try:
            read = msgspec.convert(arguments, self.arguments, strict=False)
        except (msgspec.ValidationError, ValueError, RecursionError) as error:
            raise ArgumentsError(str(error)) from error
        found = ((name, getattr(read, name)) for name in read.__struct_fields__)
        return {name: value for name, value in found if value is not msgspec.UNSET}


def tool_of(name: str, function: object) -> ToolFunction:
    """Make a tool of a function.

    Raises:
        CommandError: It is no function, or a model cannot write what it takes.
    """
    if isinstance(function, type) or not callable(function):
        raise CommandError(
            f"{name} is no function but {_kind(function)}: a model cannot call it.",
            hint="--tools takes names of functions, or of a list of functions.",
        )
    if inspect.iscoroutinefunction(function):
        raise CommandError(
            f"{name} is a coroutine function, which a cell magic cannot await.",
            hint="Write a plain function around it, for example with asyncio.run in a thread.",
        )
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise CommandError(
            f"{name} has no signature that Python can read: {error}.",
            hint="Write a function of your own around it.",
        ) from error
    about = inspect.getdoc(function) or ""
    arguments = _arguments(name, function, parameters, _about_arguments(about))
    definition = ToolDefinition(
        name=name,
        description=_summary(about) or f"{name}({', '.join(parameters)})",
        parameters=_schema(arguments),
    )
    return ToolFunction(definition, function, arguments)


def as_text(result: object) -> str:
    """Write what a function returned for a model: text as it is, else JSON, else as it prints.

    >>> as_text("42 is the answer"), as_text({"n": 42}), as_text(None)
    ('42 is the answer', '{"n": 42}', 'null')
    """
    if isinstance(result, str):
        text = str(result)
    else:
        try:
            plain = msgspec.to_builtins(result, enc_hook=_plain)
        except (TypeError, ValueError, RecursionError):
            # A key that JSON cannot have, or a list that has itself in it.
            plain = str(result)
        text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}\n… cut off: {len(text):,} characters in all"


def as_call(name: str, arguments: Mapping[str, Any], most: int = SHOWN_CHARACTERS) -> str:
    """Write a call as Python does, each argument in few characters.

    >>> as_call("search", {"words": "llama", "most": 3})
    "search(words='llama', most=3)"
    """
    shown = (f"{key}={shorten_text(repr(value), most)}" for key, value in arguments.items())
    return f"{name}({', '.join(shown)})"


def shorten_text(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """Return a text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _plain(value: object) -> object:
    """Write what JSON does not know: a number of numpy as a number, all else as it prints."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    tolist = getattr(value, "tolist", None)
    if callable(tolist) and hasattr(value, "dtype") and not hasattr(value, "index"):
        return tolist()
    return str(value)


def _arguments(
    name: str,
    function: Callable[..., Any],
    parameters: Mapping[str, inspect.Parameter],
    about: Mapping[str, str],
) -> type[msgspec.Struct]:
    """Return a type with a field for each argument; those with a default may be left out."""
    hints = _hints(function)
    fields: list[Any] = []
    for key, parameter in parameters.items():
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise CommandError(
                f"{name} takes {key!r} by position alone, and a model gives arguments by name.",
                hint="Write a function of your own around it.",
            )
        if parameter.kind not in _BY_NAME:
            # What is written for it in a docstring is nothing that a schema could promise.
            continue
        kind = hints.get(key, Any)
        _check(name, key, kind)
        meta: dict[str, Any] = {"description": about[key]} if key in about else {}
        optional = parameter.default is not inspect.Parameter.empty
        if optional and _is_json(parameter.default):
            meta["extra_json_schema"] = {"default": parameter.default}
        described = Annotated[kind, msgspec.Meta(**meta)] if meta else kind
        if not optional:
            fields.append((key, described))
        elif kind is Any:
            fields.append((key, described, msgspec.UNSET))
        else:
            fields.append((key, described | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(
        "Arguments", fields, kw_only=True, forbid_unknown_fields=True, frozen=True
    )


def _check(name: str, key: str, kind: Any) -> None:
    """See to it that a model can write what an argument wants."""
    try:
        msgspec.json.schema(kind)
    except (TypeError, ValueError, RecursionError, AttributeError) as error:
        named = getattr(kind, "__name__", str(kind))
        raise CommandError(
            f"{name} takes {key!r} of the type {named}, which a model cannot write.",
            hint=f"Annotate it with {TYPES}.",
        ) from error


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types that a function is annotated with, as far as they can be found."""
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004 - its annotations are wanted
    while hasattr(called, "func"):
        # functools.partial
        called = called.func
    try:
        return get_type_hints(called, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation may be any expression of the user's
        return {}


def _schema(arguments: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of arguments, without a reference at its top."""
    _, parts = msgspec.json.schema_components([arguments], ref_template="#/$defs/{name}")
    top = dict(parts.pop(arguments.__name__))
    top.pop("title", None)
    return top | ({"$defs": parts} if parts else {})


def _is_json(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | bool | None)


def _summary(about: str) -> str:
    """Return a docstring up to its first section."""
    lines: list[str] = []
    for line in about.splitlines():
        if _SECTION.match(line):
            break
        lines.append(line)
    return "\n".join(lines).strip()


def _about_arguments(about: str) -> dict[str, str]:
    r"""Read what a docstring says below "Args:" of each argument.

    >>> _about_arguments("Look.\n\nArgs:\n    words: What to\n        look for.\n")
    {'words': 'What to look for.'}
    """
    found: dict[str, str] = {}
    section, indent, last = "", None, ""
    for line in about.splitlines():
        if match := _SECTION.match(line):
            section, indent, last = match["name"], None, ""
            continue
        if section not in ("Args", "Arguments", "Parameters") or not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        indent = depth if indent is None else indent
        begun = _ARGUMENT.match(line.strip()) if depth == indent else None
        if begun is not None:
            last = begun["name"]
            found[last] = begun["about"].strip()
        elif last:
            found[last] = f"{found[last]} {line.strip()}".strip()
    return found


def _kind(value: object) -> str:
    """Say what something is, in few words."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"of the type {type(value).__name__}"
