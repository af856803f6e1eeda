"""LM Studio's presets in a request: what one says lies below what the request says itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, ConstraintError, PresetNotFoundError
from lms_jupyter.engine.wire.fields import optional_text
from lms_jupyter.engine.wire.prediction_config import prediction_settings
from lms_jupyter.preset_files import Preset, PresetError, read_presets

OPENAI: Final = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/responses"})
"""The paths where a request may name a preset beside LM Studio's own."""
_FORMS: Final = ("response_format", "text", "json_schema", "grammar")
_ONLY_SDK: Final = ("tools", "template", "reasoning_budget", "draft_model")
"""What a preset may say and these paths cannot carry out."""


async def take_preset(body: dict[str, Any], path: str) -> dict[str, Any] | None:
    """Take a preset out of a request in OpenAI's form, and return its layer of configuration.

    The form that it wants the answer to have is put into the request, which says its own otherwise.

    Raises:
        PresetNotFoundError: No preset has the name, or its file cannot be read.
        ConstraintError: It says something that this path cannot do.
    """
    name = optional_text(body, "preset") if path in OPENAI else None
    if not name:
        return None
    del body["preset"]
    stack: dict[str, Any] = await with_preset({"fuzzyPresetIdentifier": name})
    settings = prediction_settings(stack)
    refused = [key for key in _ONLY_SDK if getattr(settings, key)]
    if settings.overflow != "stopAtLimit":
        refused.append("overflow")
    if refused:
        raise ConstraintError(
            "preset",
            "",
            f"{name!r:.100} sets {', '.join(refused)}, which this path cannot do",
            hint="The SDKs can, and `/api/v1/chat` where it is said in the request.",
        )
    if not any(body.get(key) for key in _FORMS):
        form = {"json_schema": settings.json_schema, "grammar": settings.grammar}
        body |= {field: value for field, value in form.items() if value is not None}
    return stack


async def with_preset(asked: Mapping[str, Any]) -> Any:
    """Return the stack of a request for a prediction, with its preset as the lowest layer.

    Raises:
        PresetNotFoundError: No preset has the name, or its file cannot be read.
    """
    stack = asked.get("predictionConfigStack")
    name = optional_text(asked, "fuzzyPresetIdentifier")
    if name is None:
        return stack
    preset = await asyncio.to_thread(_find, name)
    layers = [] if stack is None else stack.get("layers") if isinstance(stack, Mapping) else None
    if not isinstance(layers, list):
        raise BadRequestError("A configuration needs a list of 'layers'.")
    fields = [{"key": key, "value": value} for key, value in preset.operation]
    return {"layers": [{"layerName": "preset", "config": {"fields": fields}}, *layers]}


def _find(name: str) -> Preset:
    shelf = read_presets()
    try:
        return shelf.find(name)
    except PresetError as error:
        known = [(preset.identifier, preset.name) for preset in shelf.presets]
        raise PresetNotFoundError(name, error.title, hint=error.hint, available=known) from error
