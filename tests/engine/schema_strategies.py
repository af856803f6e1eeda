"""Generates JSON schemas, of which some cannot be kept."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

PATTERNS = (
    *(r"^\d{2,3}$", r"^\w+\.\w+$", r"^a|b$", r"\s", r"^[\w.-]{1,4}$", r"^(?=.*\d)[a-z\d]{2,6}$"),
    *(r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$", r"^[^\d\s]{2}$", r"^(ab|c)*$", r"^\u00e9?x$", r"^.{2}$"),
    *(r"\bword\b", r"(a)\1", r"(?<!a)b", r"^[a-z&&[aeiou]]+$", r"^a\/b$", "[", r"^\p{Lu}{2}$"),
)
FORMATS = (
    *("date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"),
    *("json-pointer", "uri-reference", "path", "regex", "phone", "uuid4"),
)
NAMES = st.sampled_from(["b", "a", "zeta", "alpha", "naïve", 'quo"ted', "日本", "a/b", "~", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from([2**53, 2**64, 10**30, 0.5, 1.0, 1e300]),
    st.sampled_from(["", "a", "é", "x\n", '"', "日本"]),
)


def _texts() -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "pattern": st.sampled_from(PATTERNS),
            "format": st.sampled_from(FORMATS),
            "minLength": st.integers(0, 4),
            "maxLength": st.integers(2, 40),
        },
    )


def _numbers() -> SearchStrategy[dict[str, Any]]:
    limits = st.one_of(st.integers(-20, 20), st.sampled_from([0.5, -1.25, 2**60]))
    return st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": limits,
            "maximum": limits,
            "exclusiveMinimum": limits,
            "exclusiveMaximum": limits,
            "multipleOf": st.sampled_from([1, 3, 0.25, 0.1, 0, -1]),
            "format": st.sampled_from(["int32", "double", "uint8", "odd"]),
        },
    )


def _objects(inner: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=4)},
        optional={
            "required": st.lists(NAMES, unique=True, max_size=4),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$", "x"]), inner),
            "minProperties": st.integers(0, 2),
            "maxProperties": st.integers(0, 3),
        },
    )


def _arrays(inner: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={
            "prefixItems": st.lists(inner, max_size=2),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 3),
        },
    )


def _combined(inner: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    one_word = st.one_of(
        *(st.fixed_dictionaries({name: several}) for name in ("anyOf", "oneOf", "allOf"))
    )
    both = st.tuples(st.one_of(_objects(inner), _texts()), one_word)
    return st.one_of(one_word, both.map(lambda pair: pair[0] | pair[1]))


def _nested(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(_objects(inner), _arrays(inner), _combined(inner))


_LEAVES = st.one_of(
    _texts(),
    _numbers(),
    st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": st.one_of(SCALARS, st.lists(SCALARS, max_size=2))}),
    st.sampled_from(
        [
            *({}, True, {"type": "null"}, {"type": ["boolean", "null"]}),
            *({"$ref": "#/$defs/node"}, {"$ref": "#/$defs/none"}, {"$ref": "http://x.example/"}),
            *({"$ref": "#"}, {"$ref": "#/$defs/flag", "type": "boolean"}),
        ]
    ),
)
_DEFINITIONS = {
    "flag": {"type": "boolean"},
    "node": {
        "type": "object",
        "properties": {
            "v": {"enum": [1, 2]},
            "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
        },
        "required": ["v"],
    },
}


def schemas() -> SearchStrategy[dict[str, Any]]:
    """Return schemas with definitions that they may refer to."""
    inner = st.recursive(_LEAVES, _nested, max_leaves=5)
    return inner.filter(lambda schema: isinstance(schema, dict)).map(
        lambda schema: schema | {"$defs": _DEFINITIONS}
    )
