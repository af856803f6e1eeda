"""The flags of `llama-server`, by the load setting that they carry out; pure data.

Names change over releases: each setting lists those it has had, the newest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "file": ("--model",),
    "host": ("--host",),
    "port": ("--port",),
    "api_key": ("--api-key-file",),
    "alias": ("--alias",),
    "mmproj": ("--mmproj",),
    "mmproj_off_gpu": ("--no-mmproj-offload",),
    "embedding": ("--embedding", "--embeddings"),
    "context_length": ("--ctx-size",),
    "eval_batch_size": ("--batch-size",),
    "physical_batch_size": ("--ubatch-size",),
    "num_parallel_sessions": ("--parallel",),
    "unified_kv_cache": ("--kv-unified",),
    "split_kv_cache": ("--no-kv-unified",),
    "cpu_threads": ("--threads",),
    "cpu_threads_batch": ("--threads-batch",),
    "gpu_layers": ("--gpu-layers", "--n-gpu-layers"),
    "devices": ("--device",),
    "tensor_split": ("--tensor-split",),
    "cpu_expert_layers": ("--n-cpu-moe",),
    "kv_cache_off_gpu": ("--no-kv-offload",),
    "flash_attention": ("--flash-attn",),
    "k_cache_type": ("--cache-type-k",),
    "v_cache_type": ("--cache-type-v",),
    "load_mode": ("--load-mode",),
    "no_mmap": ("--no-mmap",),
    "keep_in_memory": ("--mlock",),
    "try_direct_io": ("--direct-io",),
    "rope_frequency_base": ("--rope-freq-base",),
    "rope_frequency_scale": ("--rope-freq-scale",),
    "seed": ("--seed",),
    "num_experts": ("--override-kv",),
    "context_checkpoints": ("--ctx-checkpoints", "--swa-checkpoints"),
    "prompt_template": ("--chat-template-file",),
    "reasoning_budget_message": ("--reasoning-budget-message",),
    "draft_model": ("--spec-draft-model", "--model-draft"),
    "draft_kind": ("--spec-type",),
    "draft_max_tokens": ("--spec-draft-n-max", "--draft-max"),
    "draft_min_tokens": ("--spec-draft-n-min", "--draft-min"),
    "draft_min_probability": ("--spec-draft-p-min", "--draft-p-min"),
    "draft_threads": ("--spec-draft-threads", "--threads-draft"),
    "draft_threads_batch": ("--spec-draft-threads-batch", "--threads-batch-draft"),
    "draft_gpu_layers": ("--spec-draft-ngl", "--gpu-layers-draft", "--n-gpu-layers-draft"),
    "draft_devices": ("--spec-draft-device", "--device-draft"),
    "no_fit": ("--fit",),
    "cache_ram": ("--cache-ram",),
    "no_slots": ("--no-slots",),
    "slot_save_path": ("--slot-save-path",),
    "no_ui": ("--no-ui", "--no-webui"),
    "no_warmup": ("--no-warmup",),
    "cors_origins": ("--cors-origins",),
    "no_cors_credentials": ("--no-cors-credentials",),
    "log_prefix": ("--log-prefix",),
    "log_timestamps": ("--log-timestamps",),
    "jinja": ("--jinja",),
    "offline": ("--offline",),
    "verbosity": ("--verbosity", "--log-verbosity"),
}

MTP: Final = "--spec-type=draft-mtp"
"""How a value that an option takes stands among the flags of a build."""

CHILD_MODE: Final = "--models-max"
"""Known to builds that can be another server's child, and tell it how far they are."""

REQUIRED: Final = (
    "file",
    "host",
    "port",
    "api_key",
    "embedding",
    "context_length",
    "eval_batch_size",
    "physical_batch_size",
    "num_parallel_sessions",
    "gpu_layers",
)
"""Without these nothing can be loaded at all."""

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "unified_kv_cache": ("unified_kv_cache",),
    "cpu_threads": ("cpu_threads", "cpu_threads_batch"),
    "main_gpu": ("devices",),
    "tensor_split": ("tensor_split",),
    "offload_kv_cache_to_gpu": ("kv_cache_off_gpu",),
    "num_cpu_expert_layers_ratio": ("cpu_expert_layers",),
    "disabled_gpus": ("devices",),
    "gpu_priority": ("devices",),
    "gpu_custom_ratio": ("tensor_split",),
    "flash_attention": ("flash_attention",),
    "k_cache_type": ("k_cache_type",),
    "v_cache_type": ("v_cache_type",),
    "rope_frequency_base": ("rope_frequency_base",),
    "rope_frequency_scale": ("rope_frequency_scale",),
    "seed": ("seed",),
    "num_experts": ("num_experts",),
    "context_checkpoints": ("context_checkpoints",),
    "prompt_template": ("prompt_template",),
    "reasoning_budget_message": ("reasoning_budget_message",),
    "draft_model": ("draft_model",),
    "draft_max_tokens": ("draft_max_tokens",),
    "draft_min_tokens": ("draft_min_tokens",),
    "draft_min_probability": ("draft_min_probability",),
}
"""What each load setting needs that a build may lack."""


def flag_for(what: str, known: frozenset[str]) -> str | None:
    """Return the name that a build has for this flag, if it has one."""
    return next((name for name in FLAGS[what] if name in known), None)


def missing_settings(known: frozenset[str]) -> frozenset[str]:
    """Name the load settings that a build with these flags cannot carry out."""
    missing = {
        setting
        for setting, needs in SETTINGS.items()
        if not all(flag_for(need, known) for need in needs)
    }
    if MTP not in known:
        missing.add("draft_mtp")
    if not flag_for("load_mode", known):
        modes = {"try_mmap": "no_mmap", "keep_in_memory": "keep_in_memory"}
        modes["try_direct_io"] = "try_direct_io"
        missing |= {setting for setting, flag in modes.items() if not flag_for(flag, known)}
    return frozenset(missing)
