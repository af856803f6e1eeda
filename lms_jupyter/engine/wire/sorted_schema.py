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


def _is_sorted(said: Any) -> bool:
    if isinstance(said, Mapping):
        names = list(said)
        return names == sorted(names) and all(map(_is_sorted, said.values()))
    return not isinstance(said, list) or all(map(_is_sorted, said))


def _ordered(said: Any) -> Any:
    if isinstance(said, list):
        return [_ordered(one) for one in said]
    if not isinstance(said, Mapping):
        return said
    written = {name: _ordered(value) for name, value in said.items()}
    properties, required = written.get("properties"), said.get("required")
    if isinstance(properties, dict) and isinstance(required, list):
        first = {name: properties[name] for name in required if _is_among(name, properties)}
        written["properties"] = first | properties
    return written


def _is_among(name: Any, properties: Mapping[str, Any]) -> bool:
    return isinstance(name, str) and name in properties
