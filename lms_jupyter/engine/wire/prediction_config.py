"""The prediction settings as LM Studio's configuration keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from lms_jupyter.engine.errors import BadRequestError, ConstraintError
from lms_jupyter.engine.prediction.prediction import (
    OverflowPolicy,
    PredictionSettings,
    ReasoningTags,
)
from lms_jupyter.engine.wire.content import plain_tool
from lms_jupyter.engine.wire.kv import (
    Key,
    boolean,
    checkbox,
    checked,
    collapse,
    integer,
    number,
    one_of,
    read,
    text,
    texts,
    write,
)
from lms_jupyter.engine.wire.sorted_schema import in_required_order

_P: Final = "llm.prediction"


def _optional_checkbox(name: str, field: str, inner: Any) -> Key:
    return Key(name=f"{_P}.{name}", field=field, read=checkbox(inner), write=checked)


def _mirostat(value: object) -> Mapping[str, Any] | None:
    """Read mirostat's version, learning rate and entropy."""
    if not isinstance(value, Mapping):
        raise ValueError("a mirostat configuration")  # noqa: TRY004 - one kind of complaint
    version = integer(0, 2)(value.get("version", 0))
    if not version:
        return None
    return {
        "mirostat": version,
        "mirostat_eta": number(0)(value.get("learningRate", 0.1)),
        "mirostat_tau": number(0)(value.get("targetEntropy", 5.0)),
    }


def _write_mirostat(mirostat: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": mirostat["mirostat"],
        "learningRate": mirostat["mirostat_eta"],
        "targetEntropy": mirostat["mirostat_tau"],
    }


def _logit_bias(value: object) -> list[Any] | None:
    """Read pairs of a token and its bias; `-inf` as text forbids the token."""
    if not isinstance(value, list):
        raise ValueError("a list of pairs of token and bias")  # noqa: TRY004 - one kind
    pairs = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004 - a pair
            raise ValueError("a list of pairs of token and bias")
        token, bias = pair
        pairs.append([integer(0)(token), False if bias == "-inf" else number(-1e9, 1e9)(bias)])
    return pairs or None


_KEYS: Final = (
    Key(name=f"{_P}.temperature", field="temperature", read=number(0)),
    Key(name=f"{_P}.topKSampling", field="top_k", read=integer(-1)),
    _optional_checkbox("topPSampling", "top_p", number(0, 1)),
    _optional_checkbox("minPSampling", "min_p", number(0, 1)),
    _optional_checkbox("repeatPenalty", "repeat_penalty", number(-1000)),
    _optional_checkbox("maxPredictedTokens", "max_tokens", integer(1)),
    _optional_checkbox("logProbs", "log_probs", integer(0, 1000)),
    _optional_checkbox("seed", "seed", integer(-1, 2**32 - 1)),
    _optional_checkbox("llama.presencePenalty", "presence_penalty", number(-1000)),
    _optional_checkbox("llama.frequencyPenalty", "frequency_penalty", number(-1000)),
    _optional_checkbox("llama.xtcProbability", "xtc_probability", number(0, 1)),
    _optional_checkbox("llama.xtcThreshold", "xtc_threshold", number(0, 1)),
    _optional_checkbox("llama.locallyTypicalSampling", "typical_p", number(0, 1)),
    Key(
        name=f"{_P}.llama.mirostatSampling",
        field="mirostat",
        read=_mirostat,
        write=_write_mirostat,
    ),
    Key(name=f"{_P}.llama.logitBias", field="logit_bias", read=_logit_bias),
    Key(name=f"{_P}.stopStrings", field="stop_strings", read=texts, write=list),
    Key(
        name=f"{_P}.contextOverflowPolicy",
        field="overflow",
        read=one_of(*get_args(OverflowPolicy)),
    ),
    Key(name=f"{_P}.reasoning.enableThinking", field="enable_thinking", read=boolean),
    _optional_checkbox("reasoning.budgetTokens", "reasoning_budget", integer(0)),
    Key(name=f"{_P}.systemPrompt", field="system_prompt", read=text),
    Key(name=f"{_P}.speculativeDecoding.draftModel", field="draft_model", read=text),
)
KNOWN: Final = frozenset(key.name for key in _KEYS) | {
    f"{_P}.structured",
    f"{_P}.tools",
    f"{_P}.toolChoice",
    f"{_P}.promptTemplate",
    f"{_P}.reasoning.parsing",
}


def prediction_settings(stack: object) -> PredictionSettings:
    """Read a configuration stack.

    Raises:
        BadRequestError: A setting is wrong; it says which.
    """
    values = collapse(stack)
    fields = read(values, _KEYS)
    fields["stop_strings"] = tuple(fields.get("stop_strings", ()))
    fields |= _structured(values.get(f"{_P}.structured"))
    fields |= _tools(values.get(f"{_P}.tools"), _tool_choice(values.get(f"{_P}.toolChoice")))
    template = values.get(f"{_P}.promptTemplate")
    if template is not None:
        fields["template"] = _object(template, "promptTemplate")
        extra = template.get("stopStrings")
        if extra and f"{_P}.stopStrings" not in values:
            fields["stop_strings"] += tuple(texts(extra))
    parsing = values.get(f"{_P}.reasoning.parsing")
    if parsing is not None:
        fields["reasoning"] = _reasoning(_object(parsing, "reasoning.parsing"))
    settings = PredictionSettings(**fields)
    if settings.reasoning_budget is not None and settings.reasoning is None:
        raise BadRequestError(
            "A budget for reasoning ('reasoning.budgetTokens') needs the tags around it: "
            "'reasoning.parsing' is off."
        )
    return settings


DEFAULTS: Final = PredictionSettings(
    temperature=0.8, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0, overflow="stopAtLimit"
)
"""What llama.cpp does where nothing else is asked."""


def prediction_config(settings: PredictionSettings) -> dict[str, Any]:
    """Write the settings that were given as a flat configuration."""
    given = {
        key.field: getattr(settings, key.field) or None
        if key.field == "stop_strings"
        else getattr(settings, key.field)
        for key in _KEYS
    }
    config = write(given, _KEYS)
    if settings.json_schema is not None:
        structured = {"type": "json", "jsonSchema": settings.json_schema}
        config["fields"].append({"key": f"{_P}.structured", "value": structured})
    elif settings.grammar is not None:
        structured = {"type": "gbnf", "gbnfGrammar": settings.grammar}
        config["fields"].append({"key": f"{_P}.structured", "value": structured})
    if settings.tools:
        tools = {"type": "toolArray", "tools": list(settings.tools)}
        config["fields"].append({"key": f"{_P}.tools", "value": tools})
    return config


def _structured(value: Any) -> dict[str, Any]:
    """Read what form the answer has to have."""
    if value is None:
        return {}
    form = _object(value, "structured")
    match form.get("type"):
        case "none":
            return {}
        case "json":
            schema = form.get("jsonSchema")
            return {"json_schema": {} if schema is None else _schema(schema)}
        case "gbnf":
            grammar = form.get("gbnfGrammar")
            if not isinstance(grammar, str):
                raise BadRequestError("'gbnfGrammar' has to be text.")
            return {"grammar": grammar}
        case other:
            raise BadRequestError(
                f"'structured' is of type 'none', 'json' or 'gbnf', not {other!r:.100}."
            )


def _schema(value: Any) -> Mapping[str, Any] | bool:
    return value if isinstance(value, bool) else in_required_order(_object(value, "jsonSchema"))


def _tools(value: Any, mode: str) -> dict[str, Any]:
    """Read the tools to offer, and whether one has to be called."""
    choice = {} if value is None else _object(value, "tools")
    is_given = choice.get("type") == "toolArray"
    tools = tool_definitions(choice.get("tools") or []) if is_given else ()
    if mode == "required" and not tools:
        raise ConstraintError("toolChoice", "", "there are no tools")
    return {"tools": tools, "tool_choice": mode} if tools and mode != "none" else {}


def tool_definitions(tools: object) -> tuple[Mapping[str, Any], ...]:
    """Read the tools that a model may call."""
    if not isinstance(tools, list) or not all(isinstance(tool, Mapping) for tool in tools):
        raise BadRequestError("'tools' has to be a list of objects.")
    return tuple(plain_tool(tool) for tool in tools)


def _tool_choice(value: Any) -> str:
    if value is None:
        return "auto"
    mode = _object(value, "toolChoice").get("mode")
    if mode not in ("auto", "none", "required"):
        raise ConstraintError("toolChoice", "/mode", f"{mode!r:.100} is not understood")
    return str(mode)


def _reasoning(value: Mapping[str, Any]) -> ReasoningTags | None:
    start, end = value.get("startString"), value.get("endString")
    if not value.get("enabled") or not isinstance(start, str) or not isinstance(end, str):
        return None
    return ReasoningTags(start=start, end=end) if start and end else None


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadRequestError(f"{name!r} has to be an object, not {value!r:.100}.")
    return value
