"""JSON schemas, as they are given to llguidance."""

from __future__ import annotations

from typing import Any

import pytest

from lms_jupyter.engine.prediction.json_schema import prepared
from lms_jupyter.engine.prediction.schema_words import UnkeepableError

FLAG = {"type": "boolean"}


def in_a_property(schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a~/b": schema}}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "array", "uniqueItems": True}, "/uniqueItems"),
        ({"not": {}}, "/not"),
        ({"if": {}, "then": {}}, "/if"),
        ({"$ref": "#/nothing"}, "/$ref"),
        ({"$ref": "https://example.org/x"}, "/$ref"),
        ({"$dynamicRef": "#x"}, "/$dynamicRef"),
        ({"type": "array", "contains": {}}, "/contains"),
        ({"type": "object", "dependentRequired": {"a": ["b"]}}, "/dependentRequired"),
        ({"type": "object", "propertyNames": {"minLength": 1}}, "/propertyNames"),
        ({"type": "object", "minProperties": 1}, "/minProperties"),
        ({"type": "object", "unevaluatedProperties": False}, "/unevaluatedProperties"),
        ({"type": "string", "format": "phone"}, "/format"),
        ({"type": "integer", "format": "phone"}, "/format"),
        ({"type": "string", "pattern": r"\bx"}, "/pattern"),
        ({"type": "number", "multipleOf": 0.01}, "/multipleOf"),
        ({"type": "integer", "minimum": 2**60}, "/minimum"),
        ({"const": [10**40]}, "/const"),
        ({"anyOf": [FLAG, {"not": FLAG}]}, "/anyOf/1/not"),
        ({"anyOf": []}, "/anyOf"),
        ({"type": "array", "prefixItems": [FLAG, {"not": FLAG}]}, "/prefixItems/1/not"),
        ({"type": "array", "items": [FLAG, {"not": FLAG}]}, "/items/1/not"),
        ({"type": "object", "patternProperties": {r"\b": FLAG}}, r"/patternProperties/\b"),
        ({"type": "object", "properties": 5}, "/properties"),
        ({"type": "string", "minLength": -1}, "/minLength"),
        ({"$id": "https://example.org/inner"}, "/$id"),
        (5, ""),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(schema: Any, place: str) -> None:
    with pytest.raises(UnkeepableError) as refused:
        prepared(in_a_property(schema))

    assert refused.value.pointer == f"/properties/a~0~1b{place}"


@pytest.mark.parametrize(
    "schema",
    [
        {"uniqueItems": False, "dependentRequired": {}, "propertyNames": True, "not": False},
        {"title": "T", "description": "d", "default": 1, "examples": [1], "x-any": 1, "$id": "u"},
        {"x-guidance": {"lenient": True}, "discriminator": {"propertyName": "k"}},
    ],
)
def test_what_says_nothing_about_documents_is_left_out(schema: Any) -> None:
    assert prepared(schema).schema == {}


def test_objects_have_only_the_properties_that_they_name_where_nothing_else_speaks_of_them() -> (
    None
):
    named = {"type": "object", "properties": {"a": FLAG}}

    closed = prepared(named).schema
    assert closed["additionalProperties"] is False
    for beside in (
        {"anyOf": [{"properties": {"b": FLAG}, "required": ["b"]}]},
        {"allOf": [named]},
        {"$ref": "#/$defs/base", "$defs": {"base": named}},
        {"required": ["b"]},
    ):
        written = str(prepared(named | beside).schema)
        assert "additionalProperties" not in written


def test_choices_that_a_name_tells_apart_are_closed_and_others_are_left_to_llguidance() -> None:
    def tagged(tag: str, *required: str) -> dict[str, Any]:
        properties = {"kind": {"const": tag}, tag: FLAG}
        return {"type": "object", "properties": properties, "required": [*required]}

    apart = prepared({"oneOf": [tagged("cat", "kind"), tagged("dog", "kind")]}).schema
    unclear = prepared({"oneOf": [tagged("cat"), tagged("dog")]}).schema

    assert [one["additionalProperties"] for one in apart["anyOf"]] == [False, False]
    assert "additionalProperties" not in str(unclear["oneOf"])


def test_references_may_lead_anywhere_in_the_schema_but_not_in_a_circle() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    anchored = {"$ref": "#here", "$defs": {"x/y": {"$anchor": "here", "type": "null"}}}
    pointed = {"$ref": "#/$defs/x~1y", "$defs": {"x/y": {"type": "null"}}}

    assert prepared(tree).schema["properties"]["next"] == {"$ref": "#/$defs/0"}
    assert prepared(anchored).schema["$defs"] == {"0": {"type": "null"}}
    assert prepared(pointed).schema["$defs"] == {"0": {"type": "null"}}
    circle = {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, FLAG]}}}
    with pytest.raises(UnkeepableError, match="nothing but itself"):
        prepared(circle)


def test_a_schema_without_end_is_refused() -> None:
    deep: Any = FLAG
    for _ in range(200):
        deep = {"type": "array", "items": deep}
    with pytest.raises(UnkeepableError, match="too large"):
        prepared(deep)


def test_a_count_may_be_written_with_a_point() -> None:
    counts = {"minItems": 1.0, "maxItems": 2.0, "minLength": 3.0, "maxProperties": 4.0}

    assert str(prepared(counts | {"type": ["array", "string", "object"]}).schema) == str(
        {"type": ["array", "string", "object"], "minItems": 1, "maxItems": 2, "minLength": 3}
        | {"maxProperties": 4}
    )
