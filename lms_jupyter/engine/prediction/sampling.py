"""From a prediction's settings to the fields of llama.cpp's requests. Pure."""

from __future__ import annotations

from typing import Any, Final

from lms_jupyter.engine.prediction.prediction import PredictionSettings

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


def sampling_fields(settings: PredictionSettings) -> dict[str, Any]:
    """Return the fields that say how to sample and when to stop."""
    fields: dict[str, Any] = {
        theirs: value
        for ours, theirs in _SAME.items()
        if (value := getattr(settings, ours)) is not None
    }
    if settings.stop_strings:
        fields["stop"] = list(settings.stop_strings)
    if settings.mirostat is not None:
        fields |= settings.mirostat
    return fields
