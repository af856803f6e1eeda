"""Which JSON schemas llama.cpp's own grammars keep to the letter. Pure.

Builds without llguidance turn a schema into GBNF by themselves, and pass over in silence what they
do not know. So nothing is left to them here but what they are known to keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_KEPT: Final = frozenset(
    {
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "prefixItems",
        "properties",
        "required",
        "type",
    }
)
_ALONE: Final = ("$ref", "anyOf", "const", "enum")
"""Of what stands beside one of these llama.cpp sees nothing."""
_NOTHING_MORE: Final = frozenset({"$defs", "type"})


def unkept(schema: Any) -> str:
    """Return the word of one part of a schema that would not be kept; empty if all would be.

    >>> unkept({"type": "string", "maxLength": 5})
    ''
    >>> unkept({"type": "number", "minimum": 0.5})
    'minimum'
    """
    if not isinstance(schema, Mapping):
        return "" if schema is True else "false"
    here = _unkept_here(schema)
    return here or next((word for part in _inner(schema) if (word := unkept(part))), "")


def _unkept_here(schema: Mapping[str, Any]) -> str:
    """Return such a word of this part alone."""
    odd = schema.keys() - _KEPT
    alone = next((word for word in _ALONE if word in schema), "")
    if alone:
        odd |= schema.keys() - _NOTHING_MORE - {alone}
    if schema.get("type") != "integer":
        odd |= schema.keys() & {"minimum", "maximum"}
    if set(schema.get("required", ())) - set(schema.get("properties", {})):
        odd |= {"required"}
    if "prefixItems" in schema and schema.keys() & {"items", "minItems", "maxItems"}:
        odd |= {"prefixItems"}
    return min(odd, default="")


def _inner(schema: Mapping[str, Any]) -> list[Any]:
    """Return the schemas inside."""
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    parts += [*schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    parts += [schema["items"]] if "items" in schema else []
    if schema.get("additionalProperties") not in (None, False):
        parts.append(schema["additionalProperties"])
    return parts
