"""What LM Studio's presets say, in our words: load settings, a system prompt, how to sample."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lms_jupyter.errors import CommandError, HostReplyError
from lms_jupyter.hosts import kv_config
from lms_jupyter.hosts.prediction import Sampling
from lms_jupyter.preset_files import (
    SYSTEM_PROMPT,
    Preset,
    PresetError,
    PresetShelf,
    read_preset,
    read_presets,
    write_preset,
)
from lms_jupyter.protocol.models import HostInfo, LoadConfig

ENGINE_KEYS = frozenset(
    f"llm.prediction.{name}"
    for name in (
        *("temperature", "topKSampling", "topPSampling", "minPSampling", "repeatPenalty"),
        *("maxPredictedTokens", "logProbs", "seed", "stopStrings", "contextOverflowPolicy"),
        *("llama.presencePenalty", "llama.frequencyPenalty", "llama.xtcProbability"),
        *("llama.xtcThreshold", "llama.locallyTypicalSampling", "llama.mirostatSampling"),
        *("llama.logitBias", "reasoning.enableThinking", "reasoning.parsing", "systemPrompt"),
        "reasoning.budgetTokens",
        *("speculativeDecoding.draftModel", "structured", "tools", "toolChoice"),
        "promptTemplate",
    )
)
"""What the embedded engine predicts by; the rest of a preset does nothing there."""
_HOST_CHOOSES = (*kv_config.AUTO_FIT, "llm.load.llama.speculativeDecoding.draftSimple")
"""What follows from the other settings."""


def presets() -> PresetShelf:
    """Read the presets of this machine, and why some files are none."""
    return read_presets()


def find_preset(name: str) -> Preset:
    """Return a preset by its name, its identifier, or the name of its file.

    Raises:
        CommandError: There is none, or it cannot be read.
    """
    try:
        return read_presets().find(name)
    except PresetError as error:
        raise CommandError(error.title, hint=error.hint) from error


def load_config(preset: Preset) -> LoadConfig:
    """Return what a preset says of a load.

    Raises:
        CommandError: It says what this version cannot pass on, or what makes no sense.
    """
    known = {*kv_config.known("llm"), *_HOST_CHOOSES}
    unknown = [key for key, value in preset.load if key not in known and not _is_neutral(value)]
    if unknown:
        raise CommandError(
            f"The preset {preset.name!r} sets {', '.join(unknown)}, which this version cannot set.",
            hint="It may be of a newer LM Studio. Nothing was loaded.",
        )
    fields = [{"key": key, "value": value} for key, value in preset.load]
    try:
        return kv_config.parse(fields, "llm")
    except HostReplyError as error:
        reason = error.title.partition(": ")[2] or error.title
        raise CommandError(
            f"The preset {preset.name!r} has a load setting that makes no sense: {reason}",
            hint=f"It lies in {preset.path}. Nothing was loaded.",
        ) from error


def sampled_by(sampling: Sampling, preset: Preset) -> Sampling:
    """Return a sampling below which the preset lies: what the sampling names wins."""
    fields = tuple((key, value) for key, value in preset.operation if key != SYSTEM_PROMPT)
    return replace(sampling, preset=fields)


def unused(preset: Preset, host: HostInfo) -> tuple[str, ...]:
    """Name what a host makes nothing of when it predicts.

    LM Studio knows its own keys, and passes over what is not for the model that answers.
    """
    if "activity" not in host.features:
        return ()
    return tuple(
        key for key, value in preset.operation if key not in ENGINE_KEYS and not _is_neutral(value)
    )


def save_preset(name: str, config: LoadConfig) -> Preset:
    """Write load settings as a preset of LM Studio's.

    What a preset of this name says of predictions stays in it.

    Raises:
        CommandError: It cannot be written, or a file of this name cannot be read.
    """
    (layer,) = kv_config.stack(config, "llm")["layers"]
    fields = [(field["key"], field["value"]) for field in layer["config"]["fields"]]
    shelf = read_presets()
    former = next((preset for preset in shelf.presets if preset.answers_to(name)), None)
    if former is not None and former.path.name == "preset.json":
        raise CommandError(
            f"{name!r} is a preset of LM Studio's hub, which is not changed here.",
            hint="Give yours another name.",
        )
    try:
        return read_preset(write_preset(name, former.operation if former else (), fields))
    except PresetError as error:
        raise CommandError(error.title, hint=error.hint) from error


def _is_neutral(value: Any) -> bool:
    """Whether a value asks for nothing."""
    if isinstance(value, Mapping):
        return value.get("checked") is False or value.get("type") == "none" or not value
    return value is None or value in ("", [])
