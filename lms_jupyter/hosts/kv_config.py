"""`LoadConfig` ↔ LM Studio's list of load keys (lmstudio-protocol, section 4.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lms_jupyter.hosts.reading import noun, number, reads, rows, table, text
from lms_jupyter.protocol.models import Kind, LoadConfig


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


_SPECULATIVE = "llm.load.llama.speculativeDecoding"

KEYS: Mapping[str, _Key] = {
    "context_length": _both("contextLength"),
    "gpu": _both("llama.acceleration.offloadRatio", read=_ratio),
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


def stack(config: LoadConfig, kind: Kind) -> dict[str, Any]:
    """Write a load config as the stack that `loadModel` takes; unset fields are left out.

    A setting that this kind of model does not have is left out too: the host has no key for it.
    """
    fields = [
        {"key": name, "value": key.write(value)}
        for field, key in KEYS.items()
        if (value := getattr(config, field)) is not None and (name := key.name(kind))
    ]
    if kind == "llm" and (config.context_length is not None or config.gpu is not None):
        fields += [{"key": name, "value": False} for name in AUTO_FIT]
    if kind == "llm" and config.draft_model is not None:
        fields.append({"key": f"{_SPECULATIVE}.draftSimple", "value": True})
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


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
    return noun(known, LoadConfig)
