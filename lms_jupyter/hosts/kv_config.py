"""`LoadConfig` ↔ LM Studio's list of load keys (lmstudio-protocol, section 4.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from lms_jupyter.hosts.reading import noun, number, reads, rows, table, text
from lms_jupyter.protocol.models import Kind, LoadConfig, SplitStrategy


def _same(value: Any) -> Any:
    return value


def _checked(value: Any) -> dict[str, Any]:
    return {"checked": True, "value": value}


def _unchecked(value: Any) -> Any:
    """Return the value of a checkbox, `None` if it is off."""
    return value.get("value") if isinstance(value, Mapping) and value.get("checked") else None


def _ratio(value: Any) -> float | None:
    return {"off": 0.0, "max": 1.0}.get(value) if isinstance(value, str) else number(value)


@dataclass(frozen=True, slots=True)
class _Key:
    """One setting: its key for each kind of model, and how its value is written and read."""

    llm: str | None
    embedding: str | None = None
    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _same

    def name(self, kind: Kind) -> str | None:
        return self.llm if kind == "llm" else self.embedding


def _both(name: str, **how: Callable[[Any], Any]) -> _Key:
    return _Key(f"llm.load.{name}", f"embedding.load.{name}", **how)


_STRICT = "load.gpuStrictVramCap"
_SPLIT = "load.gpuSplitConfig"
"""One key for all that says how several GPUs share a model, for every kind of model."""
SPLIT = ("main_gpu", "split_strategy", "disabled_gpus", "gpu_priority", "gpu_custom_ratio")
"""What that key holds."""
_SPECULATIVE = "llm.load.llama.speculativeDecoding"

KEYS: Mapping[str, _Key] = {
    "context_length": _both("contextLength"),
    "gpu": _both("llama.acceleration.offloadRatio", read=_ratio),
    "gpu_strict_vram_cap": _Key(_STRICT, _STRICT),
    "num_cpu_expert_layers_ratio": _Key("llm.load.numCpuExpertLayersRatio", read=_ratio),
    "parallel": _Key("llm.load.numParallelSessions"),
    "flash_attention": _Key("llm.load.llama.flashAttention"),
    "k_cache_type": _Key("llm.load.llama.kCacheQuantizationType", write=_checked, read=_unchecked),
    "v_cache_type": _Key("llm.load.llama.vCacheQuantizationType", write=_checked, read=_unchecked),
    "eval_batch_size": _both("llama.evalBatchSize"),
    "num_experts": _Key("llm.load.numExperts"),
    "seed": _both("seed", write=_checked, read=_unchecked),
    "offload_kv_cache_to_gpu": _Key("llm.load.offloadKVCacheToGpu"),
    "try_mmap": _both("llama.tryMmap"),
    "keep_model_in_memory": _both("llama.keepModelInMemory"),
    "rope_frequency_base": _both("llama.ropeFrequencyBase", write=_checked, read=_unchecked),
    "rope_frequency_scale": _both("llama.ropeFrequencyScale", write=_checked, read=_unchecked),
    "draft_mtp": _Key(f"{_SPECULATIVE}.draftMtp"),
    "draft_model": _Key(f"{_SPECULATIVE}.draftModel"),
    "draft_max_tokens": _Key(f"{_SPECULATIVE}.draftMaxTokens"),
    "draft_min_tokens": _Key(f"{_SPECULATIVE}.draftMinTokens"),
    "draft_min_probability": _Key(f"{_SPECULATIVE}.draftMinContinueProbability"),
}

AUTO_FIT = tuple(f"llm.load.{engine}.autoFit" for engine in ("llama", "mlx", "yuzu"))
"""Whether the host may choose context and offload itself; what the user names must win."""


MANUAL = (
    *("context_length", "gpu", "main_gpu", "split_strategy"),
    *("gpu_strict_vram_cap", "num_cpu_expert_layers_ratio"),
)
"""The settings beside which the host is not to choose by itself, as the SDKs have them."""


def stack(config: LoadConfig, kind: Kind) -> dict[str, Any]:
    """Write a load config as the stack that `loadModel` takes; unset fields are left out.

    A setting that this kind of model does not have is left out too: the host has no key for it.
    """
    fields = [
        {"key": name, "value": key.write(value)}
        for field, key in KEYS.items()
        if (value := getattr(config, field)) is not None and (name := key.name(kind))
    ]
    if (split := _split(config)) is not None:
        fields.append({"key": _SPLIT, "value": split})
    if kind == "llm" and any(getattr(config, name) is not None for name in MANUAL):
        fields += [{"key": name, "value": False} for name in AUTO_FIT]
    if kind == "llm" and config.draft_model is not None:
        fields.append({"key": f"{_SPECULATIVE}.draftSimple", "value": True})
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


def known(kind: Kind) -> frozenset[str]:
    """Name the keys that `parse` reads."""
    return frozenset({name for key in KEYS.values() if (name := key.name(kind))} | {_SPLIT})


@reads("the settings of an instance")
def fields_of(raw: Any) -> Any:
    """Take the fields out of the answer of `getLoadConfig`."""
    return table(raw).get("fields", [])


@reads("the settings of an instance")
def parse(fields: Any, kind: Kind) -> LoadConfig:
    """Read the fields that `getLoadConfig` returns; keys that we do not know are passed over.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    values = {text(field["key"]): field.get("value") for field in map(table, rows(fields))}
    known = {
        field: key.read(values[name])
        for field, key in KEYS.items()
        if (name := key.name(kind)) in values and values[name] is not None
    }
    if values.get(_SPLIT) is not None:
        known |= _split_of(table(values[_SPLIT]))
    return noun(known, LoadConfig)


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
