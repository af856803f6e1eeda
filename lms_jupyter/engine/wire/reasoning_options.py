"""Whether a model thinks before it answers, and what can be said about that in a request. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.library.catalog import DownloadedModel
from lms_jupyter.engine.prediction.prediction import PredictionSettings

SWITCH: Final = "enable_thinking"
EFFORT: Final = "reasoning_effort"
"""Variables of chat templates."""
ALL: Final = ("off", "low", "medium", "high", "on")
_STAYS_OFF: Final = re.compile(
    rf"{SWITCH}\s*\|\s*default\(\s*false"
    rf"|{SWITCH} is defined and {SWITCH}(?!\s*(?:is|==)\s*(?:false|none|not))",
    re.IGNORECASE,
)
"""A template that thinks only when it is told to; others think unless they are told not to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningOptions:
    """What a model can be told about its thinking."""

    allowed: tuple[str, ...]
    default: str
    variable: str = ""
    """Of the chat template, which an effort is written to."""

    def written(self) -> dict[str, Any]:
        """Write them as `capabilities.reasoning`."""
        return {"allowed_options": list(self.allowed), "default": self.default}


def reasoning_options(model: DownloadedModel) -> ReasoningOptions | None:
    """Return what a model can be told: as its `model.yaml` has it, else as its template does.

    `None`: it does not think.
    """
    if model.type != "llm":
        return None
    return _of_yaml(model) or _of_template(model.header.text("tokenizer.chat_template") or "")


def with_reasoning(
    model: DownloadedModel, settings: PredictionSettings, wanted: str | None
) -> PredictionSettings:
    """Return the settings with what a request says about thinking.

    Raises:
        BadRequestError: The model cannot be told that.
    """
    if wanted is None:
        return settings
    options = reasoning_options(model)
    if options is None and wanted == "off":
        return settings
    if options is None or wanted not in options.allowed:
        known = ", ".join(options.allowed) if options else ""
        error = BadRequestError(
            f"The model {model.model_key!r} has no reasoning setting {wanted!r}.",
            hint=f"It has {known}." if known else "It does not reason; leave 'reasoning' out.",
        )
        error.param = "reasoning"
        raise error
    if options.variable:
        return replace(settings, variables={**settings.variables, options.variable: wanted})
    return replace(settings, enable_thinking=wanted == "on")


def _of_yaml(model: DownloadedModel) -> ReasoningOptions | None:
    """Read the switches of a model: how hard it thinks says more than whether."""
    switches = model.virtual.custom_fields if model.virtual else ()
    for switch in switches:
        allowed = tuple(option for option in ALL if option in switch.options)
        if EFFORT in switch.variables and switch.default in allowed:
            return ReasoningOptions(allowed=allowed, default=switch.default, variable=EFFORT)
    for switch in switches:
        if SWITCH in switch.variables and isinstance(switch.default, bool):
            default = "on" if switch.default else "off"
            return ReasoningOptions(allowed=("off", "on"), default=default)
    return None


def _of_template(template: str) -> ReasoningOptions | None:
    if SWITCH in template:
        default = "off" if _STAYS_OFF.search(template) else "on"
        return ReasoningOptions(allowed=("off", "on"), default=default)
    if EFFORT in template:
        return ReasoningOptions(
            allowed=("low", "medium", "high"), default="medium", variable=EFFORT
        )
    if "<think>" in template:
        return ReasoningOptions(allowed=("on",), default="on")
    return None
