"""What form a request wants the answer to have: the fields of the different paths, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms_jupyter.engine.constraints import check_grammar
from lms_jupyter.engine.errors import BadRequestError, ConstraintError

ANY_OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Form:
    """A form, and which field asked for it. Either a JSON schema or a grammar."""

    name: str
    schema: Any = None
    grammar: str | None = None


def take_form(body: dict[str, Any]) -> Form | None:
    """Take the form out of a request in OpenAI's way, of llama.cpp's fields for it, too."""
    text = body.pop("text", None)
    if text is not None and not isinstance(text, Mapping):
        raise BadRequestError(f"'text' has to be an object, not {text!r:.100}.")
    asked = {
        "response_format": body.pop("response_format", None),
        "text.format": (text or {}).get("format"),
    }
    forms = [_form(name, value) for name, value in asked.items() if value is not None]
    if body.get("json_schema") is not None:
        forms.append(Form("json_schema", _schema(body["json_schema"], "json_schema")))
    if body.get("grammar"):
        grammar = body["grammar"]
        if not isinstance(grammar, str):
            raise BadRequestError(f"'grammar' has to be text, not {grammar!r:.100}.")
        check_grammar(grammar, "grammar")
        forms.append(Form("grammar", grammar=grammar))
    for name in ("json_schema", "grammar"):
        body.pop(name, None)
    found = [form for form in forms if form is not None]
    if len(found) > 1:
        both = " and ".join(repr(form.name) for form in found)
        raise ConstraintError(found[1].name, "", f"{both} cannot be had together")
    if found and body.get("tools"):
        raise ConstraintError(
            found[0].name,
            "",
            "a model that may call tools cannot be held to a form as well",
            hint='Leave \'tools\' out, or say "tool_choice": "none".',
        )
    return found[0] if found else None


def refuse_form(body: Mapping[str, Any]) -> None:
    """Refuse what Anthropic's clients ask for: llama.cpp takes no form on that path."""
    settings = body.get("output_config")
    if settings is not None and not isinstance(settings, Mapping):
        raise BadRequestError(f"'output_config' has to be an object, not {settings!r:.100}.")
    for name, value in (
        ("output_config.format", (settings or {}).get("format")),
        ("output_format", body.get("output_format")),
    ):
        if value is not None:
            raise ConstraintError(
                name,
                "",
                "llama.cpp takes no form of the answer on this path",
                hint="Ask '/v1/chat/completions' or '/v1/responses' for it.",
            )


def _form(name: str, value: Any) -> Form | None:
    if not isinstance(value, Mapping):
        raise BadRequestError(f"{name!r} has to be an object, not {value!r:.100}.")
    kind = value.get("type")
    inner = value.get("json_schema")
    holder, where = (inner, f"{name}.json_schema") if isinstance(inner, Mapping) else (value, name)
    if kind == "text":
        return None
    if kind == "json_object":
        schema = holder.get("schema")
        return Form(name, ANY_OBJECT if schema is None else _schema(schema, f"{where}.schema"))
    if kind == "json_schema":
        if "schema" not in holder:
            raise BadRequestError(f"'{where}.schema' has to be there.")
        return Form(f"{where}.schema", _schema(holder["schema"], f"{where}.schema"))
    raise BadRequestError(
        f"'{name}.type' is 'text', 'json_object' or 'json_schema', not {kind!r:.100}."
    )


def _schema(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping | bool):
        raise BadRequestError(f"{name!r} has to be a JSON schema, not {value!r:.100}.")
    return value
