"""What a `model.yaml` says, in requests: it lies below what the request says itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.library.catalog import DownloadedModel
from lms_jupyter.engine.library.model_yaml import CustomField, Fields, ModelYaml
from lms_jupyter.engine.prediction.prediction import PredictionSettings
from lms_jupyter.engine.prediction.sampling import sampling_fields
from lms_jupyter.engine.wire.kv import collapse
from lms_jupyter.engine.wire.load_config import load_settings
from lms_jupyter.engine.wire.prediction_config import prediction_settings
from lms_jupyter.engine.worker.load_settings import Domain, LoadSettings

Kind = TypeVar("Kind", LoadSettings, PredictionSettings)

CUSTOM: Final = "ext.virtualModel.customField."
"""Before the key of a custom field stand this and the model."""
_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_CHAT: Final = "/v1/chat/completions"
_RESPONSE: Final = "/v1/responses"
_KWARGS: Final = "chat_template_kwargs"


def load_above(stack: object) -> Callable[[Fields, Domain], LoadSettings]:
    """Return what reads a load configuration with keys below it."""
    return lambda below, domain: load_settings(_below(below, stack), domain)


def settings_above(settings: LoadSettings) -> Callable[[Fields, Domain], LoadSettings]:
    """Return what puts settings above keys; a setting that has its default asks for nothing."""

    def read(below: Fields, domain: Domain) -> LoadSettings:
        return _over(settings, load_settings(_below(below, None), domain), LoadSettings())

    return read


def settings_for(model: DownloadedModel, stack: object) -> PredictionSettings:
    """Read a prediction's configuration with that of its model below it.

    Raises:
        BadRequestError: A setting is wrong; it says which.
    """
    if model.virtual is None:
        return prediction_settings(stack)
    layered = _below(model.virtual.operation, stack)
    settings = prediction_settings(layered)
    return _switched(settings, model.virtual, collapse(layered))


def settings_below(model: DownloadedModel, settings: PredictionSettings) -> PredictionSettings:
    """Return settings with those of the model below them."""
    if model.virtual is None:
        return settings
    return _over(settings, settings_for(model, None), PredictionSettings())


def body_for(
    model: DownloadedModel, body: dict[str, Any], path: str, preset: object = None
) -> dict[str, Any]:
    """Return a request to llama.cpp with what is configured elsewhere below it.

    Args:
        model: Its own configuration is the lowest.
        body: What is asked.
        path: Of llama.cpp.
        preset: The stack of the preset that was named.
    """
    if model.type != "llm" or (model.virtual is None and preset is None):
        return body
    settings = settings_for(model, preset)
    below = sampling_fields(settings)
    if any(body.get(name) is not None for name in _LIMITS):
        below.pop("n_predict", None)
    variables = settings.template_variables
    given = body.get(_KWARGS)
    if variables and "prompt" not in body:
        below[_KWARGS] = variables
        if isinstance(given, Mapping):
            body = {**body, _KWARGS: {**variables, **given}}
    if settings.system_prompt:
        body = _with_system_prompt(body, settings.system_prompt, path)
    own = {name: value for name, value in body.items() if value is not None or name not in below}
    return {**below, **own}


def _with_system_prompt(body: dict[str, Any], prompt: str, path: str) -> dict[str, Any]:
    """Put a system prompt into a conversation that has none."""
    if path == _RESPONSE:
        items = body.get("input")
        roles = {item.get("role") for item in items or () if isinstance(item, Mapping)}
        has_one = body.get("instructions") or {"system", "developer"} & roles
        return body if has_one else {**body, "instructions": prompt}
    messages = body.get("messages")
    if path != _CHAT or not isinstance(messages, list):
        return body
    roles = {message.get("role") for message in messages if isinstance(message, Mapping)}
    if {"system", "developer"} & roles:
        return body
    return {**body, "messages": [{"role": "system", "content": prompt}, *messages]}


def _below(below: Fields, stack: object) -> dict[str, Any]:
    """Return a stack with one more layer, the lowest."""
    layers = [] if stack is None else stack.get("layers") if isinstance(stack, Mapping) else None
    if not isinstance(layers, list):
        raise BadRequestError("A configuration needs a list of 'layers'.")
    own = [{"key": key, "value": value} for key, value in below]
    return {"layers": [{"layerName": "virtualModel", "config": {"fields": own}}, *layers]}


def _over(settings: Kind, below: Kind, default: Kind) -> Kind:
    """Return `below` with all that is set in `settings`."""
    named = {field.name: getattr(settings, field.name) for field in fields(settings)}
    chosen = {name: value for name, value in named.items() if value != getattr(default, name)}
    return replace(below, **chosen)


def _switched(
    settings: PredictionSettings, virtual: ModelYaml, values: Mapping[str, Any]
) -> PredictionSettings:
    """Carry out what the custom fields do, as they are set."""
    variables: dict[str, Any] = {}
    before: list[str] = []
    after: list[str] = []
    for switch in virtual.custom_fields:
        value = _value(switch, values)
        for effect in switch.effects:
            if effect.kind == "setJinjaVariable":
                variables[effect.text] = value
            elif value:
                (before if effect.kind == "prependSystemPrompt" else after).append(effect.text)
    parts = [*before, settings.system_prompt or "", *after]
    prompt = "\n\n".join(part for part in parts if part) or None
    return replace(settings, variables=variables, system_prompt=prompt)


def _value(switch: CustomField, values: Mapping[str, Any]) -> Any:
    """Return how a custom field is set."""
    names = [name for name in values if name.startswith(CUSTOM)]
    name = next(
        (full_name for full_name in names if full_name.rpartition(".")[2] == switch.key), None
    )
    value = switch.default if name is None else values[name]
    is_wrong = not isinstance(value, switch.types)
    if is_wrong or (switch.options and value not in switch.options):
        expected = ", ".join(switch.options) or f"of the type of {switch.default!r}"
        raise BadRequestError(f"The custom field {switch.key!r} is {expected}, not {value!r:.100}.")
    return value
