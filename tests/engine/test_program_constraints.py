"""A schema is kept on every runtime, or refused with what would not be kept."""

from __future__ import annotations

import json
from typing import Any

import lmstudio
import pytest

from lms_jupyter.engine.prediction.gbnf_schema import unkept

ON_BOTH_RUNTIMES = True
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "year": {"type": "integer", "minimum": 3, "maximum": 40},
        "kind": {"enum": ["x", "y"]},
        "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    },
    "required": ["year", "kind", "list"],
    "additionalProperties": False,
}


def test_a_schema_is_kept(tutor: lmstudio.LLM) -> None:
    for _ in range(2):
        said = tutor.respond("Say it.", response_format=SCHEMA, config={"maxTokens": 100}).content
        found = json.loads(said)
        assert list(found) == ["year", "kind", "list"]
        assert 3 <= found["year"] <= 40
        assert found["kind"] in {"x", "y"}
        assert 2 <= len(found["list"]) <= 3


def test_what_a_runtime_does_not_keep_is_refused(
    tutor: lmstudio.LLM, runtime: tuple[str, ...]
) -> None:
    schema = {"type": "string", "pattern": "^ab{2}$"}
    config = {"maxTokens": 20, "temperature": 0}
    if not runtime:
        said = tutor.respond("Say it.", response_format=schema, config=config).content
        assert said == '"abb"'
        return
    with pytest.raises(lmstudio.LMStudioServerError, match="does not keep 'pattern'"):
        tutor.respond("Say it.", response_format=schema, config=config)


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        (SCHEMA, ""),
        ({"type": "number", "minimum": 1}, "minimum"),
        ({"$ref": "#/$defs/a", "maxLength": 3, "$defs": {}}, "maxLength"),
        ({"type": "object", "properties": {"a": {"pattern": "x"}}}, "pattern"),
        ({"type": "object", "required": ["a"]}, "required"),
        ({"anyOf": [{"type": "null"}, {"allOf": []}]}, "allOf"),
        ({"prefixItems": [{}], "minItems": 2}, "prefixItems"),
        ({"type": "array", "items": False}, "false"),
    ],
)
def test_what_would_be_passed_over_is_known(schema: dict[str, Any], word: str) -> None:
    assert unkept(schema) == word
