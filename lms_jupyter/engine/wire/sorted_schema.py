"""The order of properties, which lmstudio's Python SDK loses: it sorts the keys of what it sends.

What it leaves alone is the list of required names, and libraries write that in the order of the
properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def in_required_order(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema whose keys were all sorted with its properties in the order of `required`.

    Optional ones come last. A schema with any other order is left as it is.
    """
    ordered: Mapping[str, Any] = _ordered(schema) if _is_sorted(schema) else schema
    return ordered


def _is_sorted(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        names = list(schema)
        return names == sorted(names) and all(map(_is_sorted, schema.values()))
    return not isinstance(schema, list) or all(map(_is_sorted, schema))


def _ordered(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_ordered(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    written = {name: _ordered(value) for name, value in schema.items()}
    properties, required = written.get("properties"), schema.get("required")
    if isinstance(properties, dict) and isinstance(required, list):
        first = {name: properties[name] for name in required if _is_among(name, properties)}
        written["properties"] = first | properties
    return written


def _is_among(name: Any, properties: Mapping[str, Any]) -> bool:
    return isinstance(name, str) and name in properties
