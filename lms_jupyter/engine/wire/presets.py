"""LM Studio's presets in a request: what one says lies below what the request says itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, PresetNotFoundError
from lms_jupyter.engine.wire.fields import optional_text
from lms_jupyter.preset_files import Preset, PresetError, read_presets


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
        known = [(each.identifier, each.name) for each in shelf.presets]
        raise PresetNotFoundError(name, error.title, hint=error.hint, available=known) from error
