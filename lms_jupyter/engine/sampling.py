"""From a prediction's settings to the fields of llama.cpp's requests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine.prediction import PredictionSettings

_SAME: Final = {
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "xtc_probability": "xtc_probability",
    "xtc_threshold": "xtc_threshold",
    "repeat_penalty": "repeat_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logit_bias": "logit_bias",
    "seed": "seed",
    "log_probs": "n_probs",
    "max_tokens": "n_predict",
    "grammar": "grammar",
}

_NAMED: Final = {"properties", "$defs", "definitions"}
_LISTED: Final = {"anyOf", "oneOf", "prefixItems"}


def sampling_fields(settings: PredictionSettings) -> dict[str, Any]:
    """Return the fields that say how to sample and when to stop."""
    fields: dict[str, Any] = {
        theirs: value
        for ours, theirs in _SAME.items()
        if (value := getattr(settings, ours)) is not None
    }
    if settings.json_schema is not None:
        fields["json_schema"] = closed(settings.json_schema)
    if settings.stop_strings:
        fields["stop"] = list(settings.stop_strings)
    if settings.mirostat is not None:
        fields |= settings.mirostat
    return fields


def closed(schema: Any) -> Any:
    """Return a JSON schema in which objects have only the properties that it names.

    Every document that fits it also fits the original, unless that one says otherwise itself; small
    models would invent properties without end.
    """
    if not isinstance(schema, Mapping):
        return schema
    inner = dict(schema)
    for key in _NAMED & schema.keys():
        if isinstance(schema[key], Mapping):
            inner[key] = {name: closed(value) for name, value in schema[key].items()}
    for key in _LISTED & schema.keys():
        if isinstance(schema[key], list):
            inner[key] = [closed(value) for value in schema[key]]
    if "items" in schema:
        inner["items"] = closed(schema["items"])
    if isinstance(schema.get("properties"), Mapping) and "allOf" not in schema:
        inner.setdefault("additionalProperties", False)
    return inner
