"""What form a request wants the answer to have: the fields of the different paths, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, ConstraintError
from lms_jupyter.engine.prediction.constraints import check_grammar

ANY_OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Form:
    """A form, and which field asked for it. Either a JSON schema or a grammar."""

    name: str
    schema: Any = None
    grammar: str | None = None


def take_form(body: dict[str, Any]) -> Form | None:
    """Take the form out of a request in OpenAI's way, of llama.cpp's fields for it, too."""
    text = _object(body, "text")
    return _taken(body, {"text.format": text.get("format")})


def take_message_form(body: dict[str, Any]) -> Form | None:
    """Take the form out of a request in Anthropic's way, of llama.cpp's fields for it, too."""
    settings = _object(body, "output_config")
    asked = {
        "output_config.format": settings.get("format"),
        "output_format": body.pop("output_format", None),
    }
    for name, value in asked.items():
        kind = value.get("type") if isinstance(value, Mapping) else "json_schema"
        if value is not None and kind != "json_schema":
            raise BadRequestError(f"'{name}.type' is 'json_schema', not {kind!r:.100}.")
    form = _taken(body, asked)
    if form is not None and body.get("stop_sequences"):
        raise ConstraintError(
            form.name,
            "",
            "an answer that 'stop_sequences' may cut off cannot be held to a form as well",
            hint="Leave 'stop_sequences' out: the answer ends where its form does.",
        )
    return form


def _object(body: dict[str, Any], name: str) -> Mapping[str, Any]:
    value = body.pop(name, None)
    if value is not None and not isinstance(value, Mapping):
        raise BadRequestError(f"{name!r} has to be an object, not {value!r:.100}.")
    return value or {}


def _taken(body: dict[str, Any], asked: Mapping[str, Any]) -> Form | None:
    asked = {"response_format": body.pop("response_format", None), **asked}
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
