"""`LoadConfig` ↔ LM Studio's list of load keys (lmstudio-protocol, section 4.2)."""

from collections.abc import Mapping
from typing import Any, get_args

from lms_jupyter.hosts.reading import noun, number, reads, rows, table, text
from lms_jupyter.protocol.fitting import fits, is_manual, settled
from lms_jupyter.protocol.load_keys import BY_NAME, LOAD_KEYS
from lms_jupyter.protocol.models import Kind, LoadConfig, SplitStrategy
from lms_jupyter.protocol.setting import Setting


def _checked(value: Any) -> dict[str, Any]:
    return {"checked": True, "value": value}


def _unchecked(value: Any) -> Any:
    """Return the value of a checkbox, `None` if it is off."""
    return value.get("value") if isinstance(value, Mapping) and value.get("checked") else None


def _ratio(value: Any) -> float | None:
    return {"off": 0.0, "max": 1.0}.get(value) if isinstance(value, str) else number(value)


_SPLIT = "load.gpuSplitConfig"
"""One key for all that says how several GPUs share a model, for every kind of model."""
SPLIT = ("main_gpu", "split_strategy", "disabled_gpus", "gpu_priority", "gpu_custom_ratio")
"""What that key holds."""
_MLX_CACHE = "llm.load.mlx.kvCacheQuantization"
MLX_CACHE = {
    "mlx_kv_cache_bits": "bits",
    "mlx_kv_cache_group_size": "groupSize",
    "mlx_kv_cache_quantized_start": "quantizedStart",
}
"""What another one holds, and its names for it."""
_MLX_DEFAULTS = {"enabled": True, "bits": 8, "groupSize": 64, "quantizedStart": 5000}
"""LM Studio's own, for what is not named."""
_SPECULATIVE = "llm.load.llama.speculativeDecoding"

KEYS: Mapping[str, Setting] = {
    key.name: key for key in LOAD_KEYS if key.name not in {*SPLIT, *MLX_CACHE}
}

AUTO_FIT = tuple(f"llm.load.{engine}.autoFit" for engine in ("llama", "mlx", "yuzu"))
"""Whether the host may choose context and offload itself; what the user names must win."""


def _name(key: Setting, kind: Kind) -> str | None:
    return key.llm if kind == "llm" else key.embedding


def _write(key: Setting, value: Any) -> Any:
    if key.kind == "lines":
        template = {"template": value}
        return {"type": "jinja", "jinjaPromptTemplate": template, "stopStrings": []}
    return _checked(value) if key.checkbox else value


def _read(key: Setting, value: Any) -> Any:
    if key.kind == "lines":
        return table(table(value).get("jinjaPromptTemplate") or {}).get("template")
    if key.kind == "ratio":
        return _ratio(value)
    return _unchecked(value) if key.checkbox else value


def stack(config: LoadConfig, kind: Kind) -> dict[str, Any]:
    """Write a load config as the stack that `loadModel` takes; unset fields are left out.

    A setting that this kind of model does not have is left out too: the host has no key for it.
    """
    config = settled(config)
    fields = [
        {"key": name, "value": _write(key, value)}
        for field, key in KEYS.items()
        if field != "auto_fit"
        and (value := getattr(config, field)) is not None
        and (name := _name(key, kind))
    ]
    if (split := _split(config)) is not None:
        fields.append({"key": _SPLIT, "value": split})
    fitted = False if is_manual(config) else config.auto_fit
    if kind == "llm" and fitted is not None:
        fields += [{"key": name, "value": fitted} for name in AUTO_FIT]
    cache = {theirs: getattr(config, ours) for ours, theirs in MLX_CACHE.items()}
    if kind == "llm" and cache["bits"] is not None:
        named = {name: value for name, value in cache.items() if value is not None}
        fields.append({"key": _MLX_CACHE, "value": _MLX_DEFAULTS | named})
    if kind == "llm" and config.draft_model is not None:
        fields.append({"key": f"{_SPECULATIVE}.draftSimple", "value": True})
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


def known(kind: Kind) -> frozenset[str]:
    """Name the keys that `parse` reads."""
    return frozenset(name for key in LOAD_KEYS if (name := _name(key, kind)))


@reads("the settings of an instance")
def fields_of(raw: Any) -> Any:
    """Take the fields out of the answer of `getLoadConfig`."""
    return table(raw).get("fields", [])


@reads("the settings of an instance")
def parse(fields: Any, kind: Kind, model_format: str | None = None) -> LoadConfig:
    """Read the fields that `getLoadConfig` returns; keys that we do not know are passed over.

    Args:
        fields: What the host says.
        kind: Which kind of model it is of.
        model_format: What its files are: keys for other files say nothing of it.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    values = {text(field["key"]): field.get("value") for field in map(table, rows(fields))}
    known = {
        field: _read(key, values[name])
        for field, key in KEYS.items()
        if (name := _name(key, kind)) in values and values[name] is not None
    }
    # Off is the rule: each load that names something says so.
    known["auto_fit"] = any(values.get(name) is True for name in AUTO_FIT) or None
    if values.get(_SPLIT) is not None:
        known |= _split_of(table(values[_SPLIT]))
    cache = table(values.get(_MLX_CACHE) or {})
    if cache.get("enabled"):
        known |= {ours: cache.get(theirs) for ours, theirs in MLX_CACHE.items()}
    return noun(
        {name: value for name, value in known.items() if fits(BY_NAME[name], model_format)},
        LoadConfig,
    )


def _split(config: LoadConfig) -> dict[str, Any] | None:
    """Write how several GPUs share a model; `None`: nothing is said of it."""
    main = () if config.main_gpu is None else (config.main_gpu,)
    order, ratio, disabled = config.gpu_priority, config.gpu_custom_ratio, config.disabled_gpus
    if all(getattr(config, name) is None for name in SPLIT):
        return None
    named: SplitStrategy = "custom" if ratio else "priorityOrder" if order or main else "evenly"
    return {
        "strategy": config.split_strategy or named,
        "disabledGpus": list(disabled or ()),
        "priority": list(order or main),
        "customRatio": list(ratio or ()),
    }


def _split_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read how several GPUs share a model; a strategy of a newer host is none that we know."""
    strategy = raw.get("strategy")
    # What another strategy would go by means nothing.
    order = tuple(rows(raw.get("priority") or [])) if strategy == "priorityOrder" else ()
    ratio = tuple(rows(raw.get("customRatio") or [])) if strategy == "custom" else ()
    return {
        "split_strategy": strategy if strategy in get_args(SplitStrategy) else None,
        "disabled_gpus": tuple(rows(raw.get("disabledGpus") or [])),
        "gpu_priority": order or None,
        "gpu_custom_ratio": ratio or None,
        "main_gpu": order[0] if order else None,
    }
