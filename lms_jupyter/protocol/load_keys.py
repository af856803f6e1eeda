"""The load settings, each once. Flags, form, files, completion, help and reference come from here.

`LoadConfig` has their types, in the same words; a test holds the two against each other. Run as a
program, it prints what the front end needs of them, as JSON.
"""

import sys
from typing import Any, Final, get_args

import msgspec

from lms_jupyter.protocol.draft_keys import DRAFT_KEYS
from lms_jupyter.protocol.gpu_keys import GPU_KEYS
from lms_jupyter.protocol.mlx_keys import MLX_KEYS
from lms_jupyter.protocol.models import CacheType
from lms_jupyter.protocol.setting import Setting, both

_LLAMA: Final = "llm.load.llama"
_CACHES: Final[tuple[str, ...]] = get_args(CacheType)

_SIZE_KEYS: Final = (
    Setting(
        name="context_length",
        usual=4096,
        kind="whole",
        flags=("-c", "--context-length"),
        about="length of the context",
        help="How many tokens the model sees at once. More takes more memory.",
        metavar="TOKENS",
        low=1,
        short=("context",),
        above=True,
        **both("contextLength"),
    ),
    Setting(
        name="auto_fit",
        kind="switch",
        flags=("--auto-fit",),
        about="let the host choose the context and the layers on the GPU, so that it fits",
        label="Fit to memory",
        help="The host chooses the context and what it offloads, so that it fits.",
        studio=True,
        every_format=True,
        llm=f"{_LLAMA}.autoFit",
    ),
    Setting(
        name="auto_fit_min_context_length",
        kind="whole",
        flags=("--auto-fit-min-context",),
        about="shortest context that the host may choose to make it fit",
        label="Shortest context to fit",
        help="The host chooses no context that is shorter than this.",
        metavar="TOKENS",
        low=0,
        most=1_048_576,
        studio=True,
        llm="llm.load.autoFitMinContextLength",
    ),
)
_USE_KEYS: Final = (
    Setting(
        name="parallel",
        group="speed",
        usual=4,
        kind="whole",
        flags=("--parallel",),
        about="requests that are served at once",
        label="Parallel requests",
        help="Requests that are answered at the same time. They share the context.",
        metavar="N",
        low=1,
        most=64,
        llm="llm.load.numParallelSessions",
    ),
    Setting(
        name="use_unified_kv_cache",
        usual=True,
        kind="switch",
        flags=("--unified-kv",),
        about="one key-value cache for all parallel requests; without, each has its part",
        label="Unified KV cache",
        help="One cache for all parallel requests. Without, each has a part of the context.",
        short=("unified_kv",),
        llm="llm.load.useUnifiedKvCache",
    ),
    Setting(
        name="flash_attention",
        group="speed",
        kind="switch",
        flags=("--flash-attn",),
        about="flash attention",
        label="Flash attention",
        help="Attention that needs less memory, where the hardware can.",
        short=("flash_attn", "flash"),
        llm=f"{_LLAMA}.flashAttention",
    ),
    Setting(
        name="k_cache_type",
        usual="f16",
        kind="choice",
        flags=("--k-cache",),
        about="type of the keys alone",
        label="K cache type",
        help="Type of the keys in the cache. Fewer bits take less memory and are less exact.",
        metavar="TYPE",
        options=_CACHES,
        short=("kv_cache", "kv"),
        checkbox=True,
        llm=f"{_LLAMA}.kCacheQuantizationType",
    ),
    Setting(
        name="v_cache_type",
        usual="f16",
        kind="choice",
        flags=("--v-cache",),
        about="type of the values alone",
        label="V cache type",
        help="Type of the values in the cache. Most types need flash attention.",
        metavar="TYPE",
        options=_CACHES,
        short=("kv_cache", "kv"),
        checkbox=True,
        llm=f"{_LLAMA}.vCacheQuantizationType",
    ),
    Setting(
        name="eval_batch_size",
        group="speed",
        kind="whole",
        flags=("--eval-batch",),
        about="tokens that are read at once",
        label="Evaluation batch size",
        help="Prompt tokens that are processed in one batch.",
        metavar="TOKENS",
        low=1,
        most=65_536,
        short=("batch",),
        **both("llama.evalBatchSize"),
    ),
    Setting(
        name="physical_batch_size",
        group="speed",
        kind="whole",
        flags=("--physical-batch",),
        about="tokens that are computed at once, at most those that are read",
        label="Physical batch size",
        help="Tokens that are computed at once. Fewer take less memory while a prompt is read.",
        metavar="TOKENS",
        low=1,
        most=65_536,
        short=("physical_batch",),
        llm=f"{_LLAMA}.physicalBatchSize",
    ),
    Setting(
        name="context_checkpoints",
        group="expert",
        kind="whole",
        flags=("--context-checkpoints",),
        about="states of the context that are kept, to go back to",
        label="Context checkpoints",
        help="States that are kept to go back to, for models that cannot forget single tokens.",
        metavar="N",
        low=0,
        most=256,
        short=("checkpoints",),
        llm=f"{_LLAMA}.contextCheckpoints",
    ),
    Setting(
        name="num_experts",
        group="expert",
        kind="whole",
        flags=("--experts",),
        about="experts that are active",
        label="Number of experts",
        help="Experts used for each token, in a mixture-of-experts model.",
        metavar="N",
        low=0,
        most=1024,
        short=("experts",),
        llm="llm.load.numExperts",
    ),
    Setting(
        name="seed",
        group="answers",
        kind="whole",
        flags=("--seed",),
        about="seed of the sampler",
        label="Seed",
        help="The same seed gives the same answers.",
        metavar="N",
        low=-1,
        most=4_294_967_295,
        checkbox=True,
        **both("seed"),
    ),
)
_MEMORY_KEYS: Final = (
    Setting(
        name="try_mmap",
        usual=True,
        kind="switch",
        flags=("--mmap",),
        about="map the file into memory",
        label="Memory-map the file (mmap)",
        help="Read the file as it is needed: loads faster.",
        short=("mmap",),
        **both("llama.tryMmap"),
    ),
    Setting(
        name="try_direct_io",
        usual=False,
        kind="switch",
        flags=("--direct-io",),
        about="read the file past the system's cache",
        label="Direct I/O",
        help="Read the file past the system's cache, which then keeps what it has.",
        short=("direct_io",),
        llm=f"{_LLAMA}.tryDirectIO",
    ),
    Setting(
        name="keep_model_in_memory",
        usual=False,
        kind="switch",
        flags=("--keep-in-memory",),
        about="keep the model from being swapped",
        label="Keep model in memory (mlock)",
        help="Keep the system from swapping the model out.",
        short=("keep_in_memory",),
        **both("llama.keepModelInMemory"),
    ),
    Setting(
        name="cpu_thread_pool_size",
        group="speed",
        kind="whole",
        flags=("--cpu-threads",),
        about="threads of the processor that compute",
        label="CPU threads",
        help="Threads of the processor that compute. More than there are cores is slower.",
        metavar="N",
        low=1,
        most=256,
        short=("cpu_threads", "threads"),
        llm=f"{_LLAMA}.cpuThreadPoolSize",
    ),
)
_FORM_KEYS: Final = (
    Setting(
        name="rope_frequency_base",
        group="expert",
        kind="number",
        flags=("--rope-base",),
        about="base frequency of RoPE",
        label="RoPE frequency base",
        help="For contexts longer than the model was trained on.",
        metavar="X",
        low=0,
        most=1e9,
        step=0.1,
        checkbox=True,
        **both("llama.ropeFrequencyBase"),
    ),
    Setting(
        name="rope_frequency_scale",
        group="expert",
        kind="number",
        flags=("--rope-scale",),
        about="frequency scale of RoPE",
        label="RoPE frequency scale",
        help="Scales positions, for longer contexts.",
        metavar="X",
        low=0,
        most=1000,
        step=0.01,
        checkbox=True,
        **both("llama.ropeFrequencyScale"),
    ),
    Setting(
        name="prompt_template",
        group="answers",
        kind="lines",
        flags=("--prompt-template",),
        about="a file with the chat template, in Jinja",
        label="Prompt template",
        help="The chat template, in Jinja, instead of the model's own.",
        metavar="FILE",
        completes="template",
        llm="llm.load.promptTemplate",
    ),
    Setting(
        name="reasoning_budget_message",
        group="answers",
        kind="text",
        flags=("--reasoning-budget-message",),
        about="what ends the thinking where a request's budget for it is used up",
        label="Message at the end of reasoning",
        help="What the model reads where a request's budget for thinking is used up.",
        metavar="TEXT",
        llm=f"{_LLAMA}.reasoningBudgetMessage",
    ),
)
LOAD_KEYS: Final = (
    *_SIZE_KEYS,
    *GPU_KEYS,
    *_USE_KEYS,
    *_MEMORY_KEYS,
    *_FORM_KEYS,
    *DRAFT_KEYS,
    *MLX_KEYS,
)
"""In the order of the flags and of the form: what people change most comes first."""

BY_NAME: Final = {key.name: key for key in LOAD_KEYS}


def form() -> dict[str, Any]:
    """Return what the front end needs: the fields of the form, their words, and odd flags."""
    return {
        "fields": [_field(key) for key in LOAD_KEYS if not key.above],
        "labels": {key.name: key.label for key in LOAD_KEYS if key.label},
        "help": {key.name: key.help for key in LOAD_KEYS},
        "usual": {key.name: key.usual for key in LOAD_KEYS if key.usual is not None},
        "flags": {key.name: key.flags[0] for key in LOAD_KEYS if not _is_plain(key)},
    }


def _is_plain(key: Setting) -> bool:
    """Whether a flag is the setting's own name, with dashes."""
    own = key.name.replace("_", "-")
    return key.flags[0] in (f"--{own}", f"--speculative-{own}")


def _field(key: Setting) -> dict[str, Any]:
    """Describe a field below the fold; what says nothing is left out."""
    kinds = {"switch": "flag", "whole": "number", "ratio": "number"}
    field: dict[str, Any] = {"name": key.name, "kind": kinds.get(key.kind, key.kind)}
    field["group"] = key.group
    if field["kind"] == "number":
        most = 1 if key.kind == "ratio" else key.most
        field |= {"low": key.low or 0, "high": key.high or most, "step": key.step}
    more = {
        "options": key.options,
        "embedding": key.embedding is not None,
        "format": key.format,
        "needs": key.needs,
        "studio": key.studio,
    }
    return field | {name: value for name, value in more.items() if value}


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(form()) + b"\n")
