"""What the files of many families say, and how they are made."""

from __future__ import annotations

from typing import Final

from . import family_layers as layers
from .family_layers import Family, Said, Size, sees_all


def common(size: Size) -> dict[str, Said]:
    return {
        "context_length": size.context,
        "embedding_length": size.width,
        "block_count": size.layers,
        "feed_forward_length": size.feed_forward,
        "attention.head_count": size.heads,
        "attention.head_count_kv": size.kv_heads,
        "attention.key_length": size.head,
        "attention.value_length": size.head,
        "attention.layer_norm_epsilon": 1e-5,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": size.head,
        "rope.freq_base": 10000.0,
    }


def _nothing(_size: Size) -> dict[str, Said]:
    return {}


def _windows(size: Size) -> dict[str, Said]:
    return {"attention.sliding_window": size.window, "logit_scale": 1.0}


def _says_experts(size: Size) -> dict[str, Said]:
    return {
        "expert_count": size.experts,
        "expert_used_count": size.used,
        "expert_feed_forward_length": size.expert_width,
        "expert_shared_feed_forward_length": size.shared_width,
        "expert_shared_count": max(1, size.shared_width // max(1, size.expert_width)),
        "leading_dense_block_count": size.dense_first,
        "interleave_moe_layer_step": 1,
    }


def _says_latent(size: Size) -> dict[str, Said]:
    return _says_experts(size) | {
        "attention.head_count_kv": 1,
        "attention.key_length": size.latent + size.rope,
        "attention.value_length": size.latent,
        "attention.key_length_mla": size.head + size.rope,
        "attention.value_length_mla": size.head,
        "attention.kv_lora_rank": size.latent,
        "attention.q_lora_rank": size.query_latent,
        "rope.dimension_count": size.rope,
        "expert_weights_scale": 1.0,
    }


def _says_states(size: Size) -> dict[str, Said]:
    return {
        "ssm.conv_kernel": 4,
        "ssm.inner_size": size.inner,
        "ssm.state_size": size.state,
        "ssm.time_step_rank": size.time_steps,
        "ssm.group_count": size.groups,
    }


def _says_mamba(size: Size) -> dict[str, Said]:
    return _says_states(size) | {"attention.head_count": 0, "attention.head_count_kv": 0}


def _per_layer(size: Size) -> dict[str, Said]:
    sees = [size.kv_heads if sees_all(size, layer) else 0 for layer in range(size.layers)]
    return {"attention.head_count_kv": sees}


def _says_granite(size: Size) -> dict[str, Said]:
    said = _says_states(size) | _per_layer(size)
    return said | (_says_experts(size) if size.experts else {})


def _says_lfm2(size: Size) -> dict[str, Said]:
    return _per_layer(size) | {"shortconv.l_cache": 3, "leading_dense_block_count": size.layers}


def _says_next(size: Size) -> dict[str, Said]:
    return _says_states(size) | _says_experts(size) | {"full_attention_interval": size.full_every}


def _says_bert(_size: Size) -> dict[str, Said]:
    return {
        "pooling_type": 1,
        "attention.causal": False,
    }


FAMILIES: Final = {
    "llama": Family(_nothing, layers.llama, tied=False),
    "qwen2": Family(_nothing, layers.qwen2),
    "qwen3": Family(_nothing, layers.qwen3),
    "phi3": Family(_windows, layers.phi3, tied=False),
    "olmo2": Family(_windows, layers.olmo2, tied=False),
    "gemma2": Family(_windows, layers.gemma2),
    "gemma3": Family(_windows, layers.gemma3),
    "cohere2": Family(_windows, layers.cohere2),
    "gpt-oss": Family(
        lambda size: _windows(size) | _says_experts(size), layers.gpt_oss, tied=False
    ),
    "llama4": Family(_says_experts, layers.llama4, tied=False),
    "qwen3moe": Family(_says_experts, layers.qwen3moe, tied=False),
    "glm4moe": Family(_says_experts, layers.glm4moe, tied=False),
    "deepseek2": Family(_says_latent, layers.deepseek2, tied=False),
    "mamba": Family(_says_mamba, layers.mamba),
    "mamba2": Family(_says_mamba, layers.mamba2),
    "falcon-h1": Family(_says_states, layers.falcon_h1),
    "granitehybrid": Family(_says_granite, layers.granite_hybrid),
    "lfm2": Family(_says_lfm2, layers.lfm2, last_norm="token_embd_norm"),
    "qwen3next": Family(_says_next, layers.qwen3next, tied=False),
    "bert": Family(_says_bert, layers.bert, embeds=True, places=True),
    "nomic-bert": Family(_says_bert, layers.nomic_bert, embeds=True),
}
