"""Whether the arguments of a tool's call are sure to fit its schema, for tools that are `strict`.

llama.cpp makes the grammar of a call by itself, and keeps less than llguidance does. Without
`strict`, a tool's schema is what the model is told, and kept as far as llama.cpp can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine.errors import ConstraintError
from lms_jupyter.engine.prediction.json_schema import prepared
from lms_jupyter.engine.prediction.schema_words import UnkeepableError, escaped

_NOT_KEPT: Final = (
    *("allOf", "oneOf", "pattern", "patternProperties", "maxProperties", "multipleOf"),
    *("minProperties", "propertyNames"),
)
_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_FORMATS: Final = frozenset({"date", "date-time", "path", "password", "time", "uuid"})


def check_strict(function: Mapping[str, Any], pointer: str) -> None:
    """Raise `ConstraintError` if a call of this function could have arguments of another form."""
    for name in ("parameters", "input_schema"):
        if name not in function:
            continue
        try:
            prepared(function[name])
            _check(function[name], "")
        except UnkeepableError as error:
            place = f"{pointer}/{name}{error.pointer}"
            hint = "Leave that part out, or 'strict'."
            raise ConstraintError("tools", place, error.reason, hint=hint) from None


def _check(schema: Any, pointer: str) -> None:
    if not isinstance(schema, Mapping):
        return
    refused = [name for name in _NOT_KEPT if name in schema]
    if schema.get("type") != "integer":
        refused += [name for name in _BOUNDS if name in schema]
    if schema.get("format") not in (None, *_FORMATS):
        refused.append("format")
    if refused:
        raise UnkeepableError(
            f"{pointer}/{refused[0]}", f"{refused[0]!r} cannot be enforced in a strict tool"
        )
    for name in ("properties", "$defs", "definitions"):
        members = schema.get(name)
        for key, value in members.items() if isinstance(members, Mapping) else ():
            _check(value, f"{pointer}/{name}/{escaped(key)}")
    for name in ("anyOf", "prefixItems"):
        members = schema.get(name)
        for at, value in enumerate(members if isinstance(members, list) else ()):
            _check(value, f"{pointer}/{name}/{at}")
    for name in ("items", "additionalProperties"):
        _check(schema.get(name), f"{pointer}/{name}")
