"""Writes a conversation with a template that the client brings along.

The model's own template is llama.cpp's business; it cannot take another one for a single request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lms_jupyter.engine.errors import BadRequestError

_WRONG: Final = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template may raise that does not fit its conversation, or is none."""


def write_prompt(template: Mapping[str, Any], conversation: Sequence[Mapping[str, Any]]) -> str:
    """Return the prompt; may take long.

    Raises:
        BadRequestError: The template is wrong.
    """
    messages = [{**message, "content": _text(message.get("content"))} for message in conversation]
    match template.get("type"):
        case "jinja":
            return _jinja(template, messages)
        case "manual":
            return _manual(template, messages)
        case other:
            raise BadRequestError(
                f"A prompt template is of type 'jinja' or 'manual', not {other!r:.100}."
            )


def _jinja(template: Mapping[str, Any], messages: list[dict[str, Any]]) -> str:
    source = (template.get("jinjaPromptTemplate") or {}).get("template")
    if not isinstance(source, str):
        raise BadRequestError("A jinja prompt template needs its 'template' as text.")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _raise
    try:
        return environment.from_string(source).render(
            messages=messages, add_generation_prompt=True, bos_token="", eos_token="", tools=None
        )
    except _WRONG as error:
        raise BadRequestError(f"The prompt template failed: {error}.") from error


def _manual(template: Mapping[str, Any], messages: list[dict[str, Any]]) -> str:
    marks = template.get("manualPromptTemplate")
    if not isinstance(marks, Mapping):
        raise BadRequestError("A manual prompt template needs its 'manualPromptTemplate'.")

    def around(role: str) -> tuple[str, str]:
        name = role.capitalize()
        return str(marks.get(f"before{name}", "")), str(marks.get(f"after{name}", ""))

    written = ""
    for message in messages:
        before, after = around(message["role"])
        written += before + message["content"] + after
    return written + around("assistant")[0]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)
