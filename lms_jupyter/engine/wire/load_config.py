"""The load settings as LM Studio's configuration keys, for both types of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, get_args

from lms_jupyter.engine.errors import UnsupportedError
from lms_jupyter.engine.wire.gpu_split import read_split, write_split
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
    write,
)
from lms_jupyter.engine.worker.load_settings import CacheType, Domain, LoadSettings


def _ratio(value: object) -> float:
    """Read the share of layers that goes to the GPU: `max`, `off`, or a number from 0 to 1."""
    if value == "max":
        return 1.0
    if value == "off":
        return 0.0
    try:
        share: float = number(0, 1)(value)
    except ValueError:
        raise ValueError("'max', 'off' or a number from 0 to 1") from None
    return share


def _write_ratio(ratio: float) -> float | str:
    return {0.0: "off", 1.0: "max"}.get(ratio, ratio)


def _template(value: object) -> str:
    """Read a jinja chat template."""
    jinja = value.get("jinjaPromptTemplate") if isinstance(value, Mapping) else None
    template = jinja.get("template") if isinstance(jinja, Mapping) else None
    if not isinstance(template, str):
        raise ValueError("a jinja prompt template")  # noqa: TRY004 - one kind of complaint
    return template


def _write_template(template: str) -> dict[str, object]:
    return {"type": "jinja", "jinjaPromptTemplate": {"template": template}, "stopStrings": []}


_CACHE_TYPE: Final = checkbox(one_of(*get_args(CacheType)))


def _shared(prefix: str) -> tuple[Key, ...]:
    """Return the keys that both types of model have, under their own prefix."""
    llama = f"{prefix}.load.llama"
    return (
        Key(name=f"{prefix}.load.contextLength", field="context_length", read=integer(1)),
        Key(
            name=f"{llama}.acceleration.offloadRatio",
            field="gpu_offload_ratio",
            read=_ratio,
            write=_write_ratio,
        ),
        Key(name=f"{llama}.evalBatchSize", field="eval_batch_size", read=integer(1)),
        Key(
            name=f"{llama}.ropeFrequencyBase",
            field="rope_frequency_base",
            read=checkbox(number(0)),
            write=checked,
        ),
        Key(
            name=f"{llama}.ropeFrequencyScale",
            field="rope_frequency_scale",
            read=checkbox(number(0)),
            write=checked,
        ),
        Key(name=f"{llama}.keepModelInMemory", field="keep_in_memory", read=boolean),
        Key(name=f"{llama}.tryMmap", field="try_mmap", read=boolean),
        Key(
            name=f"{prefix}.load.seed",
            field="seed",
            read=checkbox(integer(-1, 2**32)),
            write=checked,
        ),
        Key(
            name="load.gpuStrictVramCap",
            field="gpu_strict_vram_cap",
            read=boolean,
            write=lambda strict: strict or None,
        ),
    )


_LLAMA: Final = "llm.load.llama"
_SPECULATIVE: Final = f"{_LLAMA}.speculativeDecoding"
_LLM: Final = (
    *_shared("llm"),
    Key(name="llm.load.numParallelSessions", field="num_parallel_sessions", read=integer(1, 1023)),
    Key(name="llm.load.useUnifiedKvCache", field="unified_kv_cache", read=boolean),
    Key(name="llm.load.offloadKVCacheToGpu", field="offload_kv_cache_to_gpu", read=boolean),
    Key(
        name="llm.load.numCpuExpertLayersRatio",
        field="num_cpu_expert_layers_ratio",
        read=_ratio,
        write=lambda ratio: _write_ratio(ratio) if ratio else None,
    ),
    Key(name="llm.load.numExperts", field="num_experts", read=integer(0)),
    Key(
        name="llm.load.promptTemplate",
        field="prompt_template",
        read=_template,
        write=_write_template,
    ),
    Key(name=f"{_LLAMA}.physicalBatchSize", field="physical_batch_size", read=integer(1)),
    Key(name=f"{_LLAMA}.flashAttention", field="flash_attention", read=boolean),
    Key(name=f"{_LLAMA}.contextCheckpoints", field="context_checkpoints", read=integer(0)),
    Key(name=f"{_LLAMA}.cpuThreadPoolSize", field="cpu_threads", read=integer(1, 1024)),
    Key(name=f"{_LLAMA}.tryDirectIO", field="try_direct_io", read=boolean),
    Key(
        name=f"{_LLAMA}.kCacheQuantizationType",
        field="k_cache_type",
        read=_CACHE_TYPE,
        write=checked,
    ),
    Key(
        name=f"{_LLAMA}.vCacheQuantizationType",
        field="v_cache_type",
        read=_CACHE_TYPE,
        write=checked,
    ),
    Key(name=f"{_LLAMA}.reasoningBudgetMessage", field="reasoning_budget_message", read=text),
    Key(
        name=f"{_SPECULATIVE}.draftMtp",
        field="draft_mtp",
        read=boolean,
        write=lambda drafts: drafts or None,
    ),
    Key(name=f"{_SPECULATIVE}.draftModel", field="draft_model", read=text),
    Key(name=f"{_SPECULATIVE}.draftMaxTokens", field="draft_max_tokens", read=integer(0)),
    Key(name=f"{_SPECULATIVE}.draftMinTokens", field="draft_min_tokens", read=integer(0)),
    Key(
        name=f"{_SPECULATIVE}.draftMinContinueProbability",
        field="draft_min_probability",
        read=number(0, 1),
    ),
)
_REFUSED: Final[Mapping[str, str]] = {
    "llm.load.llama.argumentsOverride": "xllamacpp reads no command line",
    **dict.fromkeys(
        (
            f"{_SPECULATIVE}.draftDflashSidecar",
            f"{_SPECULATIVE}.draftDsparkSidecar",
            f"{_SPECULATIVE}.draftMtpSidecar",
        ),
        "it knows no such files beside a model",
    ),
}
"""What llama.cpp could do and this engine cannot, with the reason; switched off it is no matter.

Other keys that are not read here say nothing to llama.cpp on the processor: those of other engines
(`llm.load.mlx.…`, `….vllm.…`, `….yuzu.…`), `llm.load.autoFitMinContextLength`, since a context is
never made shorter here to fit into a GPU, and `envVars`.
"""
_KEYS: Final[Mapping[Domain, tuple[Key, ...]]] = {"llm": _LLM, "embedding": _shared("embedding")}


def load_settings(stack: object, domain: Domain) -> LoadSettings:
    """Read a configuration stack.

    Raises:
        BadRequestError: A setting is wrong; it says which.
        UnsupportedError: A setting cannot be had.
    """
    values = collapse(stack)
    for name, reason in _REFUSED.items():
        if values.get(name):
            raise UnsupportedError(
                f"The setting {name!r} cannot be had: {reason}.", hint="Leave it out."
            )
    fields = read(values, _KEYS[domain]) | read_split(values)
    if values.get(f"{_SPECULATIVE}.draftSimple") is False:
        fields.pop("draft_model", None)
    if fields.get("num_experts") == 0:
        del fields["num_experts"]
    if values.get(f"{_LLAMA}.useFp16ForKVCache") is False:
        fields = {"k_cache_type": "f32", "v_cache_type": "f32"} | fields
    return LoadSettings(**fields)


def load_config(settings: LoadSettings, domain: Domain) -> dict[str, Any]:
    """Write settings as a flat configuration; what has no value is left out."""
    config = write(asdict(settings), _KEYS[domain])
    config["fields"] += write_split(settings)
    if domain == "llm":
        config["fields"].append({"key": "llm.load.llama.autoFit", "value": False})
    return config
