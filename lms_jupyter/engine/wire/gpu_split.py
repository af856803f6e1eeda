"""How several GPUs share a model, as `load.gpuSplitConfig` says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.wire.kv import Read, integer, number, one_of
from lms_jupyter.engine.worker.load_settings import LoadSettings, SplitStrategy

KEY: Final = "load.gpuSplitConfig"
MAX_GPUS: Final = 128
_STRATEGIES: Final = get_args(SplitStrategy)
_TENSOR: Final = "tensor"
"""Of newer clients: each layer is cut into pieces, one for each GPU."""


def read_split(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a collapsed configuration says; none if it says nothing of a split.

    Raises:
        BadRequestError: The split is wrong.
        UnsupportedError: It cannot be had.
    """
    if KEY not in values:
        return {}
    split = values[KEY]
    if isinstance(split, Mapping) and split.get("strategy") == _TENSOR:
        raise UnsupportedError(
            f"The strategy {_TENSOR!r} of {KEY!r} cannot be had: GPUs share a model by layers.",
            hint=f"Use one of {', '.join(_STRATEGIES)}.",
        )
    try:
        return {
            "split_strategy": one_of(*_STRATEGIES)(_object(split).get("strategy")),
            "disabled_gpus": _members(split, "disabledGpus", integer(0, MAX_GPUS)),
            "gpu_priority": _members(split, "priority", integer(0, MAX_GPUS)),
            "gpu_custom_ratio": _members(split, "customRatio", number(0)),
        }
    except ValueError as error:
        raise BadRequestError(
            f"The setting {KEY!r} has to be {error}, not {split!r:.200}."
        ) from None


def write_split(settings: LoadSettings) -> list[dict[str, Any]]:
    """Return the field that says the split, none if it is the usual one."""
    split = {
        "strategy": settings.split_strategy,
        "disabledGpus": list(settings.disabled_gpus),
        "priority": list(settings.gpu_priority),
        "customRatio": list(settings.gpu_custom_ratio),
    }
    usual = LoadSettings()
    is_usual = settings.split_strategy == usual.split_strategy and not any(
        (settings.disabled_gpus, settings.gpu_priority, settings.gpu_custom_ratio)
    )
    return [] if is_usual else [{"key": KEY, "value": split}]


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("a GPU split configuration")  # noqa: TRY004 - one kind of complaint
    return value


def _members(value: object, name: str, check: Read) -> tuple[Any, ...]:
    members = _object(value).get(name, [])
    if not isinstance(members, list):
        raise ValueError("a GPU split configuration")  # noqa: TRY004 - one kind of complaint
    return tuple(check(member) for member in members)
