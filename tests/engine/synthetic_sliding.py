"""Makes small models of the families whose layers look at a window of the context."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import gguf

from .synthetic import Shape, _add_byte_vocabulary, _finish, _Random

SHAPE: Final = Shape(
    layers=12, width=256, heads=4, kv_heads=4, feed_forward=512, context=32_768, vocabulary=2000
)
FAMILIES: Final = ("gemma2", "gemma3", "cohere2", "olmo2")


def write_sliding(
    file: Path, family: str, *, window: int | None = 256, shape: Shape = SHAPE
) -> Path:
    """Write a model of a family and return its path; without `window` the file says none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(file, family)
    writer.add_type("model")
    writer.add_name(family)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    head = shape.width // shape.heads
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_layer_norm_eps(1e-5)
    writer.add_layer_norm_rms_eps(1e-5)
    if family == "cohere2":
        writer.add_logit_scale(1.0)
    if window is not None:
        writer.add_sliding_window(window)
    _add_byte_vocabulary(writer, shape.vocabulary)
    random = _Random(writer, 0, gguf.GGMLQuantizationType.F16)
    random.matrix("token_embd.weight", shape.vocabulary, shape.width)
    random.ones("output_norm.weight", shape.width)
    if family == "olmo2":
        random.matrix("output.weight", shape.vocabulary, shape.width, zeros=3)
    for layer in range(shape.layers):
        _add_layer(random, f"blk.{layer}", family, shape)
    _finish(writer)
    return file


def _add_layer(random: _Random, block: str, family: str, shape: Shape) -> None:
    width, head = shape.width, shape.width // shape.heads
    keys = head * shape.kv_heads
    norms = {
        "gemma2": {"attn_norm": width, "ffn_norm": width},
        "gemma3": {
            "attn_norm": width,
            "ffn_norm": width,
            "attn_q_norm": head,
            "attn_k_norm": head,
        },
        "cohere2": {"attn_norm": width},
        "olmo2": {"attn_q_norm": width, "attn_k_norm": keys},
    }[family]
    if family != "cohere2":
        norms |= {"post_attention_norm": width, "post_ffw_norm": width}
    for name, size in norms.items():
        random.ones(f"{block}.{name}.weight", size)
    random.matrix(f"{block}.attn_q.weight", width, width)
    random.matrix(f"{block}.attn_k.weight", keys, width)
    random.matrix(f"{block}.attn_v.weight", keys, width)
    random.matrix(f"{block}.attn_output.weight", width, width)
    random.matrix(f"{block}.ffn_gate.weight", shape.feed_forward, width)
    random.matrix(f"{block}.ffn_up.weight", shape.feed_forward, width)
    random.matrix(f"{block}.ffn_down.weight", width, shape.feed_forward)
