"""How large the models of many families are: as they are published, and small enough to load."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .family_layers import Size

PUBLISHED: Final = {
    "llama 1B": ("llama", Size(layers=16, width=2048, heads=32, kv_heads=8, head=64,
        feed_forward=8192, vocabulary=128256)),
    "llama 8B": ("llama", Size(layers=32, width=4096, heads=32, kv_heads=8, head=128,
        feed_forward=14336, vocabulary=128256)),
    "qwen2 7B": ("qwen2", Size(layers=28, width=3584, heads=28, kv_heads=4, head=128,
        feed_forward=18944, vocabulary=152064)),
    "qwen3 4B": ("qwen3", Size(layers=36, width=2560, heads=32, kv_heads=8, head=128,
        feed_forward=9728, vocabulary=151936)),
    "phi3 mini": ("phi3", Size(layers=32, width=3072, heads=32, kv_heads=32, head=96,
        feed_forward=8192, vocabulary=32064)),
    "olmo2 7B": ("olmo2", Size(layers=32, width=4096, heads=32, kv_heads=32, head=128,
        feed_forward=11008, vocabulary=100352, window=4096)),
    "gemma2 9B": ("gemma2", Size(layers=42, width=3584, heads=16, kv_heads=8, head=256,
        feed_forward=14336, vocabulary=256000, window=4096)),
    "gemma3 4B": ("gemma3", Size(layers=34, width=2560, heads=8, kv_heads=4, head=256,
        feed_forward=10240, vocabulary=262208, window=1024)),
    "gemma3 270M": ("gemma3", Size(layers=18, width=640, heads=4, kv_heads=1, head=256,
        feed_forward=2048, vocabulary=262144, window=512)),
    "cohere2 7B": ("cohere2", Size(layers=32, width=4096, heads=32, kv_heads=8, head=128,
        feed_forward=14336, vocabulary=256000, window=4096)),
    "gpt-oss 20B": ("gpt-oss", Size(layers=24, width=2880, heads=64, kv_heads=8, head=64,
        feed_forward=2880, vocabulary=201088, window=128, experts=32, used=4,
        expert_width=2880)),
    "llama4 scout": ("llama4", Size(layers=48, width=5120, heads=40, kv_heads=8, head=128,
        feed_forward=16384, vocabulary=202048, experts=16, used=1, expert_width=8192,
        shared_width=8192)),
    "qwen3moe 30B": ("qwen3moe", Size(layers=48, width=2048, heads=32, kv_heads=4, head=128,
        feed_forward=6144, vocabulary=151936, experts=128, used=8, expert_width=768)),
    "glm4moe air": ("glm4moe", Size(layers=46, width=4096, heads=96, kv_heads=8, head=128,
        feed_forward=10944, vocabulary=151552, experts=128, used=8, expert_width=1408,
        shared_width=1408, dense_first=1)),
    "deepseek2 lite": ("deepseek2", Size(layers=27, width=2048, heads=16, kv_heads=1, head=128,
        feed_forward=10944, vocabulary=102400, experts=64, used=6, expert_width=1408,
        shared_width=2816, latent=512, rope=64, dense_first=1)),
    "deepseek2 v3": ("deepseek2", Size(layers=61, width=7168, heads=128, kv_heads=1, head=128,
        feed_forward=18432, vocabulary=129280, experts=256, used=8, expert_width=2048,
        shared_width=2048, latent=512, rope=64, query_latent=1536, dense_first=3)),
    "mamba 2.8B": ("mamba", Size(layers=64, width=2560, heads=0, kv_heads=0, head=0,
        feed_forward=0, vocabulary=50280, inner=5120, state=16, time_steps=160)),
    "mamba2 2.7B": ("mamba2", Size(layers=64, width=2560, heads=0, kv_heads=0, head=0,
        feed_forward=0, vocabulary=50288, inner=5120, state=128, time_steps=80, groups=1)),
    "falcon-h1 7B": ("falcon-h1", Size(layers=44, width=3072, heads=12, kv_heads=2, head=128,
        feed_forward=12288, vocabulary=130048, inner=3072, state=256, time_steps=24,
        groups=1)),
    "granitehybrid tiny": ("granitehybrid", Size(layers=40, width=1536, heads=12, kv_heads=4,
        head=128, feed_forward=512, vocabulary=100352, inner=3072, state=128, time_steps=48,
        groups=1, experts=64, used=6, expert_width=512, shared_width=1024, full_every=10)),
    "granitehybrid micro": ("granitehybrid", Size(layers=40, width=2048, heads=32, kv_heads=8,
        head=64, feed_forward=8192, vocabulary=100352, inner=4096, state=128, time_steps=64,
        groups=1, full_every=10)),
    "lfm2 1.2B": ("lfm2", Size(layers=16, width=2048, heads=32, kv_heads=8, head=64,
        feed_forward=8192, vocabulary=65536, full_every=3)),
    "qwen3next 80B": ("qwen3next", Size(layers=48, width=2048, heads=16, kv_heads=2, head=256,
        feed_forward=5120, vocabulary=151936, experts=512, used=10, expert_width=512,
        shared_width=512, inner=4096, state=128, time_steps=32, groups=16, full_every=4)),
    "bert large": ("bert", Size(layers=24, width=1024, heads=16, kv_heads=16, head=64,
        feed_forward=4096, vocabulary=30522, context=512)),
    "nomic-bert": ("nomic-bert", Size(layers=12, width=768, heads=12, kv_heads=12, head=64,
        feed_forward=3072, vocabulary=30528, context=8192)),
}  # fmt: skip
"""Name → its family, and about the size that it is published in."""

_PLAIN: Final = Size(
    layers=8, width=512, heads=8, kv_heads=2, head=64, feed_forward=1536, vocabulary=8192
)
_EXPERTS: Final = replace(_PLAIN, experts=16, used=4, expert_width=256, shared_width=256)
_STATES: Final = replace(_PLAIN, inner=1024, state=128, time_steps=16, groups=1)
_NO_HEADS: Final = replace(_STATES, heads=0, kv_heads=0, head=0, feed_forward=0)
_EMBEDS: Final = replace(_PLAIN, kv_heads=8, context=2048)

LOADABLE: Final = {
    "llama": _PLAIN,
    "qwen2": _PLAIN,
    "qwen3": _PLAIN,
    "phi3": _PLAIN,
    "olmo2": replace(_PLAIN, window=512),
    "gemma2": replace(_PLAIN, window=512),
    "gemma3": replace(_PLAIN, window=512),
    "cohere2": replace(_PLAIN, window=512),
    "gpt-oss": replace(_EXPERTS, window=128, expert_width=512, experts=8, used=2),
    "llama4": replace(_EXPERTS, experts=8, used=1),
    "qwen3moe": _EXPERTS,
    "glm4moe": replace(_EXPERTS, dense_first=1),
    "deepseek2": replace(_EXPERTS, latent=256, rope=32, dense_first=1, query_latent=384),
    "mamba": replace(_NO_HEADS, state=16, time_steps=32, groups=0),
    "mamba2": _NO_HEADS,
    "falcon-h1": _STATES,
    "granitehybrid": replace(_STATES, full_every=4),
    "lfm2": replace(_PLAIN, full_every=4),
    "qwen3next": replace(_EXPERTS, inner=1024, state=64, time_steps=16, groups=8, full_every=4),
    "bert": _EMBEDS,
    "nomic-bert": _EMBEDS,
}
"""Family → a size that takes some ten megabytes."""
