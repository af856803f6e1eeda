"""What LM Studio's published schemas allow in a load configuration; strict, as its host may be.

The keys and the types are those of the protocol page, written down here once more by hand: a key
that we spell wrong, or a value of another type, fails.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]
CACHES = ("f32", "f16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")


def _switch(value: Any) -> bool:
    return isinstance(value, bool)


def _number(low: float, high: float = float("inf")) -> Check:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def _whole(low: float, high: float = float("inf")) -> Check:
    return lambda value: isinstance(value, int) and _number(low, high)(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _ratio(value: Any) -> bool:
    return value in ("max", "off") or _number(0, 1)(value)


def _ticked(inner: Check) -> Check:
    return lambda value: (
        value.keys() == {"checked", "value"} and value["checked"] is True and inner(value["value"])
    )


def _split(value: Any) -> bool:
    return (
        value.keys() == {"strategy", "disabledGpus", "priority", "customRatio"}
        and value["strategy"] in ("evenly", "priorityOrder", "custom")
        and all(map(_whole(0), (*value["disabledGpus"], *value["priority"])))
        and all(map(_number(0), value["customRatio"]))
    )


def _mlx_cache(value: Any) -> bool:
    return (
        value.keys() == {"enabled", "bits", "groupSize", "quantizedStart"}
        and _switch(value["enabled"])
        and value["bits"] in (8, 6, 4, 3, 2)
        and value["groupSize"] in (32, 64, 128)
        and _whole(0)(value["quantizedStart"])
    )


def _template(value: Any) -> bool:
    return (
        value["type"] == "jinja"
        and value["jinjaPromptTemplate"].keys() == {"template"}
        and _text(value["jinjaPromptTemplate"]["template"])
        and value["stopStrings"] == []
    )


def _shared(prefix: str) -> dict[str, Check]:
    llama = f"{prefix}.load.llama"
    return {
        f"{prefix}.load.contextLength": _whole(1),
        f"{prefix}.load.seed": _ticked(_whole(-1)),
        f"{llama}.acceleration.offloadRatio": _ratio,
        f"{llama}.evalBatchSize": _whole(1),
        f"{llama}.ropeFrequencyBase": _ticked(_number(0)),
        f"{llama}.ropeFrequencyScale": _ticked(_number(0)),
        f"{llama}.keepModelInMemory": _switch,
        f"{llama}.tryMmap": _switch,
        "load.gpuSplitConfig": _split,
        "load.gpuStrictVramCap": _switch,
    }


_LLAMA = "llm.load.llama"
_DRAFT = f"{_LLAMA}.speculativeDecoding"
KEYS: Mapping[str, Mapping[str, Check]] = {
    "embedding": _shared("embedding"),
    "llm": {
        **_shared("llm"),
        "llm.load.numCpuExpertLayersRatio": _ratio,
        "llm.load.numExperts": _whole(0),
        "llm.load.offloadKVCacheToGpu": _switch,
        "llm.load.numParallelSessions": _whole(1, 1023),
        "llm.load.useUnifiedKvCache": _switch,
        "llm.load.promptTemplate": _template,
        "llm.load.autoFitMinContextLength": _whole(0),
        f"{_LLAMA}.autoFit": _switch,
        "llm.load.mlx.autoFit": _switch,
        "llm.load.yuzu.autoFit": _switch,
        f"{_LLAMA}.physicalBatchSize": _whole(1),
        f"{_LLAMA}.flashAttention": _switch,
        f"{_LLAMA}.contextCheckpoints": _whole(0),
        f"{_LLAMA}.cpuThreadPoolSize": _number(1),
        f"{_LLAMA}.tryDirectIO": _switch,
        f"{_LLAMA}.kCacheQuantizationType": _ticked(lambda value: value in CACHES),
        f"{_LLAMA}.vCacheQuantizationType": _ticked(lambda value: value in CACHES),
        f"{_LLAMA}.reasoningBudgetMessage": _text,
        f"{_DRAFT}.draftMtp": _switch,
        f"{_DRAFT}.draftSimple": _switch,
        f"{_DRAFT}.draftMtpSidecar": _switch,
        f"{_DRAFT}.draftDflashSidecar": _switch,
        f"{_DRAFT}.draftDsparkSidecar": _switch,
        f"{_DRAFT}.draftModel": _text,
        f"{_DRAFT}.draftMaxTokens": _whole(0),
        f"{_DRAFT}.draftMinTokens": _whole(0),
        f"{_DRAFT}.draftMinContinueProbability": _number(0, 1),
        "llm.load.mlx.kvCacheQuantization": _mlx_cache,
        "llm.load.mlx.diskCache": _switch,
    },
}
NOT_OURS = {
    f"{_LLAMA}.useFp16ForKVCache": "the two types of the cache say it",
    f"{_LLAMA}.argumentsOverride": "a command line of LM Studio's own runtime, past every check",
    "llm.load.vllm": "LM Studio's own runtime, in no release yet",
    "envVars": "variables of LM Studio's own runtime for AMD",
}
"""Keys that a load of ours does not write, and why."""


def wrong(stack: Any, kind: str) -> list[str]:
    """Tell what is wrong with the stack of a load: keys that there are none of, wrong values."""
    (layer,) = stack["layers"]
    fields = layer["config"]["fields"]
    known = KEYS[kind]
    names = [field["key"] for field in fields]
    return [
        *(f"{name} twice" for name in set(names) if names.count(name) > 1),
        *(f"no key {name}" for name in names if name not in known),
        *(
            f"{field['key']}: {field['value']!r}"
            for field in fields
            if field["key"] in known and not known[field["key"]](field["value"])
        ),
    ]


def mistakes(stack: Any) -> list[str]:
    """Tell what is wrong with the stack of a load, for the kind of model that its keys are of."""
    fields = stack["layers"][0]["config"]["fields"]
    kinds = {field["key"].partition(".")[0] for field in fields} & KEYS.keys()
    if len(kinds) > 1:
        return ["keys of both kinds of model"]
    return wrong(stack, next(iter(kinds), "llm"))


def refused(parameter: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]] | None:
    """Return what comes of a load that is none of the schema; nothing if it is."""
    wrong_keys = mistakes(parameter["loadConfigStack"])
    return _refusal(wrong_keys) if wrong_keys else None


async def _refusal(wrong_keys: list[str]) -> AsyncIterator[dict[str, Any]]:
    yield {"title": f"The load settings are none of the schema: {'; '.join(wrong_keys)}."}
